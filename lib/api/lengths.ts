import { queueCounts } from '../broker/queue-counts.ts'
import type { Session, VhostSession } from '../broker/session.ts'

/** Sums are asked for by every dashboard; beyond so many queues their lengths are left to the queues' own pages. */
export const MAX_COUNTED_QUEUES = 500

export interface Lengths {
  readonly ready: number
  readonly unacknowledged: number
}

/** How many messages the queues of each vhost hold, by the vhosts' names; undefined where there are too many queues to count. */
export async function lengthsByVhost(
  session: Session,
  sessions: readonly VhostSession[],
): Promise<ReadonlyMap<string, Lengths> | undefined> {
  const queues = sessions.flatMap(({ vhost }) => Array.from(vhost.queues(), ({ queue }) => queue))
  if (queues.length > MAX_COUNTED_QUEUES) return undefined
  const counts = await queueCounts(session, queues)
  const ofVhost = ({ vhost }: VhostSession): Lengths =>
    sum(Array.from(vhost.queues(), ({ queue }) => counts.get(queue.id) ?? NONE))
  return new Map(sessions.map((one) => [one.vhost.vhost, ofVhost(one)]))
}

const NONE: Lengths = { ready: 0, unacknowledged: 0 }

export const sum = (lengths: readonly Lengths[]): Lengths => ({
  ready: lengths.reduce((total, { ready }) => total + ready, 0),
  unacknowledged: lengths.reduce((total, { unacknowledged }) => total + unacknowledged, 0),
})

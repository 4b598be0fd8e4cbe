import { type Properties, parseExpirationMs } from '../model/message.ts'
import type { Queue } from '../model/queue.ts'
import type { QueueSettings } from '../topology/vhost/queue-settings.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Publication } from './publication.ts'
import type { VhostContext } from './session.ts'
import { armSweeps } from './sweep-chains.ts'

/** When the copies of publications expire, ms since 1970; those that never do are left out. */
export type Expiries = ReadonlyMap<Publication, ReadonlyMap<Queue, number>>

/** About what it takes to send a copy. */
export const ON_ITS_WAY_MS = 1000

const NONE: Expiries = new Map()

/** When the copies expire that reach their queues now. */
export function expiriesOf({ broker, vhost }: VhostContext, publications: readonly Publication[]): Expiries {
  let expiries: Map<Publication, Map<Queue, number>> | undefined
  const nowMs = broker.clock.wallMs()
  for (const publication of publications) {
    for (const queue of publication.queues) {
      const atMs = expiryIn(vhost, queue, publication, nowMs)
      if (atMs === undefined) continue
      expiries ??= new Map()
      const ofPublication = expiries.get(publication) ?? new Map<Queue, number>()
      expiries.set(publication, ofPublication.set(queue, atMs))
    }
  }
  return expiries ?? NONE
}

function expiryIn(
  vhost: VhostState,
  queue: Queue,
  { message, returned }: Publication,
  nowMs: number,
): number | undefined {
  if (returned) return returned.expiresAtMs
  // Dead letters that wait for people wait for as long as SQS keeps them.
  if (queue.deadLetters !== undefined && queue.sqsQueues[0] === queue.deadLetters) return undefined
  const ttlMs = ttlMsOf(vhost.settingsOf(queue), message.properties)
  return ttlMs === undefined ? undefined : nowMs + ttlMs
}

/** The queue's TTL or the message's own `expiration`, whichever is shorter (contract §2.4, §3.8); undefined for neither. */
export function ttlMsOf(
  { messageTtlMs }: Pick<QueueSettings, 'messageTtlMs'>,
  { expiration }: Pick<Properties, 'expiration'>,
): number | undefined {
  const ownTtlMs = expiration === undefined ? undefined : parseExpirationMs(expiration)
  return messageTtlMs === undefined || ownTtlMs === undefined
    ? (messageTtlMs ?? ownTtlMs)
    : Math.min(messageTtlMs, ownTtlMs)
}

/** Has the queues looked through in which copies are going to expire. Throws where that cannot be made sure. */
export async function armExpiries({ broker, vhost }: VhostContext, expiries: Expiries): Promise<void> {
  if (expiries.size === 0) return
  // A look that comes before the copy finds nothing.
  const soonestMs = broker.clock.wallMs() + ON_ITS_WAY_MS
  const earliest = new Map<string, number>()
  for (const ofPublication of expiries.values()) {
    for (const [{ id, exclusive }, atMs] of ofPublication) {
      // A gateway looks after what is in its memory.
      if (exclusive) continue
      const lookMs = Math.max(atMs, soonestMs)
      earliest.set(id, Math.min(lookMs, earliest.get(id) ?? lookMs))
    }
  }
  await armSweeps(
    broker,
    Array.from(earliest, ([queueId, nextLookMs]) => ({ vhostId: vhost.id, queueId, nextLookMs })),
  )
}

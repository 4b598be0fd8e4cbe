import { assertMayConsume } from '../access/permissions.ts'
import { notFound, unavailable } from '../model/errors.ts'
import type { VhostSession } from './session.ts'

/** How long one request purges, ms; a larger backlog takes another one. */
const PURGE_MS = 20_000

/** Removes what was in the queue when the purge began, and nothing that comes later (DESIGN §5). */
export async function purgeQueue(session: VhostSession, name: string): Promise<void> {
  const { access, user, vhost, broker } = session
  assertMayConsume(access, user, vhost.vhost, name)
  const queue = vhost.queueByName(name)
  if (!queue) throw notFound()
  const purged = await Promise.all(queue.sqsQueues.map((sqsQueue) => broker.delivery.purge(sqsQueue.name, PURGE_MS)))
  if (purged.every(({ isEmpty }) => isEmpty)) return
  const count = purged.reduce((sum, { purgedCount }) => sum + purgedCount, 0)
  throw unavailable(`${count} messages are purged and more are left: repeat the purge to go on`, { retryAfterS: 1 })
}

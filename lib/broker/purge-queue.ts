import { assertMayConsume } from '../access/permissions.ts'
import type { Purged } from '../delivery/purge.ts'
import { MissingQueueError } from '../delivery/sqs-errors.ts'
import { notFound, unavailable } from '../model/errors.ts'
import type { VhostSession } from './session.ts'

/** How long one request purges, ms; a larger backlog takes another one. */
const PURGE_MS = 20_000

/** Removes what was in the queue when the purge began, and nothing that comes later (docs/architecture.md). */
export async function purgeQueue(session: VhostSession, name: string): Promise<void> {
  const { access, user, vhost } = session
  assertMayConsume(access, user, vhost.vhost, name)
  const queue = vhost.queueByName(name)
  if (!queue) throw notFound()
  const purged = await Promise.all(queue.sqsQueues.map((sqsQueue) => purgeSqsQueue(session, name, sqsQueue.name)))
  if (purged.every(({ isEmpty }) => isEmpty)) return
  const count = purged.reduce((sum, { purgedCount }) => sum + purgedCount, 0)
  throw unavailable(`${count} messages are purged and more are left: repeat the purge to go on`, { retryAfterS: 1 })
}

/** The SQS queue may go while it is purged: with the queue, or behind our back. */
async function purgeSqsQueue({ broker }: VhostSession, name: string, sqsQueueName: string): Promise<Purged> {
  try {
    return await broker.delivery.purge(sqsQueueName, PURGE_MS)
  } catch (error) {
    if (error instanceof MissingQueueError) throw unavailable(`queue '${name}' cannot be purged`, { cause: error })
    throw error
  }
}

import type { Purged } from '../delivery/purge.ts'
import { MissingQueueError } from '../delivery/sqs-errors.ts'
import { unavailable } from '../model/errors.ts'
import { assertMayConsumeFrom } from './consuming.ts'
import type { VhostSession } from './session.ts'

/** How long one request purges, ms; a larger backlog takes another one. */
const PURGE_MS = 20_000

/**
 * Removes what was in the queue when the purge began, and nothing that comes later (docs/architecture.md); answers how many
 * messages that were. What is in the memory of a gateway, that gateway removes.
 */
export async function purgeQueue(session: VhostSession, name: string): Promise<number> {
  const queue = assertMayConsumeFrom(session, name)
  if (queue.exclusive) return 0
  const purged = await Promise.all(queue.sqsQueues.map((sqsQueue) => purgeSqsQueue(session, name, sqsQueue.name)))
  const count = purged.reduce((sum, { purgedCount }) => sum + purgedCount, 0)
  if (purged.every(({ isEmpty }) => isEmpty)) return count
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

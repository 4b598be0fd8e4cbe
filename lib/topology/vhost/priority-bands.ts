import { type AmqpTable, fieldOf, integerOf } from '../../model/amqp-value.ts'
import type { Queue, SqsQueue } from '../../model/queue.ts'

/** A queue with priorities keeps neighbouring ones together, in so many SQS queues at most: the highest come last. */
export const MAX_BANDS = 5

const maxPriorityOf = (args: AmqpTable): number => Number(integerOf(fieldOf(args, 'x-max-priority')) ?? 0)

/** How many SQS queues a queue with these arguments, which are valid, is to have. */
export const bandCountOf = (args: AmqpTable): number => Math.min(maxPriorityOf(args) + 1, MAX_BANDS)

/** The SQS queue that a message of this priority belongs into; without one it has the lowest (contract §2.4). */
export function sqsQueueFor(
  { name, arguments: args, sqsQueues }: Pick<Queue, 'name' | 'arguments' | 'sqsQueues'>,
  priority = 0,
): SqsQueue {
  const maxPriority = maxPriorityOf(args)
  const band = Math.floor((Math.min(priority, maxPriority) * sqsQueues.length) / (maxPriority + 1))
  const sqsQueue = sqsQueues[band]
  if (!sqsQueue) throw new Error(`queue '${name}' has no SQS queue`)
  return sqsQueue
}

/** In one look of so many a band other than the highest has its turn first. */
const LOOKS_PER_TURN = 16

/**
 * The order in which a get looks into the bands: from the highest down, except that now and then one that chance chooses
 * comes first, so that none waits for ever. `random` is at least 0 and less than 1.
 */
export function lookOrder(sqsQueues: readonly SqsQueue[], random: number): readonly SqsQueue[] {
  const order = sqsQueues.toReversed()
  const turn = random * LOOKS_PER_TURN
  const chosen = turn < 1 ? sqsQueues[Math.floor(turn * (sqsQueues.length - 1))] : undefined
  return chosen ? [chosen, ...order.filter((sqsQueue) => sqsQueue !== chosen)] : order
}

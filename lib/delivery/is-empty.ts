import type { QueueCounter } from './queue-counts.ts'
import { MissingQueueError } from './sqs-errors.ts'
import type { SqsReceiver } from './sqs-receiver.ts'

/** Until the copy is given back; it ends by itself where that fails. */
const VISIBILITY_S = 5

/**
 * Whether an SQS queue holds nothing, neither ready nor with a consumer. Counts of SQS lag behind, so a queue that counts
 * as empty is looked into as well, with a wait of `fullPollWaitS`; what is found there goes back, received once more. A missing SQS queue is empty.
 * Throws what the SDK throws.
 */
export async function isEmpty(
  counter: QueueCounter,
  receiver: SqsReceiver,
  sqsQueueName: string,
  fullPollWaitS: number,
): Promise<boolean> {
  const counts = await counter.countNow(sqsQueueName)
  if (counts.state === 'down') return true
  if (counts.ready + counts.unacknowledged > 0) return false
  return !(await holdsCopies(receiver, sqsQueueName, fullPollWaitS))
}

async function holdsCopies(receiver: SqsReceiver, sqsQueueName: string, waitS: number): Promise<boolean> {
  try {
    const options = { queueName: '', max: 1, waitS, visibilityS: VISIBILITY_S }
    const { copies, undecodable } = await receiver.receive(sqsQueueName, options)
    const changes = copies.map(({ receiptHandle }) => ({ receiptHandle, visibilityS: 0 }))
    await receiver.changeVisibilityBatch(sqsQueueName, changes)
    return copies.length + undecodable.length > 0
  } catch (error) {
    // It was there when it was counted, a moment ago.
    if (error instanceof MissingQueueError) return false
    throw error
  }
}

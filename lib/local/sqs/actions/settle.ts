import type { Action, SqsContext } from '../context.ts'
import { invalidValueFor, SqsError } from '../errors.ts'
import { type JsonObject, requireInteger, requireString } from '../input.ts'
import type { Queue } from '../queue-registry.ts'
import { parseReceiptHandle, type Receipt } from '../receipt-handle.ts'
import { parseBatchEntries, runBatch } from './batch.ts'

const MAX_VISIBILITY_SECONDS = 43_200

export const deleteMessage: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  return deleteOne(context, queue, input)
}

export const deleteMessageBatch: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const entries = parseBatchEntries(input, 'DeleteMessageBatchRequestEntry')
  return runBatch(entries, (entry) => deleteOne(context, queue, entry.input))
}

export const changeMessageVisibility: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  return changeVisibility(context, queue, input)
}

export const changeMessageVisibilityBatch: Action = (context, input) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const entries = parseBatchEntries(input, 'ChangeMessageVisibilityBatchRequestEntry')
  return runBatch(entries, (entry) => changeVisibility(context, queue, entry.input))
}

/**
 * Deleting what is gone succeeds. On a standard queue any handle of the message deletes it; on a FIFO queue only the
 * latest does, while it holds its group: after that the message may be with somebody else, before its successors.
 */
function deleteOne(context: SqsContext, queue: Queue, input: JsonObject): object {
  const handle = requireString(input, 'ReceiptHandle')
  const { seq, receipt } = parseReceiptHandle(handle, queue.id)
  if (queue.settings.isFifo) deleteFromFifo(context, queue, { handle, seq, receipt })
  // The group of a message of a standard queue orders nothing.
  else context.messages.remove(queue, { seq, group_id: null })
  context.longPolls.touch(queue.id)
  return {}
}

function deleteFromFifo(
  context: SqsContext,
  queue: Queue,
  { handle, seq, receipt }: Pick<Receipt, 'seq' | 'receipt'> & { readonly handle: string },
): void {
  const message = context.messages.find(queue, seq)
  if (message === undefined) return
  const isHeld = message.receipt === receipt && message.visible_at > context.now()
  if (!isHeld) throw invalidValueFor('ReceiptHandle', handle, 'The receipt handle has expired.')
  context.messages.remove(queue, message)
}

/** Only the handle of the receive that holds the message moves its deadline: a late one must not shorten another's. */
function changeVisibility(context: SqsContext, queue: Queue, input: JsonObject): object {
  const handle = requireString(input, 'ReceiptHandle')
  const timeoutSeconds = requireInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY_SECONDS)
  const { seq, receipt } = parseReceiptHandle(handle, queue.id)
  const message = context.messages.find(queue, seq)
  if (message === undefined) {
    throw invalidValueFor(
      'ReceiptHandle',
      handle,
      'Message does not exist or is not available for visibility timeout change.',
    )
  }
  const now = context.now()
  if (message.receipt !== receipt || message.received_at === null || message.visible_at <= now) {
    throw new SqsError('MessageNotInflight', 'The specified message is not in flight.')
  }
  const heldSeconds = Math.floor((now - message.received_at) / 1000)
  if (heldSeconds + timeoutSeconds > MAX_VISIBILITY_SECONDS) {
    throw invalidValueFor(
      'VisibilityTimeout',
      timeoutSeconds,
      `Total VisibilityTimeout for the message is beyond the limit [${MAX_VISIBILITY_SECONDS} seconds]`,
    )
  }
  context.messages.setVisibility(queue, message, now + timeoutSeconds * 1000)
  context.longPolls.touch(queue.id)
  return {}
}

import type { Action, SqsContext } from '../context.ts'
import { queueDoesNotExist, SqsError } from '../errors.ts'
import { type JsonObject, readInteger, readStringList, requireString } from '../input.ts'
import { readFifoId } from '../message-validation.ts'
import type { Queue } from '../queue-registry.ts'
import { renderMessage, type ShownAttributes } from '../received-message.ts'
import { giveBack, type ReceiveOptions, type TakenMessage, takeMessages } from '../receiving.ts'

const MAX_MESSAGES = 10
const MAX_VISIBILITY_SECONDS = 43_200
const MAX_WAIT_SECONDS = 20

/**
 * Answers at once if there is something to receive, else waits for it. What was taken for a caller who is gone, even
 * after the answer was handed over, is given back: `signal` must abort when the answer did not get through, and must
 * not abort otherwise.
 */
export const receiveMessage: Action = (context, input, signal) => {
  const queue = context.queues.require(requireString(input, 'QueueUrl'))
  const options = parseReceiveOptions(input, queue)
  const shown = parseShownAttributes(input)
  const waitSeconds = readInteger(input, 'WaitTimeSeconds', 0, MAX_WAIT_SECONDS)
  const waitMs = waitSeconds === undefined ? queue.settings.receiveWaitMs : waitSeconds * 1000
  // Validated and otherwise without effect: an answer that did not get through is given back at once.
  readFifoId(input, 'ReceiveRequestAttemptId')

  const attempt = (): TakenMessage[] | undefined => receive(context, queue.id, options, signal, waitMs)
  const render = (taken: readonly TakenMessage[] | undefined): object =>
    taken === undefined ? {} : { Messages: taken.map((message) => renderMessage(context, queue, message, shown)) }
  const taken = attempt()
  if (taken !== undefined || waitMs === 0) return render(taken)
  return context.longPolls.wait(queue.id, waitMs, signal, attempt).then(render)
}

function parseReceiveOptions(input: JsonObject, queue: Queue): ReceiveOptions {
  const visibilitySeconds = readInteger(input, 'VisibilityTimeout', 0, MAX_VISIBILITY_SECONDS)
  return {
    maxMessages: readInteger(input, 'MaxNumberOfMessages', 1, MAX_MESSAGES) ?? 1,
    visibilityTimeoutMs:
      visibilitySeconds === undefined ? queue.settings.visibilityTimeoutMs : visibilitySeconds * 1000,
  }
}

function parseShownAttributes(input: JsonObject): ShownAttributes {
  return {
    system: new Set([
      ...readStringList(input, 'AttributeNames'),
      ...readStringList(input, 'MessageSystemAttributeNames'),
    ]),
    message: readStringList(input, 'MessageAttributeNames'),
  }
}

/** One attempt, inside a transaction. The queue is looked up anew: it may have gone while the caller waited. */
function receive(
  context: SqsContext,
  queueId: number,
  options: ReceiveOptions,
  signal: AbortSignal,
  waitMs: number,
): TakenMessage[] | undefined {
  const queue = context.queues.findById(queueId)
  if (queue === undefined) throw queueDoesNotExist()
  if (signal.aborted) return undefined
  const room = context.inFlight.roomFor(queue.generation, options.maxMessages, () =>
    context.messages.countInFlight(queue, context.now()),
  )
  if (room === 0) {
    // A long poll and a FIFO queue only find nothing (SQS quotas, "In-flight messages").
    if (waitMs > 0 || queue.settings.isFifo) return undefined
    throw new SqsError('OverLimit', 'Too many messages are in flight: the limit is 120,000 per queue.')
  }
  const taken = takeMessages(context, queue, { ...options, maxMessages: room })
  if (taken.length === 0) return undefined
  giveBackOnAbort(context, queueId, taken, signal)
  return taken
}

function giveBackOnAbort(
  context: SqsContext,
  queueId: number,
  taken: readonly TakenMessage[],
  signal: AbortSignal,
): void {
  const onAbort = (): void => {
    // In a store that is closing the visibility timeout gives the messages back instead.
    context.commit.run(() => giveBack(context, queueId, taken), 'written').catch(() => undefined)
  }
  signal.addEventListener('abort', onAbort, { once: true })
}

import { setTimeout as pause } from 'node:timers/promises'
import type { SQSRecord } from 'aws-lambda'
import type { SqsApi } from '../delivery/sqs-client.ts'
import { logError } from '../log.ts'
import type { SqsHandler } from './handlers.ts'
import { succeededRecords, toSqsEvent } from './sqs-event.ts'

const BATCH_SIZE = 10
const LONG_POLL_S = 20
const FIRST_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 10_000

export interface EventSourceOptions {
  readonly sqs: Pick<SqsApi, 'receiveMessage' | 'deleteMessageBatch'>
  readonly queueUrl: string
  readonly queueArn: string
  readonly handler: SqsHandler
}

export interface EventSource {
  /** Receives no more; resolves when the batch in hand has been handled. */
  close(): Promise<void>
}

/**
 * Feeds a queue to a handler as Lambda's event source mapping does, one batch at a time: what succeeded is deleted, what
 * failed is left to its visibility timeout. After a failure of the whole batch, or of SQS, it waits before it goes on.
 */
export function startEventSource(options: EventSourceOptions): EventSource {
  const stop = new AbortController()
  const running = poll(options, stop.signal)
  return {
    close: () => {
      stop.abort()
      return running
    },
  }
}

async function poll(options: EventSourceOptions, signal: AbortSignal): Promise<void> {
  let failures = 0
  while (!signal.aborted) {
    try {
      await handleNext(options, signal)
      failures = 0
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') return
      logError('an event source failed', error, { queue: options.queueArn })
      await pause(backoffMs(failures), undefined, { signal }).catch(() => undefined)
      failures += 1
    }
  }
}

const backoffMs = (failures: number): number => Math.min(FIRST_BACKOFF_MS * 2 ** failures, MAX_BACKOFF_MS)

async function handleNext(
  { sqs, queueUrl, queueArn, handler }: EventSourceOptions,
  signal: AbortSignal,
): Promise<void> {
  const receive = {
    QueueUrl: queueUrl,
    MaxNumberOfMessages: BATCH_SIZE,
    WaitTimeSeconds: LONG_POLL_S,
    MessageSystemAttributeNames: ['All' as const],
    MessageAttributeNames: ['All'],
  }
  const messages = await sqs.receiveMessage(receive, signal)
  if (messages.length === 0) return
  const event = toSqsEvent(messages, queueArn)
  await deleteRecords(sqs, queueUrl, succeededRecords(event, await handler(event)))
}

async function deleteRecords(
  sqs: EventSourceOptions['sqs'],
  queueUrl: string,
  records: readonly SQSRecord[],
): Promise<void> {
  if (records.length === 0) return
  const { Failed: failed = [] } = await sqs.deleteMessageBatch({
    QueueUrl: queueUrl,
    Entries: records.map(({ receiptHandle }, index) => ({ Id: String(index), ReceiptHandle: receiptHandle })),
  })
  if (failed.length > 0) throw new Error(`${failed.length} messages were not deleted: ${failed[0]?.Message}`)
}

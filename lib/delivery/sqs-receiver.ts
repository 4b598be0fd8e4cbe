import type { Message } from '@aws-sdk/client-sqs'
import type { Clock } from '../journal/clock.ts'
import { callBatch, type EntryOutcome } from './batch-call.ts'
import { MAX_BATCH_ENTRIES } from './batch-plan.ts'
import { mapConcurrent } from './concurrent.ts'
import {
  isUndecodable,
  parseReceived,
  RECEIVED_ATTRIBUTES,
  RECEIVED_SYSTEM_ATTRIBUTES,
  type ReceivedCopy,
  type UndecodableCopy,
} from './received-copy.ts'
import type { SqsApi } from './sqs-client.ts'
import { BatchEntryError, isMissingQueue, MissingQueueError } from './sqs-errors.ts'

export interface ReceiveOptions {
  /** The declared queue's name, which messages that Leveret did not send have as their routing key. */
  readonly queueName: string
  /** How many copies at most. */
  readonly max: number
  /** How long to wait for the first one, 0 to 20 s. Without a wait SQS asks some of its hosts only and may miss what is there. */
  readonly waitS: number
  /** How long the copies stay hidden from others, 0 to 12 h. */
  readonly visibilityS: number
  /** Whether one call is enough, whatever it brings: for those who come again anyway. */
  readonly once?: boolean
  /** Ends the wait. What SQS had just handed out is hidden until its visibility ends. */
  readonly signal?: AbortSignal
}

export interface Received {
  readonly copies: readonly ReceivedCopy[]
  /** Counted towards `max`. */
  readonly undecodable: readonly UndecodableCopy[]
}

/**
 * - `done`: SQS did it;
 * - `gone`: the receipt handle is no longer good, somebody else may hold the copy or have deleted it;
 * - `failed`: it may have been done nevertheless, unless the failure is not retriable;
 * - `missing-queue`: the SQS queue does not exist.
 */
export type SettleOutcome = EntryOutcome | { readonly status: 'gone' }

export interface VisibilityChange {
  readonly receiptHandle: string
  /** From now on; 0 makes the copy visible at once. */
  readonly visibilityS: number
}

/** How many batch calls of one settlement are under way at a time. */
const SETTLE_CONCURRENCY = 16

export class SqsReceiver {
  readonly #sqs: SqsApi
  readonly #urlOf: (sqsQueueName: string) => string
  readonly #clock: Clock

  constructor(sqs: SqsApi, urlOf: (sqsQueueName: string) => string, clock: Clock) {
    this.#sqs = sqs
    this.#urlOf = urlOf
    this.#clock = clock
  }

  /**
   * Receives until `max` copies are there or a call brings none. Only the first call waits. Once copies are at hand a
   * failing call ends the receive, because they would be lost to everybody until their visibility ends.
   * Throws {@link MissingQueueError}, and what the SDK throws.
   */
  async receive(sqsQueueName: string, options: ReceiveOptions): Promise<Received> {
    const copies: ReceivedCopy[] = []
    const undecodable: UndecodableCopy[] = []
    for (let left = options.max; left > 0; left = options.max - copies.length - undecodable.length) {
      const isFirst = left === options.max
      const messages = await this.#receiveOnce(sqsQueueName, left, isFirst, options)
      for (const message of messages) {
        const copy = parseReceived(message, options.queueName)
        if (isUndecodable(copy)) undecodable.push(copy)
        else copies.push(copy)
      }
      if (messages.length === 0 || options.once) break
    }
    return { copies, undecodable }
  }

  async #receiveOnce(
    sqsQueueName: string,
    left: number,
    isFirst: boolean,
    { waitS, visibilityS, signal }: ReceiveOptions,
  ): Promise<readonly Message[]> {
    if (signal?.aborted) return []
    const input = {
      QueueUrl: this.#urlOf(sqsQueueName),
      MaxNumberOfMessages: Math.min(left, MAX_BATCH_ENTRIES),
      WaitTimeSeconds: isFirst ? waitS : 0,
      VisibilityTimeout: visibilityS,
      MessageAttributeNames: RECEIVED_ATTRIBUTES,
      MessageSystemAttributeNames: [...RECEIVED_SYSTEM_ATTRIBUTES],
    }
    try {
      return await this.#sqs.receiveMessage(input, signal)
    } catch (error) {
      if (signal?.aborted || !isFirst) return []
      throw isMissingQueue(error) ? new MissingQueueError(sqsQueueName, { cause: error }) : error
    }
  }

  /** Deletes copies by their receipt handles and answers in their order; never rejects. */
  deleteBatch(sqsQueueName: string, receiptHandles: readonly string[]): Promise<readonly SettleOutcome[]> {
    const QueueUrl = this.#urlOf(sqsQueueName)
    return this.#settle(receiptHandles, (handles) =>
      this.#sqs.deleteMessageBatch({
        QueueUrl,
        Entries: handles.map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle })),
      }),
    )
  }

  /** Shows or hides received copies and answers in their order; never rejects. */
  changeVisibilityBatch(sqsQueueName: string, changes: readonly VisibilityChange[]): Promise<readonly SettleOutcome[]> {
    const QueueUrl = this.#urlOf(sqsQueueName)
    return this.#settle(changes, (some) =>
      this.#sqs.changeMessageVisibilityBatch({
        QueueUrl,
        Entries: some.map(({ receiptHandle, visibilityS }, index) => ({
          Id: String(index),
          ReceiptHandle: receiptHandle,
          VisibilityTimeout: visibilityS,
        })),
      }),
    )
  }

  async #settle<Item>(
    items: readonly Item[],
    call: Parameters<typeof callBatch<Item>>[1],
  ): Promise<readonly SettleOutcome[]> {
    const outcomes = await mapConcurrent(tensOf(items), SETTLE_CONCURRENCY, (ten) => callBatch(ten, call, this.#clock))
    return outcomes.flat().map(toSettleOutcome)
  }
}

const tensOf = <Item>(items: readonly Item[]): readonly Item[][] =>
  Array.from({ length: Math.ceil(items.length / MAX_BATCH_ENTRIES) }, (_, index) =>
    items.slice(index * MAX_BATCH_ENTRIES, (index + 1) * MAX_BATCH_ENTRIES),
  )

/** How SQS says that a receipt handle is not, or no longer, good; of some it says so in words only. */
const GONE_CODE = /ReceiptHandleIsInvalid|MessageNotInflight/
const GONE_TEXT = /parameter ReceiptHandle is invalid|receipt handle has expired/i

function toSettleOutcome(outcome: EntryOutcome): SettleOutcome {
  if (outcome.status !== 'failed' || !(outcome.error instanceof BatchEntryError)) return outcome
  const { code, message } = outcome.error
  return GONE_CODE.test(code) || GONE_TEXT.test(message) ? { status: 'gone' } : outcome
}

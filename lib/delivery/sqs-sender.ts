import type { MessageAttributeValue, SendMessageBatchRequestEntry } from '@aws-sdk/client-sqs'
import type { Clock } from '../journal/clock.ts'
import { callBatch, type EntryOutcome, UNMENTIONED } from './batch-call.ts'
import { planBatches } from './batch-plan.ts'
import { MAX_SQS_BYTES } from './claim-checks.ts'
import { mapConcurrent } from './concurrent.ts'
import { COPY_ATTRIBUTE } from './copy.ts'
import { DEATH_ATTRIBUTE } from './death-note.ts'
import { type EncodedMessage, MESSAGE_ATTRIBUTE } from './envelope.ts'
import { isFifoName } from './physical-name.ts'
import type { SqsApi } from './sqs-client.ts'
import { BatchEntryError } from './sqs-errors.ts'
import { attributeSizeBytes } from './sqs-text.ts'

/** One message on its way to one SQS queue. */
export interface Copy {
  readonly sqsQueueName: string
  /** Encoded once and shared by all copies of a publish. */
  readonly message: EncodedMessage
  /** What `encodeCopy` makes; absent for what is internal to Leveret. */
  readonly copyAttribute?: string
  /** What `encodeDeathNote` makes; only on its way to the internal queue `dead`. */
  readonly deathAttribute?: string
  /** How long SQS hides it at first, s: 0 to 900. */
  readonly delayS?: number
  readonly groupId?: string
  readonly deduplicationId?: string
}

/**
 * - `sent`: the copy is durable in its SQS queue;
 * - `failed`: it may be there nevertheless, unless the failure is not retriable;
 * - `missing-queue`: the SQS queue does not exist.
 */
export type SendOutcome = Exclude<EntryOutcome, { status: 'done' }> | { readonly status: 'sent' }

/** How many batch calls of one `send` are under way at a time. */
const SEND_CONCURRENCY = 64

/** What an entry may weigh beyond what is counted: ids of groups and of deduplication. */
const ENTRY_MARGIN_BYTES = 256

const SENT: SendOutcome = Object.freeze({ status: 'sent' })

export class SqsSender {
  readonly #sqs: SqsApi
  readonly #urlOf: (sqsQueueName: string) => string
  readonly #clock: Clock

  constructor(sqs: SqsApi, urlOf: (sqsQueueName: string) => string, clock: Clock) {
    this.#sqs = sqs
    this.#urlOf = urlOf
    this.#clock = clock
  }

  /**
   * Sends every copy to its SQS queue and answers in the copies' order; never rejects. One copy is one call. Copies for
   * one queue share calls of up to ten entries and 1 MiB; queues are sent to in parallel.
   *
   * The copies of one group in a FIFO queue arrive in the order given: when one fails, those behind it are not sent.
   */
  async send(copies: readonly Copy[]): Promise<readonly SendOutcome[]> {
    const [only] = copies
    if (only === undefined) return []
    if (copies.length === 1) return [toSendOutcome((await this.#sendBatch(only.sqsQueueName, copies))[0])]
    const slots: readonly Slot[] = copies.map((copy) => ({ copy, outcome: NOT_SENT }))
    const jobs = [...Map.groupBy(slots, ({ copy }) => copy.sqsQueueName)].flatMap(([name, slotsOfQueue]) =>
      isFifoName(name) ? [planInOrder(slotsOfQueue)] : planInAnyOrder(slotsOfQueue),
    )
    await mapConcurrent(jobs, SEND_CONCURRENCY, (batches) => this.#sendInOrder(batches))
    return slots.map(({ outcome }) => outcome)
  }

  /** Sends batches for one queue one after the other; a group of which a copy failed is not sent to any more. */
  async #sendInOrder(batches: readonly Slot[][]): Promise<void> {
    const failedGroups = new Set<string | undefined>()
    for (const batch of batches) {
      const slots = failedGroups.size === 0 ? batch : batch.filter((slot) => !failedGroups.has(groupOf(slot)))
      const [first] = slots
      if (first === undefined) continue
      const copies = slots.map(({ copy }) => copy)
      const outcomes = await this.#sendBatch(first.copy.sqsQueueName, copies)
      for (const [index, slot] of slots.entries()) {
        slot.outcome = toSendOutcome(outcomes[index])
        if (slot.outcome.status !== 'sent') failedGroups.add(groupOf(slot))
      }
    }
  }

  #sendBatch(sqsQueueName: string, copies: readonly Copy[]): Promise<readonly EntryOutcome[]> {
    const QueueUrl = this.#urlOf(sqsQueueName)
    const call = (sent: readonly Copy[]) => this.#sqs.sendMessageBatch({ QueueUrl, Entries: sent.map(toEntry) })
    return callBatch(copies, call, this.#clock)
  }
}

/** A copy and what has become of it so far. */
interface Slot {
  readonly copy: Copy
  outcome: SendOutcome
}

const NOT_SENT: SendOutcome = Object.freeze({
  status: 'failed',
  retriable: true,
  error: new BatchEntryError('NotSent', 'an earlier copy of the same group was not sent'),
})

const groupOf = ({ copy }: Slot): string | undefined => copy.groupId

const planInOrder = (slots: readonly Slot[]): Slot[][] =>
  planBatches(slots, { maxBytes: MAX_SQS_BYTES, sizeBytesOf: entrySizeBytes, groupOf })

/** Nothing keeps copies in a standard queue in order, so each of its batches is a job of its own. */
const planInAnyOrder = (slots: readonly Slot[]): Slot[][][] =>
  planBatches(slots, { maxBytes: MAX_SQS_BYTES, sizeBytesOf: entrySizeBytes, groupOf: () => undefined }).map(
    (batch) => [batch],
  )

function entrySizeBytes({ copy: { message, copyAttribute, deathAttribute } }: Slot): number {
  const copyBytes = optionalSizeBytes(COPY_ATTRIBUTE, copyAttribute)
  return message.sizeBytes + copyBytes + optionalSizeBytes(DEATH_ATTRIBUTE, deathAttribute) + ENTRY_MARGIN_BYTES
}

const optionalSizeBytes = (name: string, value: string | undefined): number =>
  value === undefined ? 0 : attributeSizeBytes(name, value)

function toEntry(copy: Copy, index: number): SendMessageBatchRequestEntry {
  const { message, copyAttribute, deathAttribute, delayS, groupId, deduplicationId } = copy
  const attributes: Record<string, MessageAttributeValue> = {}
  if (message.attribute !== undefined) attributes[MESSAGE_ATTRIBUTE] = textAttribute(message.attribute)
  if (copyAttribute !== undefined) attributes[COPY_ATTRIBUTE] = textAttribute(copyAttribute)
  if (deathAttribute !== undefined) attributes[DEATH_ATTRIBUTE] = textAttribute(deathAttribute)
  return {
    Id: String(index),
    MessageBody: message.body,
    MessageAttributes: attributes,
    DelaySeconds: delayS,
    MessageGroupId: groupId,
    MessageDeduplicationId: deduplicationId,
  }
}

const textAttribute = (value: string): MessageAttributeValue => ({ DataType: 'String', StringValue: value })

const toSendOutcome = (outcome: EntryOutcome = UNMENTIONED): SendOutcome => (outcome.status === 'done' ? SENT : outcome)

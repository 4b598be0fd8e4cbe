import type { Envelope } from '../delivery/envelope.ts'
import type { ReceivedCopy, UndecodableCopy } from '../delivery/received-copy.ts'
import { preconditionFailed, unavailable } from '../model/errors.ts'
import { MAX_VISIBILITY_S, type Queue } from '../model/queue.ts'
import type { DeadCopy } from './dead-letter.ts'
import { expire, isExpired } from './expire.ts'
import type { GetInput, GotMessage } from './get-messages.ts'
import { retryDelayOf } from './retry.ts'
import { renewSession, type VhostSession } from './session.ts'
import { sealTag } from './tags.ts'

/** What one answer may hold: Lambda ends at 6 MB (docs/architecture.md). */
const MAX_ANSWER_BYTES = 4_500_000
/** For the count that is filled in later, and what stands between messages. */
const MESSAGE_MARGIN_BYTES = 32
const BATCH = 10
/** Long enough to answer in; whoever dies meanwhile gives the messages back by it. */
const ANSWER_VISIBILITY_S = 30
/** No further receive begins after so much of a request's time. */
const RECEIVE_WITHIN_MS = 21_000

interface Held {
  readonly copy: ReceivedCopy
  readonly envelope: Envelope
  readonly got: GotMessage
}

/** The copies that one get has received and not yet settled. */
export class Hold {
  readonly sqsQueueName: string
  readonly #session: VhostSession
  readonly #queue: Queue
  readonly #input: GetInput
  readonly #visibilityS: number
  readonly #held: Held[] = []
  /** Of held copies, by SQS's message id. */
  readonly #places = new Map<string, number>()
  /** Received, but not to be answered: they go back at the end, so that they are not received again meanwhile. */
  readonly #strays: string[] = []
  #sizeBytes = 0

  constructor(session: VhostSession, queue: Queue, input: GetInput) {
    this.#session = session
    this.#queue = queue
    this.#input = input
    this.sqsQueueName = queue.sqsQueues[0]?.name ?? ''
    this.#visibilityS = input.ackMode === 'manual' ? manualVisibilityS(session, queue, input) : ANSWER_VISIBILITY_S
  }

  /** In the order received; without their counts. */
  get got(): readonly GotMessage[] {
    return this.#held.map(({ got }) => got)
  }

  get copies(): readonly DeadCopy[] {
    return this.#held.map(({ copy, envelope }) => ({ envelope, identity: copy.identity }))
  }

  /** Receives in small steps until it has what was asked for, the queue gives no more, or the answer is full. */
  async fill(): Promise<void> {
    const startMs = this.#session.broker.clock.monotonicMs()
    while (this.#held.length < this.#input.count && this.#hasTime(startMs)) {
      const wanted = Math.min(this.#input.count - this.#held.length, BATCH)
      const receivedAfterMs = this.#session.broker.clock.wallMs()
      const { copies, undecodable } = await this.#receive(wanted)
      this.#strays.push(...undecodable.map(({ receiptHandle }) => receiptHandle))
      const isFull = await this.#takeIn(await this.#withoutExpired(copies), receivedAfterMs)
      if (isFull || copies.length + undecodable.length < wanted) return
    }
  }

  /** A copy that has expired is never handed out; what cannot be dead-lettered now is left to the next look. */
  async #withoutExpired(copies: readonly ReceivedCopy[]): Promise<readonly ReceivedCopy[]> {
    const nowMs = this.#session.broker.clock.wallMs()
    const expired = copies.filter((copy) => isExpired(copy, nowMs))
    if (expired.length === 0) return copies
    const context = await renewSession(this.#session)
    this.#strays.push(...(await expire(context, this.#queue, this.sqsQueueName, expired)))
    return copies.filter((copy) => !expired.includes(copy))
  }

  /** A copy that becomes visible while others are being received would come twice. */
  #hasTime(startMs: number): boolean {
    const { broker, arrival } = this.#session
    if (this.#held.length + this.#strays.length === 0) return true
    const nowMs = broker.clock.monotonicMs()
    return nowMs - startMs < (this.#visibilityS * 1000) / 2 && nowMs - arrival.monotonicMs < RECEIVE_WITHIN_MS
  }

  async #receive(max: number): Promise<{ copies: readonly ReceivedCopy[]; undecodable: readonly UndecodableCopy[] }> {
    const { broker } = this.#session
    const isFirst = this.#held.length + this.#strays.length === 0
    const waitS = isFirst ? Math.max(this.#input.waitS, broker.config.fullPollWaitS) : 0
    const options = { queueName: this.#queue.name, max, waitS, visibilityS: this.#visibilityS }
    try {
      return await broker.delivery.receiver.receive(this.sqsQueueName, options)
    } catch (error) {
      if (!isFirst) return { copies: [], undecodable: [] }
      throw unavailable(`queue '${this.#queue.name}' cannot be read`, { cause: error })
    }
  }

  /** Whether the answer is full; what it has no room for is a stray. */
  async #takeIn(copies: readonly ReceivedCopy[], receivedAfterMs: number): Promise<boolean> {
    this.#strays.push(...copies.map(({ receiptHandle }) => receiptHandle))
    for (const copy of copies) {
      const held = await this.#open(copy, receivedAfterMs)
      if (this.#replace(held)) continue
      const sizeBytes = this.#input.encodedSizeOf(held.got) + MESSAGE_MARGIN_BYTES
      if (this.#sizeBytes + sizeBytes > MAX_ANSWER_BYTES) {
        if (this.#held.length === 0) throw tooLarge(sizeBytes)
        return true
      }
      this.#sizeBytes += sizeBytes
      this.#places.set(copy.messageId, this.#held.push(held) - 1)
      this.#strays.splice(this.#strays.indexOf(copy.receiptHandle), 1)
    }
    return false
  }

  /**
   * A copy that is held already comes again where a receive took longer than the visibility, or where SQS hands one out
   * twice. Only the newer receive is good, and the copy keeps its place in the answer.
   */
  #replace(again: Held): boolean {
    const index = this.#places.get(again.copy.messageId)
    if (index === undefined) return false
    this.#held[index] = again
    this.#strays.splice(this.#strays.indexOf(again.copy.receiptHandle), 1)
    return true
  }

  async #open(copy: ReceivedCopy, receivedAfterMs: number): Promise<Held> {
    const envelope = await this.#envelopeOf(copy)
    const { redelivered, receiveCount: deliveryCount } = copy
    const got = { message: envelope.message, redelivered, deliveryCount, messageCount: 0 }
    if (this.#input.ackMode !== 'manual') return { copy, envelope, got }
    // The deadline counts from before the receive, so that it never ends after SQS's.
    const deadlineMs = receivedAfterMs + this.#visibilityS * 1000
    const sealable = { copy, envelope, sqsQueueName: this.sqsQueueName, receivedAtMs: receivedAfterMs, deadlineMs }
    return { copy, envelope, got: { ...got, deliveryTag: await sealTag(this.#session, this.#queue, sealable) } }
  }

  async #envelopeOf({ message }: ReceivedCopy): Promise<Envelope> {
    try {
      return await this.#session.broker.delivery.claimChecks.open(message, this.#session.vhost.id)
    } catch (error) {
      throw unavailable('the payload of a message could not be read', { cause: error })
    }
  }

  /** Deletes the held copies that are marked, and gives all others back. */
  async remove(isRemoved: readonly boolean[]): Promise<void> {
    const handles = this.#held.map(({ copy }) => copy.receiptHandle)
    const { receiver } = this.#session.broker.delivery
    await receiver.deleteBatch(
      this.sqsQueueName,
      handles.filter((_, index) => isRemoved[index]),
    )
    await this.#show([...handles.filter((_, index) => !isRemoved[index]), ...this.#strays])
  }

  /** Makes everything visible again that was received. */
  giveBack(): Promise<void> {
    return this.#show([...this.#held.map(({ copy }) => copy.receiptHandle), ...this.#strays])
  }

  /** As {@link giveBack}, what is held after the delay that the queue's back-off has for it. */
  async putBack(): Promise<void> {
    const { broker, vhost } = this.#session
    const changes = this.#held.map(({ copy: { receiptHandle, receiveCount } }) => ({
      receiptHandle,
      visibilityS: retryDelayOf(broker, vhost, this.#queue, receiveCount),
    }))
    await Promise.all([
      broker.delivery.receiver.changeVisibilityBatch(this.sqsQueueName, changes),
      this.giveBackStrays(),
    ])
  }

  giveBackStrays(): Promise<void> {
    return this.#show(this.#strays)
  }

  async #show(receiptHandles: readonly string[]): Promise<void> {
    if (receiptHandles.length === 0) return
    const changes = receiptHandles.map((receiptHandle) => ({ receiptHandle, visibilityS: 0 }))
    await this.#session.broker.delivery.receiver.changeVisibilityBatch(this.sqsQueueName, changes)
  }
}

/** As the caller has it, else as the queue does. */
function manualVisibilityS({ vhost }: VhostSession, queue: Queue, { visibilityS }: GetInput): number {
  const { consumerTimeoutMs } = vhost.settingsOf(queue)
  if (visibilityS !== undefined || consumerTimeoutMs === undefined) return visibilityS ?? ANSWER_VISIBILITY_S
  return Math.min(Math.max(1, Math.ceil(consumerTimeoutMs / 1000)), MAX_VISIBILITY_S)
}

const tooLarge = (sizeBytes: number) =>
  preconditionFailed(
    `the next message takes ${sizeBytes} bytes of an answer that may have ${MAX_ANSWER_BYTES}: get it with a truncate, or from SQS`,
  )

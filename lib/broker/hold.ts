import type { Envelope } from '../delivery/envelope.ts'
import type { ReceivedCopy, UndecodableCopy } from '../delivery/received-copy.ts'
import { visibilityTimeoutS } from '../delivery/sqs-queues.ts'
import { preconditionFailed, unavailable } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import { lookOrder } from '../topology/vhost/priority-bands.ts'
import type { DeadCopy } from './dead-copy.ts'
import { withoutExpired } from './expire.ts'
import type { GetInput, GotMessage } from './get-input.ts'
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
/** How long one look into all bands of a queue waits, and so how much later it may see a message than one queue would. */
const ROUND_S = 1

/** One receive of one copy, by which it can be settled. */
interface Received {
  readonly sqsQueueName: string
  readonly receiptHandle: string
}

interface Held extends Received {
  readonly copy: ReceivedCopy
  readonly envelope: Envelope
  readonly got: GotMessage
}

/** What one call brought. */
interface Batch {
  readonly sqsQueueName: string
  readonly copies: readonly ReceivedCopy[]
  readonly undecodable: readonly UndecodableCopy[]
  /** From a moment before the call. */
  readonly receivedAtMs: number
}

/** The copies that one get has received and not yet settled. */
export class Hold {
  readonly #session: VhostSession
  readonly #queue: Queue
  readonly #input: GetInput
  readonly #visibilityS: number
  readonly #held: Held[] = []
  /** Of held copies, by SQS's message id. */
  readonly #places = new Map<string, number>()
  /** Received, but not to be answered: they go back at the end, so that they are not received again meanwhile. */
  readonly #strays: Received[] = []
  /** Whether copies were met whose time was over: behind them there may be others. */
  #hasMetExpired = false
  #startMs = 0
  #sizeBytes = 0
  #isFull = false

  constructor(session: VhostSession, queue: Queue, input: GetInput) {
    this.#session = session
    this.#queue = queue
    this.#input = input
    this.#visibilityS =
      input.ackMode === 'manual'
        ? (input.visibilityS ?? visibilityTimeoutS(session.vhost.settingsOf(queue)))
        : ANSWER_VISIBILITY_S
  }

  /** In the order received; without their counts. */
  get got(): readonly GotMessage[] {
    return this.#held.map(({ got }) => got)
  }

  get copies(): readonly DeadCopy[] {
    return this.#held.map(({ copy, envelope }) => ({ envelope, identity: copy.identity }))
  }

  /**
   * Receives in small steps until it has what was asked for, the queue gives no more, or the answer is full. Of a queue with
   * priorities it looks into one band after the other, and waits, where it finds nothing, for all of them. Throws
   * `unavailable` where SQS cannot be used, and where there was time for expired messages only.
   */
  async fill(): Promise<void> {
    await this.#lookEverywhere()
    if (this.#isFirst && this.#hasMetExpired && !this.#hasTime()) throw stillExpiring(this.#queue)
  }

  async #lookEverywhere(): Promise<void> {
    const { sqsQueues } = this.#queue
    const { clock, config } = this.#session.broker
    const waitS = Math.max(this.#input.waitS, config.fullPollWaitS)
    this.#startMs = clock.monotonicMs()
    if (sqsQueues.length === 1) return this.#drain(sqsQueues[0]?.name ?? '', waitS)
    for (const { name } of lookOrder(sqsQueues, clock.random())) await this.#drain(name, 0)
    while (this.#isFirst && !this.#isDone && clock.monotonicMs() - this.#startMs < waitS * 1000)
      await this.#lookIntoAll()
  }

  async #drain(sqsQueueName: string, waitS: number): Promise<void> {
    while (!this.#isDone) {
      const wanted = this.#wanted
      const batch = await this.#receive(sqsQueueName, this.#isFirst ? waitS : 0)
      await this.#takeIn(batch)
      if (batch.copies.length + batch.undecodable.length < wanted) return
    }
  }

  /** Looks into all bands at once, so that a message in any of them ends the wait within a round. */
  async #lookIntoAll(): Promise<void> {
    const sqsQueues = this.#queue.sqsQueues.toReversed()
    const looks = await Promise.allSettled(sqsQueues.map(({ name }) => this.#receive(name, ROUND_S)))
    const found = looks.flatMap((look) => (look.status === 'fulfilled' ? [look.value] : []))
    for (const batch of found) await this.#takeIn(batch)
    const failed = looks.find(({ status }) => status === 'rejected')
    if (this.#isFirst && failed?.status === 'rejected') throw failed.reason
  }

  get #wanted(): number {
    return Math.min(this.#input.count - this.#held.length, BATCH)
  }

  get #isFirst(): boolean {
    return this.#held.length + this.#strays.length === 0
  }

  get #isDone(): boolean {
    return this.#isFull || this.#held.length >= this.#input.count || !this.#hasTime()
  }

  /** A copy that becomes visible while others are being received would come twice. */
  #hasTime(): boolean {
    const { broker, arrival } = this.#session
    if (this.#isFirst && !this.#hasMetExpired) return true
    const nowMs = broker.clock.monotonicMs()
    if (nowMs - arrival.monotonicMs >= RECEIVE_WITHIN_MS) return false
    return this.#isFirst || nowMs - this.#startMs < (this.#visibilityS * 1000) / 2
  }

  async #receive(sqsQueueName: string, waitS: number): Promise<Batch> {
    const { broker } = this.#session
    const isFirst = this.#isFirst
    const receivedAtMs = broker.clock.wallMs()
    const options = { queueName: this.#queue.name, max: this.#wanted, waitS, visibilityS: this.#visibilityS }
    try {
      return { sqsQueueName, receivedAtMs, ...(await broker.delivery.receiver.receive(sqsQueueName, options)) }
    } catch (error) {
      if (!isFirst) return { sqsQueueName, receivedAtMs, copies: [], undecodable: [] }
      throw unavailable(`queue '${this.#queue.name}' cannot be read`, { cause: error })
    }
  }

  /** What the answer has no room for is a stray. */
  async #takeIn(batch: Batch): Promise<void> {
    const { sqsQueueName, undecodable, receivedAtMs } = batch
    this.#strays.push(...undecodable.map(({ receiptHandle }) => ({ sqsQueueName, receiptHandle })))
    const copies = await this.#withoutExpired(batch)
    this.#strays.push(...copies.map(({ receiptHandle }) => ({ sqsQueueName, receiptHandle })))
    for (const copy of copies) {
      const hasRoom = !this.#isFull && this.#held.length < this.#input.count
      if (!hasRoom && !this.#places.has(copy.messageId)) continue
      const held = await this.#open(sqsQueueName, copy, receivedAtMs)
      if (!this.#replace(held)) this.#add(held)
    }
  }

  #add(held: Held): void {
    const sizeBytes = this.#input.encodedSizeOf(held.got) + MESSAGE_MARGIN_BYTES
    if (this.#sizeBytes + sizeBytes > MAX_ANSWER_BYTES) {
      if (this.#held.length === 0) throw tooLarge(sizeBytes)
      this.#isFull = true
      return
    }
    this.#sizeBytes += sizeBytes
    this.#places.set(held.copy.messageId, this.#held.push(held) - 1)
    this.#removeStray(held)
  }

  /**
   * A copy that is held already comes again where a receive took longer than the visibility, or where SQS hands one out
   * twice. Only the newer receive is good, and the copy keeps its place in the answer.
   */
  #replace(again: Held): boolean {
    const index = this.#places.get(again.copy.messageId)
    if (index === undefined) return false
    this.#held[index] = again
    this.#removeStray(again)
    return true
  }

  #removeStray(held: Held): void {
    const place = this.#strays.findIndex(({ receiptHandle }) => receiptHandle === held.receiptHandle)
    this.#strays.splice(place, 1)
  }

  async #withoutExpired(batch: Batch): Promise<readonly ReceivedCopy[]> {
    const nowMs = this.#session.broker.clock.wallMs()
    const { copies, left } = await withoutExpired(() => renewSession(this.#session), nowMs, this.#queue, batch)
    this.#strays.push(...left.map((receiptHandle) => ({ sqsQueueName: batch.sqsQueueName, receiptHandle })))
    this.#hasMetExpired ||= copies.length < batch.copies.length
    return copies
  }

  async #open(sqsQueueName: string, copy: ReceivedCopy, receivedAtMs: number): Promise<Held> {
    const envelope = await this.#envelopeOf(copy)
    const { receiptHandle, redelivered, receiveCount: deliveryCount } = copy
    const got = { message: envelope.message, redelivered, deliveryCount, messageCount: 0 }
    const held = { sqsQueueName, receiptHandle, copy, envelope, got }
    if (this.#input.ackMode !== 'manual') return held
    // The deadline counts from before the receive, so that it never ends after SQS's.
    const deadlineMs = receivedAtMs + this.#visibilityS * 1000
    const sealable = { copy, envelope, sqsQueueName, receivedAtMs, deadlineMs }
    return { ...held, got: { ...got, deliveryTag: await sealTag(this.#session, this.#queue, sealable) } }
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
    const { receiver } = this.#session.broker.delivery
    const removed = this.#held.filter((_, index) => isRemoved[index])
    await eachSqsQueue(removed, (name, some) => receiver.deleteBatch(name, some.map(handleOf)))
    await this.#hide([...this.#held.filter((_, index) => !isRemoved[index]), ...this.#strays])
  }

  /** Makes everything visible again that was received. */
  giveBack(): Promise<void> {
    return this.#hide([...this.#held, ...this.#strays])
  }

  /** As {@link giveBack}, what is held after the delay that the queue's back-off has for it. */
  async putBack(): Promise<void> {
    const { broker, vhost } = this.#session
    const delayed = this.#held.map((held) => ({
      ...held,
      visibilityS: retryDelayOf(broker, vhost, this.#queue, held.copy.receiveCount),
    }))
    await this.#hide([...delayed, ...this.#strays])
  }

  giveBackStrays(): Promise<void> {
    return this.#hide(this.#strays)
  }

  async #hide(received: readonly (Received & { readonly visibilityS?: number })[]): Promise<void> {
    const { receiver } = this.#session.broker.delivery
    await eachSqsQueue(received, (name, some) =>
      receiver.changeVisibilityBatch(
        name,
        some.map(({ receiptHandle, visibilityS = 0 }) => ({ receiptHandle, visibilityS })),
      ),
    )
  }
}

const handleOf = ({ receiptHandle }: Received): string => receiptHandle

async function eachSqsQueue<Entry extends Received>(
  entries: readonly Entry[],
  settle: (sqsQueueName: string, entries: readonly Entry[]) => Promise<unknown>,
): Promise<void> {
  const byQueue = Map.groupBy(entries, ({ sqsQueueName }) => sqsQueueName)
  await Promise.all(Array.from(byQueue, ([name, some]) => settle(name, some)))
}

const stillExpiring = ({ name }: Queue) =>
  unavailable(`queue '${name}' is still being cleared of messages that have expired`, { retryAfterS: 1 })

const tooLarge = (sizeBytes: number) =>
  preconditionFailed(
    `the next message takes ${sizeBytes} bytes of an answer that may have ${MAX_ANSWER_BYTES}: get it with a truncate, or from SQS`,
  )

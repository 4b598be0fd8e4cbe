import type { AmqpTable } from '../../model/amqp-value.ts'
import type { Queue } from '../../model/queue.ts'
import type { Feed, Recipient } from './feed.ts'
import type { Delivery } from './source.ts'

/** A channel as its consumers see it. */
export interface ConsumerChannel {
  /** How many more deliveries the channel takes; those without acknowledgements do not count. */
  credit(): number
  /** Whether the gateway has room for more that is not settled. */
  hasRoom(): boolean
  /** Whether what was written to the client is on its way, so that more may be. */
  isWritable(): boolean
  /** Sends a delivery to the client; where it has to be settled it is outstanding from now. */
  send(consumer: Consumer, delivery: Delivery): void
  /** Tells the client that the queue is gone. */
  cancelled(consumer: Consumer): void
}

export interface ConsumerOptions {
  readonly tag: string
  readonly vhostId: string
  readonly queue: Queue
  readonly channel: ConsumerChannel
  readonly feed: Feed
  readonly noAck: boolean
  readonly exclusive: boolean
  readonly priority: number
  /** The most that it has unacknowledged; 0 for the channel's limit alone. */
  readonly prefetchCount: number
  readonly arguments: AmqpTable
}

/** What "no limit" means: enough to keep a client busy, and not more than it loses when it dies. */
const UNLIMITED = 1_000

/** One consumer of a channel. */
export class Consumer implements Recipient {
  readonly options: ConsumerOptions
  readonly priority: number
  readonly group: object
  readonly acknowledges: boolean
  /** Deliveries that are not settled; without acknowledgements those that are not sent yet. */
  #unsettled = 0
  #isEnding = false
  #drained: PromiseWithResolvers<void> | undefined

  constructor(options: ConsumerOptions) {
    this.options = options
    this.priority = options.priority
    this.acknowledges = !options.noAck
    // What is not to be acknowledged counts towards no limit of the channel.
    this.group = options.noAck ? this : options.channel
  }

  /** Takes messages from now. */
  begin(): void {
    if (!this.#isEnding) this.options.feed.add(this)
  }

  credit(): number {
    const { noAck, prefetchCount, channel } = this.options
    if (this.#isEnding || !channel.isWritable()) return 0
    const limit = noAck || prefetchCount === 0 ? UNLIMITED : prefetchCount
    // However little room there is, everybody has one message to work on.
    if (this.#unsettled > 0 && !channel.hasRoom()) return 0
    return limit - this.#unsettled
  }

  groupCredit(): number {
    return this.options.noAck ? UNLIMITED : this.options.channel.credit()
  }

  deliver(delivery: Delivery): void {
    this.#unsettled += 1
    if (this.options.noAck) void this.#deliverSettled(delivery)
    else this.options.channel.send(this, delivery)
  }

  /** Deleted first, then written: it may be lost with the connection, and is never delivered twice. */
  async #deliverSettled(delivery: Delivery): Promise<void> {
    const { channel, feed } = this.options
    const [isSettled] = await feed.settle([delivery], 'discard')
    this.#unsettled -= 1
    if (isSettled) channel.send(this, delivery)
    if (this.#unsettled === 0) this.#drained?.resolve()
    feed.wake()
  }

  /** One of its deliveries is settled, or belongs to nobody any more. */
  settled(): void {
    this.#unsettled -= 1
  }

  cancelled(): void {
    this.#isEnding = true
    this.options.channel.cancelled(this)
  }

  /** Takes no more; resolves when nothing is on its way to the client any more. What it has stays to be settled. */
  async end(): Promise<void> {
    this.#isEnding = true
    this.options.feed.remove(this)
    if (!this.options.noAck || this.#unsettled === 0) return
    this.#drained = Promise.withResolvers()
    await this.#drained.promise
  }
}

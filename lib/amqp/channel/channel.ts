import { MAX_PAYLOAD_BYTES } from '../../delivery/claim-checks.ts'
import { logError } from '../../log.ts'
import type { Consumer, ConsumerChannel } from '../consuming/consumer.ts'
import type { Feed } from '../consuming/feed.ts'
import type { Delivery } from '../consuming/source.ts'
import { AmqpError, amqpErrorOf, closeReasonOf, isUnexpected } from '../errors.ts'
import { execute } from '../methods/execute.ts'
import type { Answer } from '../methods/outcome.ts'
import type { BodyFrame, HeaderFrame, MethodFrame } from '../protocol/frame.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import type { ChannelHost } from './host.ts'
import { Ledger } from './ledger.ts'
import { CHANNEL_CLOSING, CHANNEL_OPEN, type ChannelEffect, type ChannelState, stepChannel } from './machine.ts'
import { ChannelPublishing } from './publishing.ts'
import type { ChannelReplies } from './reply-consumer.ts'
import { Requests } from './requests.ts'
import { Settling } from './settling.ts'

/** Payloads that clients have and have not settled at most, over all of a gateway: they are kept for a reject. */
const MAX_OUTSTANDING_BYTES = 268_435_456

type DeliverAddress = Pick<MethodNamed<'basic.deliver'>, 'deliveryTag' | 'redelivered' | 'exchange' | 'routingKey'>

/**
 * One channel: its frames become requests, which are executed one behind the other, and what consumers of it are given goes
 * to the client.
 */
export class Channel implements ConsumerChannel {
  readonly number: number
  readonly host: ChannelHost
  readonly ledger = new Ledger()
  readonly settling: Settling
  readonly consumers = new Map<string, Consumer>()
  readonly publishing: ChannelPublishing
  /** Ids of queues whose deletion the client waits for: it hears of it before their consumers do. */
  readonly deleting = new Set<string>()
  /** The queue that an empty name means: the one declared last. */
  lastQueue: string | undefined
  /** Of consumers to come, each for itself; 0 for none. */
  consumerPrefetch = 0
  /** Of all consumers together; 0 for none. */
  channelPrefetch = 0
  /** Who receives replies without a queue. */
  replies: ChannelReplies | undefined
  #state: ChannelState = CHANNEL_OPEN
  readonly #requests: Requests
  #isReleased = false
  /** The client is told why, and nothing else any more. */
  #hasFailed = false
  /** The client has asked for the end, and is owed close-ok even where an error of ours comes first. */
  #isCloseAsked = false

  constructor(number: number, host: ChannelHost) {
    this.number = number
    this.host = host
    this.settling = new Settling(host.gateway.outstanding)
    this.publishing = new ChannelPublishing(this)
    this.#requests = new Requests({
      onHeldBytes: (change) => host.hold(change),
      onError: (thrown, method) => this.fail(thrown, method),
    })
  }

  get isOpen(): boolean {
    return !this.#isReleased
  }

  /** Of a body that is not whole yet. */
  get unfinishedBytes(): number {
    return this.#state.phase === 'body' ? this.#state.body.receivedBytes : 0
  }

  accept(frame: MethodFrame | HeaderFrame | BodyFrame): void {
    const { state, effects } = stepChannel(this.#state, frame, { maxPayloadBytes: MAX_PAYLOAD_BYTES })
    this.#state = state
    for (const effect of effects) this.#apply(effect)
  }

  #apply(effect: ChannelEffect): void {
    switch (effect.type) {
      case 'execute': {
        const { method } = effect
        this.#requests.push(
          method.name,
          () => execute(this, method),
          (answer) => this.#answer(answer),
        )
        return
      }
      case 'publish': {
        const { publish, content } = effect
        this.#requests.push(
          'basic.publish',
          () => this.publishing.publish(publish, content),
          undefined,
          content.payload.length,
        )
        return
      }
      case 'fail':
        // What came before it is executed first, as its own errors come first.
        this.#requests.push(effect.error.method, () => Promise.reject(effect.error))
        return
      case 'send':
        this.host.send(this.number, effect.method)
        return
      case 'close':
        this.#isCloseAsked = true
        this.#requests.push(
          'channel.close',
          () => this.#close(),
          (answer) => this.#answer(answer),
        )
        return
      case 'forget':
        this.host.forget(this)
    }
  }

  #answer({ method, sent }: Answer): void {
    if (this.#hasFailed) return
    if (method !== undefined) this.host.send(this.number, method)
    sent?.()
  }

  async #close(): Promise<Answer> {
    await this.publishing.idle
    // A publish that failed has closed the channel already: its number is free once the client has answered that.
    if (this.#isReleased) return {}
    await this.release()
    return { method: { name: 'channel.close-ok' }, sent: () => this.host.forget(this) }
  }

  /** Ends the channel, or the connection where the error says so. Only the first error counts. */
  fail(thrown: unknown, method?: MethodFrame['method']['name']): void {
    if (this.#isReleased) return
    if (isUnexpected(thrown)) logError('an AMQP request failed', thrown, { method: method ?? '' })
    const error = amqpErrorOf(thrown).of(method)
    this.#state = CHANNEL_CLOSING
    this.#hasFailed = true
    if (error.scope === 'connection') {
      this.host.fail(error)
      return
    }
    void this.release()
    this.host.send(this.number, { name: 'channel.close', ...closeReasonOf(error) })
    if (this.#isCloseAsked) this.host.send(this.number, { name: 'channel.close-ok' })
  }

  /** The client has gone, or the channel has: everything is given back. Resolves when it is. */
  async release(): Promise<void> {
    if (this.#isReleased) return
    this.#isReleased = true
    this.#requests.stop()
    this.publishing.stop()
    this.replies?.end()
    const consumers = [...this.consumers.values()]
    this.consumers.clear()
    const ended = consumers.map((consumer) => this.host.gateway.consumers.end(consumer))
    this.settling.settle([...this.publishing.withheld, ...this.ledger.takeAll()], 'release')
    await Promise.all([this.settling.idle(), ...ended])
  }

  /** Resolves when what was asked for so far is done. */
  async idle(): Promise<void> {
    await this.#requests.idle
    await this.publishing.idle
  }

  credit(): number {
    return this.channelPrefetch === 0 ? Number.POSITIVE_INFINITY : this.channelPrefetch - this.ledger.size
  }

  hasRoom(): boolean {
    return this.host.gateway.outstanding.bytes < MAX_OUTSTANDING_BYTES
  }

  isWritable(): boolean {
    return this.isOpen && this.host.isWritable()
  }

  send(consumer: Consumer, delivery: Delivery): void {
    if (this.#hasFailed) return
    const { tag: consumerTag, noAck, feed } = consumer.options
    const address = this.noteDelivery(delivery, feed, noAck ? undefined : { consumer })
    this.host.sendContent(this.number, { name: 'basic.deliver', consumerTag, ...address }, delivery.message)
  }

  /** Numbers a delivery; one that is to be settled is outstanding from now. */
  noteDelivery(
    delivery: Delivery,
    feed: Feed,
    toSettle: { readonly consumer: Consumer | undefined } | undefined,
  ): DeliverAddress {
    const { message, redelivered } = delivery
    const deliveryTag = this.ledger.newTag()
    if (toSettle) {
      const { broker, outstanding } = this.host.gateway
      const deliveredAtMs = broker.clock.monotonicMs()
      outstanding.bytes += message.payload.length
      this.ledger.add({ tag: deliveryTag, delivery, feed, consumer: toSettle.consumer, deliveredAtMs })
    }
    return { deliveryTag, redelivered, exchange: message.exchange, routingKey: message.routingKey }
  }

  cancelled(consumer: Consumer): void {
    const { tag } = consumer.options
    if (!this.consumers.delete(tag)) return
    void this.host.gateway.consumers.end(consumer)
    if (this.#hasFailed) return
    if (!this.host.can('consumer_cancel_notify')) return
    this.host.send(this.number, { name: 'basic.cancel', consumerTag: tag, nowait: true })
  }

  /** There may be more credit. */
  wakeConsumers(): void {
    for (const feed of new Set([...this.consumers.values()].map(({ options }) => options.feed))) feed.wake()
  }

  /** Where the client has had a delivery for too long, it is taken to be stuck (contract §6). */
  assertAckInTime(nowMs: number, timeoutMsOf: (queueId: string) => number): void {
    const { oldest } = this.ledger
    if (!oldest) return
    const timeoutMs = timeoutMsOf(oldest.feed.queueId)
    if (nowMs - oldest.deliveredAtMs < timeoutMs) return
    const text =
      `delivery acknowledgement on channel ${this.number} timed out. Timeout value used: ${timeoutMs} ms. ` +
      'This timeout value can be configured, see consumers doc guide to learn more'
    this.fail(new AmqpError(406, text))
  }
}

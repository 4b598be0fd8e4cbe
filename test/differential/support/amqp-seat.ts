import { inspect } from 'node:util'
import type { Method, MethodName } from '../../../lib/amqp/protocol/methods.ts'
import type { Arrived, Channel } from '../../amqp/channel.ts'

/** Who holds deliveries that were got, where a consumer's tag says who holds the others. */
const GOT = '(got)'

const ENDS: ReadonlySet<MethodName> = new Set<MethodName>(['channel.close', 'channel.close-ok', 'connection.close'])

/** Names that a broker makes up read alike on both sides. */
const withoutMadeUpNames = (text: string): string =>
  text.replace(/amq\.gen-[\w-]{22}/g, 'amq.gen-…').replace(/amq\.ctag-[\w-]{22}/g, 'amq.ctag-…')

/** Equal texts of equal values, types of numbers included. */
const textOf = (value: unknown): string =>
  withoutMadeUpNames(inspect(value, { sorted: true, depth: null, breakLength: Number.POSITIVE_INFINITY }))

const describeMethod = ({ name, ...fields }: Method): string => `${name} ${textOf(fields)}`

const describeContent = ({ properties, payload }: Arrived): string =>
  textOf({ ...properties, payload: String(payload) })

/**
 * What has arrived on one channel of one side, in the form in which it is compared: replies in order, since a client waits for
 * them; confirms, returns and deliveries as sets, since they come when they come.
 */
export class AmqpSeat {
  readonly channel: Channel
  isOpen = true
  /** The queue last declared here, as this side has named it. */
  lastDeclared = ''
  /** Whether the consume or get that is under way asks for no acknowledgements. */
  isSilent = false
  /** Tags of those that consume here. */
  readonly consumers = new Set<string>()
  readonly #silentConsumers = new Set<string>()
  readonly #replies: string[] = []
  readonly #confirms: string[] = []
  readonly #returns: string[] = []
  readonly #deliveries: { readonly consumerTag: string; readonly text: string }[] = []
  /** Delivery tags that wait for their settlement, by who holds them. */
  readonly #outstanding = new Map<string, number[]>()
  /** Settled in a transaction that has not come to its end. */
  readonly #uncommitted = new Map<string, number[]>()
  #isTransactional = false
  #nextConfirm = 1

  constructor(channel: Channel) {
    this.channel = channel
    channel.watch((arrived) => this.#take(arrived))
  }

  /** Everything that must agree; without `isExact`, of deliveries only how many each consumer has. */
  describe(isExact: boolean): string {
    const deliveries = this.#deliveries.map(({ consumerTag, text }) =>
      isExact ? text : withoutMadeUpNames(consumerTag),
    )
    return [
      ...this.#replies,
      ...this.#confirms.toSorted().map((confirm) => `confirmed: ${confirm}`),
      ...this.#returns.toSorted().map((returned) => `returned: ${returned}`),
      ...deliveries.toSorted().map((delivery) => `delivered: ${delivery}`),
      ...(this.isOpen ? [] : ['closed']),
    ].join('\n')
  }

  /** Delivery tags that wait for their settlement, those of one holder next to each other. */
  outstanding(): readonly number[] {
    return [...this.#outstanding.keys()].toSorted().flatMap((holder) => this.#outstanding.get(holder) ?? [])
  }

  settle(tags: ReadonlySet<number>): void {
    for (const [holder, held] of this.#outstanding) {
      const settled = held.filter((tag) => tags.has(tag))
      this.#outstanding.set(
        holder,
        held.filter((tag) => !tags.has(tag)),
      )
      if (this.#isTransactional) for (const tag of settled) hold(this.#uncommitted, holder, tag)
    }
  }

  /** All go back to their queues, and may come again under new tags. */
  forgetOutstanding(): void {
    this.#outstanding.clear()
  }

  hasNamelessConsumer(): boolean {
    return [...this.consumers].some((consumerTag) => consumerTag.startsWith('amq.ctag-'))
  }

  addConsumer(consumerTag: string): void {
    this.consumers.add(consumerTag)
    if (this.isSilent) this.#silentConsumers.add(consumerTag)
    else this.#silentConsumers.delete(consumerTag)
  }

  #take(arrived: Arrived): void {
    const { method } = arrived
    switch (method.name) {
      case 'basic.deliver':
        this.#takeDelivery(arrived, method)
        break
      case 'basic.get-ok':
        if (!this.isSilent) hold(this.#outstanding, GOT, method.deliveryTag)
        this.#replies.push(`basic.get-ok ${method.deliveryTag}, ${method.messageCount} left`)
        break
      case 'basic.return':
        this.#returns.push(`${describeMethod(method)} ${describeContent(arrived)}`)
        break
      case 'basic.ack':
      case 'basic.nack':
        this.#takeConfirm(method)
        break
      default:
        this.#takeReply(method)
    }
  }

  #takeDelivery(arrived: Arrived, method: Extract<Method, { name: 'basic.deliver' }>): void {
    const { consumerTag, deliveryTag } = method
    if (!this.#silentConsumers.has(consumerTag)) hold(this.#outstanding, consumerTag, deliveryTag)
    const text = `${describeMethod({ ...method, deliveryTag: 0 })} ${describeContent(arrived)}`
    this.#deliveries.push({ consumerTag, text })
  }

  #takeConfirm({ name, deliveryTag, multiple }: Extract<Method, { name: 'basic.ack' | 'basic.nack' }>): void {
    const first = multiple ? this.#nextConfirm : deliveryTag
    for (let tag = first; tag <= deliveryTag; tag += 1) this.#confirms.push(`${name} ${tag}`)
    this.#nextConfirm = Math.max(this.#nextConfirm, deliveryTag + 1)
  }

  #takeReply(method: Method): void {
    // The end of every step is noticed by one.
    if (method.name === 'channel.flow-ok') return
    this.#replies.push(describeMethod(method))
    if (ENDS.has(method.name)) this.isOpen = false
    if (method.name === 'queue.declare-ok') this.lastDeclared = method.queue
    if (method.name === 'basic.consume-ok') this.addConsumer(method.consumerTag)
    if (method.name === 'basic.cancel-ok' || method.name === 'basic.cancel') this.consumers.delete(method.consumerTag)
    if (method.name === 'tx.select-ok') this.#isTransactional = true
    if (method.name === 'tx.commit-ok') this.#uncommitted.clear()
    if (method.name === 'tx.rollback-ok') this.#takeBack()
  }

  #takeBack(): void {
    for (const [holder, tags] of this.#uncommitted) for (const tag of tags) hold(this.#outstanding, holder, tag)
    this.#uncommitted.clear()
  }
}

function hold(held: Map<string, number[]>, holder: string, tag: number): void {
  held.set(holder, [...(held.get(holder) ?? []), tag])
}

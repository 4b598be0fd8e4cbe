import { explainPublish, type PublishInput } from '../../broker/publication.ts'
import { REPLY_TO } from '../../broker/reply-queue.ts'
import { withoutBcc } from '../../model/message.ts'
import type { Settlement } from '../consuming/source.ts'
import { AmqpError } from '../errors.ts'
import type { MethodNamed } from '../protocol/methods.ts'
import { type Confirmed, confirmsOf } from '../publishing/confirms.ts'
import { type Pending, Publisher, type PublishResult } from '../publishing/publisher.ts'
import { storeBatch } from '../publishing/store.ts'
import type { Channel } from './channel.ts'
import type { Outstanding } from './ledger.ts'
import type { Content } from './machine.ts'

interface Withheld {
  readonly entries: readonly Outstanding[]
  readonly settlement: Settlement
}

/** What a channel does with publishes, and in a transaction with settlements (contract §4). */
type Mode =
  | { readonly type: 'plain' }
  | { readonly type: 'confirm'; lastSequence: number }
  | { readonly type: 'tx'; publishes: Pending[]; settlements: Withheld[] }

/** The publishes of a channel: what becomes of them, and what the client is told. */
export class ChannelPublishing {
  readonly #channel: Channel
  readonly #publisher: Publisher
  #mode: Mode = { type: 'plain' }

  constructor(channel: Channel) {
    this.#channel = channel
    this.#publisher = new Publisher({
      open: async () => {
        const session = await channel.host.session()
        return (batch) => storeBatch(session, batch)
      },
      onResults: (batch, results) => this.#onResults(batch, results),
      onFailure: (thrown) => channel.fail(thrown, 'basic.publish'),
      onHeldBytes: (change) => channel.host.hold(change),
    })
  }

  /** Resolves when what was published so far is stored and the client knows; undefined where nothing is under way. */
  get idle(): Promise<void> | undefined {
    return this.#publisher.idle
  }

  /** What a transaction has settled and not committed. */
  get withheld(): readonly Outstanding[] {
    return this.#mode.type === 'tx' ? this.#mode.settlements.flatMap(({ entries }) => entries) : []
  }

  /** As the HTTP API shows it. */
  get shown() {
    const [isConfirming, isTransactional] = [this.#mode.type === 'confirm', this.#mode.type === 'tx']
    const uncommitted = this.#mode.type === 'tx' ? this.#mode.publishes.length : 0
    return { isConfirming, isTransactional, unconfirmed: isConfirming ? this.#publisher.count : 0, uncommitted }
  }

  stop(): void {
    this.#publisher.stop()
  }

  publish(publish: MethodNamed<'basic.publish'>, content: Content): undefined | Promise<undefined> {
    const { exchange, routingKey, mandatory, immediate } = publish
    if (immediate) throw new AmqpError(540, 'immediate=true')
    const { replies } = this.#channel
    const wantsReplies = content.properties.reply_to === REPLY_TO
    if (wantsReplies && replies === undefined) return this.#refuseReplies({ exchange, routingKey, ...content })
    // Replies to a consumer without a queue come to its address, which only the broker can give.
    const properties = wantsReplies && replies ? { ...content.properties, reply_to: replies.name } : content.properties
    const input = { exchange, routingKey, payload: content.payload, properties }
    const mode = this.#mode
    if (mode.type === 'tx') return this.#withhold(mode, { input, mandatory, sequence: undefined })
    if (mode.type === 'confirm') mode.lastSequence += 1
    this.#publisher.push({ input, mandatory, sequence: mode.type === 'confirm' ? mode.lastSequence : undefined })
    return undefined
  }

  /** For a channel without a consumer of replies. What else the publish is refused for comes first. */
  async #refuseReplies(input: PublishInput): Promise<undefined> {
    explainPublish(await this.#channel.host.session(), input)
    throw new AmqpError(406, 'fast reply consumer does not exist')
  }

  /** What would be refused is refused at once. */
  async #withhold(mode: Extract<Mode, { type: 'tx' }>, pending: Pending): Promise<undefined> {
    explainPublish(await this.#channel.host.session(), pending.input)
    mode.publishes.push(pending)
    return undefined
  }

  /** Settles, or in a transaction keeps it for the commit. */
  settle(entries: readonly Outstanding[], settlement: Settlement): void {
    if (this.#mode.type === 'tx') this.#mode.settlements.push({ entries, settlement })
    else this.#channel.settling.settle(entries, settlement)
  }

  selectConfirm(): void {
    if (this.#mode.type === 'tx') throw new AmqpError(406, 'cannot switch from tx to confirm mode')
    if (this.#mode.type === 'plain') this.#mode = { type: 'confirm', lastSequence: 0 }
  }

  selectTx(): void {
    if (this.#mode.type === 'confirm') throw new AmqpError(406, 'cannot switch from confirm to tx mode')
    if (this.#mode.type === 'plain') this.#mode = { type: 'tx', publishes: [], settlements: [] }
  }

  /** Publishes, then settles: what dies in between is delivered again. */
  async commit(): Promise<void> {
    const mode = this.#transaction()
    const { publishes, settlements } = mode
    mode.publishes = []
    for (const pending of publishes) this.#publisher.push(pending)
    await this.#publisher.idle
    if (!this.#channel.isOpen) return
    mode.settlements = []
    for (const { entries, settlement } of settlements) this.#channel.settling.settle(entries, settlement)
    await this.#channel.settling.idle()
  }

  rollback(): void {
    const mode = this.#transaction()
    this.#channel.ledger.putBack(this.withheld)
    mode.publishes = []
    mode.settlements = []
  }

  #transaction(): Extract<Mode, { type: 'tx' }> {
    if (this.#mode.type !== 'tx') throw new AmqpError(406, 'channel is not transactional')
    return this.#mode
  }

  /** Returns come before confirms; behind a refused message nothing was sent. */
  #onResults(batch: readonly Pending[], results: readonly PublishResult[]): void {
    const confirmed: Confirmed[] = []
    let refusal: unknown
    for (const [index, result] of results.entries()) {
      const pending = batch[index] as Pending
      const isConfirmable = !('error' in result) || isNack(result.error.kind, pending)
      if (!isConfirmable) {
        refusal = result.error
        break
      }
      const isStored = !('error' in result)
      if (isStored && !result.routed && pending.mandatory) this.#return(pending)
      if (pending.sequence !== undefined) confirmed.push({ sequence: pending.sequence, isStored })
    }
    const { host, number } = this.#channel
    for (const confirm of confirmsOf(confirmed)) host.send(number, confirm)
    if (refusal !== undefined) this.#channel.fail(refusal, 'basic.publish')
  }

  #return({ input: { exchange, routingKey, properties, payload } }: Pending): void {
    const method = { name: 'basic.return', replyCode: 312, replyText: 'NO_ROUTE', exchange, routingKey } as const
    const content = { properties: withoutBcc(properties), payload }
    this.#channel.host.sendContent(this.#channel.number, method, content)
  }
}

/**
 * Whether the client is told by a nack that its message was not stored; without confirms what a full queue refuses is
 * dropped, as in RabbitMQ, and any other failure ends the connection.
 */
const isNack = (kind: string, { sequence }: Pending): boolean =>
  kind === 'full' || (kind === 'unavailable' && sequence !== undefined)

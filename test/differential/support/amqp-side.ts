import { setTimeout as delay } from 'node:timers/promises'
import type { MethodName } from '../../../lib/amqp/protocol/methods.ts'
import { type Client, type Login, openClient } from '../../amqp/client.ts'
import { malformed } from '../generators/amqp-malformed.ts'
import type { AmqpStep, Leave, Say, Seat, Settle } from '../generators/amqp-sequence.ts'
import { AmqpSeat } from './amqp-seat.ts'

/** What a broker needs at most to notice that a client is gone that has not said so. */
const CUT_NOTICED_MS = 150
/** A delivery tag that no case comes to. */
const UNKNOWN_TAG = 1000

interface Connected {
  readonly client: Client
  /** Of channel 0. */
  readonly connection: AmqpSeat
  readonly seats: Map<number, AmqpSeat>
}

/** One of the two brokers of a case: its connections and channels, and what has arrived on them. */
export class AmqpSide {
  readonly name: string
  readonly #port: number
  readonly #logins: readonly Login[]
  readonly #connections = new Map<number, Connected>()

  /** `logins` are those of the connections, in their order. */
  constructor(name: string, url: string, logins: readonly Login[]) {
    this.name = name
    this.#port = Number(new URL(url).port)
    this.#logins = logins
  }

  close(): void {
    for (const { client } of this.#connections.values()) client.destroy()
  }

  /** What has arrived on the connections and channels that are there, ended ones included until they are replaced. */
  describe(isExact: boolean): string {
    const seats = [...this.#connections].flatMap(([number, { connection, seats }]) => [
      { title: `connection ${number}`, seat: connection },
      ...[...seats].map(([channel, seat]) => ({ title: `connection ${number}, channel ${channel}`, seat })),
    ])
    const texts = seats.map(({ title, seat }) => `${title}:\n${seat.describe(isExact)}`)
    return texts.toSorted().join('\n')
  }

  /** The channel of a seat, opened anew where it or its connection has ended. */
  async seatAt({ connection, channel }: Seat): Promise<AmqpSeat> {
    const { client, seats } = await this.#connected(connection)
    const seat = seats.get(channel)
    if (seat?.isOpen === true) return seat
    const opened = new AmqpSeat(await client.openChannel(channel))
    seats.set(channel, opened)
    return opened
  }

  async #connected(number: number): Promise<Connected> {
    const before = this.#connections.get(number)
    if (before?.connection.isOpen === true) return before
    before?.client.destroy()
    const client = await openClient({ port: this.#port }, this.#logins[number])
    const connected: Connected = { client, seats: new Map(), connection: new AmqpSeat(client.connection) }
    this.#connections.set(number, connected)
    void client.ended.then(() => this.#end(connected))
    return connected
  }

  #end({ connection, seats }: Connected): void {
    connection.isOpen = false
    for (const seat of seats.values()) seat.isOpen = false
  }

  /** Whether the consumer of a seat still is one; of those whose tags are made up, whether there is any. */
  isConsuming({ connection, channel }: Seat, consumerTag: string): boolean {
    const connected = this.#connections.get(connection)
    const seat = connected?.seats.get(channel)
    if (connected?.connection.isOpen !== true || seat?.isOpen !== true) return false
    return consumerTag === '' ? seat.hasNamelessConsumer() : seat.consumers.has(consumerTag)
  }

  /** Does a step, and returns once the broker is done with it and with what came before on its channel. */
  async take(step: AmqpStep): Promise<void> {
    const seat = await this.seatAt(step.at)
    const { client } = await this.#connected(step.at.connection)
    if (step.kind === 'leave') return this.#leave(step, client)
    this.#send(step, seat, client)
    try {
      if (step.kind === 'say' && isAnswered(step)) await seat.channel.replies.take(`answer to ${step.name}`)
      if (!seat.isOpen) return
      seat.channel.send('channel.flow', { active: true })
      await seat.channel.reply('channel.flow-ok')
    } catch (error) {
      if (seat.channel.isEnded) return
      throw new Error(`${this.name}: ${error}`, { cause: error })
    }
  }

  async #leave({ isOrderly }: Leave, client: Client): Promise<void> {
    if (isOrderly) return client.close()
    client.destroy()
    await client.ended
    await delay(CUT_NOTICED_MS)
  }

  #send(step: Exclude<AmqpStep, Leave>, seat: AmqpSeat, client: Client): void {
    switch (step.kind) {
      case 'say':
        this.#say(step, seat)
        break
      case 'publish':
        seat.channel.publish(step)
        break
      case 'settle':
        this.#settle(step, seat)
        break
      case 'malformed':
        client.write(malformed[step.what]?.(step.at.channel) ?? Buffer.alloc(0))
    }
  }

  #say({ name, fields }: Say, seat: AmqpSeat): void {
    seat.isSilent = fields.noAck === true
    if (fields.nowait === true && name === 'basic.consume') seat.addConsumer(String(fields.consumerTag))
    if (fields.nowait === true && name === 'basic.cancel') seat.consumers.delete(String(fields.consumerTag))
    if (name.startsWith('basic.recover')) seat.forgetOutstanding()
    seat.channel.send(name, fields)
  }

  #settle({ how, pick, multiple, requeue }: Settle, seat: AmqpSeat): void {
    const outstanding = seat.outstanding()
    const picked = outstanding[pick % outstanding.length] ?? UNKNOWN_TAG
    if (!multiple || how === 'basic.reject') {
      seat.settle(new Set([picked]))
      seat.channel.send(how, settlement(picked, false, requeue))
      return
    }
    seat.settle(new Set(outstanding))
    const last = Math.max(...outstanding)
    seat.channel.send(how, settlement(outstanding.length === 0 || pick % 2 === 0 ? 0 : last, true, requeue))
  }
}

const UNANSWERED: ReadonlySet<MethodName> = new Set<MethodName>(['basic.recover-async'])

const isAnswered = ({ name, fields }: Say): boolean => fields.nowait !== true && !UNANSWERED.has(name)

/** Fields of basic.nack, of which basic.ack and basic.reject have some. */
const settlement = (deliveryTag: number, multiple: boolean, requeue: boolean): object => ({
  deliveryTag,
  multiple,
  requeue,
})

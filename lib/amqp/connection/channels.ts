import { Channel } from '../channel/channel.ts'
import { AmqpError } from '../errors.ts'
import type { BodyFrame, HeaderFrame, MethodFrame } from '../protocol/frame.ts'
import type { Connection } from './connection.ts'

/** Unfinished bodies of one connection at most, bytes: it cannot be slowed down, as only more bytes finish them. */
const MAX_UNFINISHED_BYTES = 67_108_864

/** The channels of a connection, by number. */
export class Channels {
  readonly #connection: Connection
  readonly #channels = new Map<number, Channel>()
  #unfinishedBytes = 0

  constructor(connection: Connection) {
    this.#connection = connection
  }

  get all(): readonly Channel[] {
    return [...this.#channels.values()]
  }

  accept(frame: MethodFrame | HeaderFrame | BodyFrame): void {
    const channel = this.#channels.get(frame.channel)
    if (channel === undefined) {
      this.#acceptUnknown(frame)
      return
    }
    this.#unfinishedBytes -= channel.unfinishedBytes
    channel.accept(frame)
    this.#unfinishedBytes += channel.unfinishedBytes
    if (this.#unfinishedBytes > MAX_UNFINISHED_BYTES) {
      this.#connection.fail(new AmqpError(506, 'too many unfinished messages on the channels of this connection'))
    }
  }

  #acceptUnknown(frame: MethodFrame | HeaderFrame | BodyFrame): void {
    const name = frame.type === 'method' ? frame.method.name : undefined
    if (name !== 'channel.open') {
      this.#connection.fail(new AmqpError(504, "expected 'channel.open'", name))
      return
    }
    const { channelMax } = this.#connection.tuned
    if (this.#channels.size >= channelMax) {
      const text = `number of channels opened (${this.#channels.size}) has reached the negotiated channel_max (${channelMax})`
      this.#connection.fail(new AmqpError(530, text, name))
      return
    }
    this.#channels.set(frame.channel, new Channel(frame.channel, this.#connection))
    this.#connection.send(frame.channel, { name: 'channel.open-ok' })
  }

  forget(channel: Channel): void {
    this.#unfinishedBytes -= channel.unfinishedBytes
    this.#channels.delete(channel.number)
  }

  wakeConsumers(): void {
    for (const channel of this.#channels.values()) channel.wakeConsumers()
  }

  /** Resolves when all that was asked for is done. */
  async idle(): Promise<void> {
    await Promise.all(this.all.map((channel) => channel.idle()))
  }

  async release(): Promise<void> {
    await Promise.all(this.all.map((channel) => channel.release()))
    this.#channels.clear()
  }
}

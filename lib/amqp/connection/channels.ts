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

  get count(): number {
    return this.#channels.size
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
    const refusal = this.#refusal()
    if (refusal !== undefined) {
      this.#connection.fail(new AmqpError(530, refusal, name))
      return
    }
    this.#channels.set(frame.channel, new Channel(frame.channel, this.#connection))
    this.#connection.send(frame.channel, { name: 'channel.open-ok' })
  }

  /** Why there may be no further channel. */
  #refusal(): string | undefined {
    const { tuned, identity, gateway } = this.#connection
    const open = this.#channels.size
    if (open >= tuned.channelMax) {
      return `number of channels opened (${open}) has reached the negotiated channel_max (${tuned.channelMax})`
    }
    const limit = identity?.user.limits['max-channels']
    if (identity === undefined || limit === undefined || limit < 0) return undefined
    if (gateway.connections.channelCount(identity.user.name) < limit) return undefined
    return `number of channels opened for user '${identity.user.name}' has reached the maximum allowed user limit of (${limit})`
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

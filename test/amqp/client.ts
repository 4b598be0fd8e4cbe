import { connect, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import type { BodyFrame, Frame, HeaderFrame } from '../../lib/amqp/protocol/frame.ts'
import { FrameReader } from '../../lib/amqp/protocol/frame-reader.ts'
import { encodeContent, encodeMethod } from '../../lib/amqp/protocol/frame-writer.ts'
import { type ContentMethod, hasContent, type Method, type MethodNamed } from '../../lib/amqp/protocol/methods.ts'
import { PROTOCOL_HEADER } from '../../lib/amqp/protocol/protocol-header.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import type { Properties } from '../../lib/model/message.ts'
import { Channel, ServerClosed, type Wire } from './channel.ts'

export interface Address {
  readonly port: number
  readonly host?: string
  /** How to connect over TLS; without it plain TCP is spoken. */
  readonly tls?: ConnectionOptions
}

export interface Login {
  readonly username?: string
  readonly password?: string
  /** By default PLAIN, with the response that name and password make. */
  readonly mechanism?: string
  readonly response?: Uint8Array
  readonly vhost?: string
  readonly frameMax?: number
  readonly channelMax?: number
  /** Seconds; 0, as it is where nothing is said, turns them off. The client sends none of its own accord. */
  readonly heartbeat?: number
  readonly clientProperties?: AmqpTable
}

/** What a client says it can: closes with a reason at login, basic.cancel and connection.blocked. */
const CAPABLE: AmqpTable = {
  product: 'test',
  capabilities: {
    authentication_failure_close: true,
    'basic.nack': true,
    'connection.blocked': true,
    consumer_cancel_notify: true,
    publisher_confirms: true,
  },
}

interface Unfinished {
  readonly method: Method
  header?: HeaderFrame
  readonly parts: Uint8Array[]
  missing: number
}

/**
 * A connection to a broker, as raw as a test may want it: it puts contents together, answers closes, and leaves the rest to
 * whoever uses it. Once the connection has ended, every channel's mailboxes say why.
 */
export class Client implements Wire {
  readonly socket: Socket
  readonly reader = new FrameReader()
  readonly connection: Channel
  readonly #channels = new Map<number, Channel>()
  readonly #unfinished = new Map<number, Unfinished>()
  readonly #ended = Promise.withResolvers<MethodNamed<'connection.close'> | undefined>()
  #close: MethodNamed<'connection.close'> | undefined
  #frameMax = 131_072

  /** Connects; nothing is said yet. Most tests want {@link openClient}. */
  constructor({ port, host = '127.0.0.1', tls }: Address) {
    this.reader.frameMax = 2 ** 31
    this.connection = this.channel(0)
    this.socket = tls ? connectTls({ port, host, ...tls }) : connect({ port, host, noDelay: true })
    this.socket.on('data', (chunk) => this.#take(chunk))
    this.socket.on('error', () => {})
    this.socket.on('close', () => this.#end())
  }

  /** Resolves when the TCP connection has ended, with the server's connection.close if it has sent one. */
  get ended(): Promise<MethodNamed<'connection.close'> | undefined> {
    return this.#ended.promise
  }

  /** The channel of a number, whether it is open or not. */
  channel(number: number): Channel {
    const known = this.#channels.get(number)
    if (known !== undefined) return known
    const channel = new Channel(number, this)
    this.#channels.set(number, channel)
    return channel
  }

  /** Opens a channel; its mailboxes are new. */
  async openChannel(number = Math.max(...this.#channels.keys()) + 1): Promise<Channel> {
    this.#channels.delete(number)
    const channel = this.channel(number)
    await channel.call('channel.open')
    return channel
  }

  /** The protocol header and all that follows it up to open-ok. */
  async open({ vhost = '/', frameMax, channelMax, heartbeat = 0, ...login }: Login = {}): Promise<void> {
    this.write(PROTOCOL_HEADER)
    await this.connection.reply('connection.start')
    this.connection.send('connection.start-ok', {
      clientProperties: login.clientProperties ?? CAPABLE,
      mechanism: login.mechanism ?? 'PLAIN',
      response: login.response ?? Buffer.from(`\0${login.username ?? 'guest'}\0${login.password ?? 'guest'}`),
      locale: 'en_US',
    })
    const tune = await this.connection.reply('connection.tune')
    this.#frameMax = frameMax ?? tune.frameMax
    this.connection.send('connection.tune-ok', {
      channelMax: channelMax ?? tune.channelMax,
      frameMax: this.#frameMax,
      heartbeat,
    })
    await this.connection.call('connection.open', { vhost })
  }

  write(bytes: Uint8Array): void {
    this.socket.write(bytes)
  }

  sendMethod(channel: number, method: Method): void {
    this.write(encodeMethod(channel, method))
  }

  sendContent(channel: number, method: ContentMethod, properties: Properties, payload: Uint8Array): void {
    for (const buffer of encodeContent(channel, method, properties, payload, this.#frameMax)) this.write(buffer)
  }

  /** Closes in order: close, close-ok, end of TCP. */
  async close(): Promise<void> {
    await this.connection.call('connection.close', { replyCode: 200, replyText: 'bye' })
    this.socket.end()
    await this.ended
  }

  /** Goes without a word, as a client that dies. */
  destroy(): void {
    this.socket.destroy()
  }

  #take(chunk: Uint8Array): void {
    try {
      this.reader.push(chunk)
      for (let frame = this.reader.next(); frame !== undefined; frame = this.reader.next()) this.#takeFrame(frame)
    } catch (error) {
      this.socket.destroy(error as Error)
    }
  }

  #takeFrame(frame: Frame): void {
    if (frame.type === 'heartbeat') return
    if (frame.type === 'method') this.#takeMethod(frame.channel, frame.method)
    else this.#takeContent(frame)
  }

  #takeContent(frame: HeaderFrame | BodyFrame): void {
    const unfinished = this.#unfinished.get(frame.channel)
    if (unfinished === undefined) throw new Error(`a ${frame.type} frame on channel ${frame.channel} after no method`)
    if (frame.type === 'header') {
      unfinished.header = frame
      unfinished.missing = frame.bodySize
    } else {
      unfinished.parts.push(frame.payload)
      unfinished.missing -= frame.payload.length
    }
    if (unfinished.missing === 0) this.#finish(frame.channel, unfinished)
  }

  #takeMethod(number: number, method: Method): void {
    if (this.#unfinished.has(number)) throw new Error(`${method.name} on channel ${number} instead of content`)
    if (hasContent(method)) {
      this.#unfinished.set(number, { method, parts: [], missing: -1 })
      return
    }
    this.channel(number).arrive({ method })
    if (method.name === 'channel.close') this.sendMethod(number, { name: 'channel.close-ok' })
    if (method.name !== 'connection.close') return
    this.#close = method
    this.sendMethod(0, { name: 'connection.close-ok' })
    for (const channel of this.#channels.values()) channel.end(new ServerClosed(method))
  }

  #finish(number: number, { method, header, parts }: Unfinished): void {
    this.#unfinished.delete(number)
    this.channel(number).arrive({ method, properties: header?.properties ?? {}, payload: Buffer.concat(parts) })
  }

  #end(): void {
    const reason = this.#close === undefined ? new Error('the connection has ended') : new ServerClosed(this.#close)
    for (const channel of this.#channels.values()) channel.end(reason)
    this.#ended.resolve(this.#close)
  }
}

/** A client that is connected and logged in, as guest where nothing else is said. */
export async function openClient(address: Address, login?: Login): Promise<Client> {
  const client = new Client(address)
  await client.open(login)
  return client
}

import type { ContentMethod, Method, MethodName, MethodNamed } from '../../lib/amqp/protocol/methods.ts'
import type { Properties } from '../../lib/model/message.ts'
import { Mailbox } from './mailbox.ts'
import { type Fields, methodOf } from './method.ts'

/** A method as it arrived, whole: with the content that followed it, where it is one that has content. */
export interface Arrived {
  readonly method: Method
  readonly properties?: Properties
  readonly payload?: Buffer
}

export interface ArrivedNamed<Name extends MethodName> extends Omit<Arrived, 'method'> {
  readonly method: MethodNamed<Name>
}

export type Close = MethodNamed<'connection.close'> | MethodNamed<'channel.close'>

/** The server has closed the channel or the connection: `close` says what it said. */
export class ServerClosed extends Error {
  override readonly name = 'ServerClosed'
  readonly close: Close

  constructor(close: Close) {
    super(`${close.name} ${close.replyCode} ${close.replyText} (${close.classId}/${close.methodId})`)
    this.close = close
  }
}

/** How a channel gets its frames on the wire. */
export interface Wire {
  sendMethod(channel: number, method: Method): void
  sendContent(channel: number, method: ContentMethod, properties: Properties, payload: Uint8Array): void
}

export interface Publication {
  readonly exchange?: string
  readonly routingKey?: string
  readonly mandatory?: boolean
  readonly immediate?: boolean
  readonly properties?: Properties
  readonly payload?: Uint8Array | string
}

type ReplyName<Name extends MethodName> = `${Name}-ok` & MethodName

/** What a server sends unasked. */
const EVENTS: ReadonlySet<MethodName> = new Set<MethodName>([
  'basic.deliver',
  'basic.return',
  'basic.ack',
  'basic.nack',
  'basic.cancel',
  'channel.flow',
  'connection.blocked',
  'connection.unblocked',
])

/** One channel of a client; channel 0 is the connection itself. Replies and events are taken each in their order. */
export class Channel {
  readonly number: number
  readonly replies = new Mailbox<Arrived>()
  readonly events = new Mailbox<Arrived>()
  readonly #wire: Wire
  readonly #closed = Promise.withResolvers<Close>()
  readonly #watchers: ((arrived: Arrived) => void)[] = []

  #isEnded = false

  constructor(number: number, wire: Wire) {
    this.number = number
    this.#wire = wire
  }

  /** Whether nothing more will arrive. */
  get isEnded(): boolean {
    return this.#isEnded
  }

  /** Resolves once the server has closed this channel. */
  get closed(): Promise<Close> {
    return this.#closed.promise
  }

  /** Calls back with everything that arrives, closes too, in its order. */
  watch(watcher: (arrived: Arrived) => void): void {
    this.#watchers.push(watcher)
  }

  send<Name extends MethodName>(name: Name, fields?: Fields<Name>): void {
    this.#wire.sendMethod(this.number, methodOf(name, fields) as Method)
  }

  /** Sends a method and waits for its `-ok`. Rejects with ServerClosed where the server closes instead. */
  async call<Name extends MethodName>(name: Name, fields?: Fields<Name>): Promise<MethodNamed<ReplyName<Name>>> {
    this.send(name, fields)
    return this.reply(`${name}-ok` as ReplyName<Name>)
  }

  /** The next reply, which must be of this name. */
  async reply<Name extends MethodName>(name: Name): Promise<MethodNamed<Name>> {
    return arrivedNamed(name, await this.replies.take(name)).method
  }

  /** The next event, which must be of this name, with its content; waits as the mailbox does where nothing is said. */
  async event<Name extends MethodName>(name: Name, deadlineMs?: number): Promise<ArrivedNamed<Name>> {
    return arrivedNamed(name, await this.events.take(name, deadlineMs))
  }

  /** basic.get: the message, or undefined where the queue is empty. */
  async get(fields: Fields<'basic.get'>): Promise<ArrivedNamed<'basic.get-ok'> | undefined> {
    this.send('basic.get', fields)
    const arrived = await this.replies.take('basic.get-ok')
    return arrived.method.name === 'basic.get-empty' ? undefined : arrivedNamed('basic.get-ok', arrived)
  }

  publish({ properties = {}, payload = '', ...address }: Publication): void {
    const method = methodOf('basic.publish', address) as ContentMethod
    this.#wire.sendContent(this.number, method, properties, Buffer.from(payload))
  }

  async close(): Promise<void> {
    await this.call('channel.close', { replyCode: 200 })
    this.end(new Error(`channel ${this.number} is closed`))
  }

  /** For the connection: something has arrived here. */
  arrive(arrived: Arrived): void {
    for (const watcher of this.#watchers) watcher(arrived)
    const { method } = arrived
    if (method.name === 'channel.close' || method.name === 'connection.close') {
      this.#closed.resolve(method)
      this.end(new ServerClosed(method))
    } else if (EVENTS.has(method.name)) this.events.put(arrived)
    else this.replies.put(arrived)
  }

  /** For the connection: nothing more will arrive. */
  end(reason: Error): void {
    this.#isEnded = true
    this.replies.end(reason)
    this.events.end(reason)
  }
}

function arrivedNamed<Name extends MethodName>(name: Name, arrived: Arrived): ArrivedNamed<Name> {
  if (arrived.method.name !== name) throw new Error(`expected ${name}, got ${JSON.stringify(arrived.method)}`)
  return arrived as unknown as ArrivedNamed<Name>
}

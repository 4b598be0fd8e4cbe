import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { AuthenticationError } from '../../access/authenticate.ts'
import { hasVhost, openSession, type VhostSession } from '../../broker/session.ts'
import type { Versions } from '../../journal/replicas.ts'
import { logError } from '../../log.ts'
import type { ConnectionRef } from '../../model/connection.ts'
import type { Properties } from '../../model/message.ts'
import type { User } from '../../model/user.ts'
import type { Channel } from '../channel/channel.ts'
import type { ChannelHost } from '../channel/host.ts'
import { AmqpError, amqpErrorOf } from '../errors.ts'
import type { GatewayContext } from '../gateway-context.ts'
import { encodeContent, encodeMethod, HEARTBEAT } from '../protocol/frame-writer.ts'
import type { ContentMethod, Method } from '../protocol/methods.ts'
import { PROTOCOL_HEADER } from '../protocol/protocol-header.ts'
import { ConnectionQueues } from '../temporary/connection-queues.ts'
import { authenticateClient, type Peer } from './authenticate.ts'
import { Channels } from './channels.ts'
import { type Capability, type Client, isCapable } from './client.ts'
import { newConnectionId } from './connection-id.ts'
import { enterVhost } from './enter.ts'
import { OFFER, type Tuned } from './greeting.ts'
import { Heartbeats } from './heartbeats.ts'
import { Inlet } from './inlet.ts'
import {
  CONNECTION_BEGUN,
  type ConnectionEffect,
  type ConnectionInput,
  type ConnectionState,
  stepConnection,
} from './machine.ts'
import { Outbox } from './outbox.ts'
import { type Mechanism, readLogin } from './sasl.ts'

/** What was said before there is a client of which it is known whether it understands more. */
const NO_CLIENT: Client = { properties: {}, mechanism: 'PLAIN' }

/** One client's connection: carries out what the machine says, and is what channels talk through. */
export class Connection implements ChannelHost {
  readonly gateway: GatewayContext
  readonly ref: ConnectionRef
  readonly queues: ConnectionQueues
  readonly channels: Channels
  readonly socket: Socket
  readonly connectedAtMs = Date.now()
  vhost = ''
  client = NO_CLIENT
  tuned: Tuned = OFFER
  user: User | undefined
  readonly #mechanisms: readonly Mechanism[]
  readonly #outbox: Outbox
  readonly #inlet: Inlet
  #heartbeats: Heartbeats | undefined
  #state: ConnectionState = CONNECTION_BEGUN.state
  #vhostId = ''
  #versions: Versions = {}
  #timer: NodeJS.Timeout | undefined
  #released: Promise<void> | undefined
  readonly #ended = Promise.withResolvers<void>()

  constructor(gateway: GatewayContext, socket: Socket) {
    this.gateway = gateway
    this.socket = socket
    this.ref = { gateway: gateway.id, id: newConnectionId() }
    this.queues = new ConnectionQueues(gateway)
    this.channels = new Channels(this)
    this.#mechanisms = this.#peer.certificateName === undefined ? PASSWORDS : [...PASSWORDS, 'EXTERNAL']
    this.#outbox = new Outbox(socket)
    this.#inlet = new Inlet(socket, {
      held: gateway.held,
      onInput: (input) => this.input(input),
      onChannelFrame: (frame) => {
        if (this.isRunning) this.channels.accept(frame)
        else if (frame.type !== 'method') this.input({ type: 'content' })
        else this.input({ type: 'method', method: frame.method })
      },
      onReceived: () => this.#heartbeats?.received(),
      onBlocked: (isBlocked) => this.#tellBlocked(isBlocked),
    })
    socket.on('drain', () => this.channels.wakeConsumers())
    // What goes wrong with a transport is followed by its end.
    socket.on('error', () => undefined)
    socket.on('close', () => this.#onClosed())
    this.#applyAll(CONNECTION_BEGUN.effects)
  }

  get isRunning(): boolean {
    return this.#state.phase === 'running'
  }

  /** Resolves when the transport has ended and all that the client held is given back. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  get #peer(): Peer {
    const isTrusted = this.socket instanceof TLSSocket && this.socket.authorized
    const name = isTrusted ? (this.socket as TLSSocket).getPeerCertificate().subject?.CN : undefined
    return { certificateName: typeof name === 'string' ? name : undefined }
  }

  input(input: ConnectionInput): void {
    const { state, effects } = stepConnection(this.#state, input, { mechanisms: this.#mechanisms })
    this.#state = state
    this.#applyAll(effects)
  }

  #applyAll(effects: readonly ConnectionEffect[]): void {
    for (const effect of effects) this.#apply(effect)
  }

  #apply(effect: ConnectionEffect): void {
    switch (effect.type) {
      case 'send':
        this.#outbox.write(encodeMethod(0, effect.method))
        return
      case 'send-header':
        this.#outbox.write(PROTOCOL_HEADER)
        return
      case 'authenticate':
        void this.#authenticate(effect.client, effect.response)
        return
      case 'tune':
        this.#tune(effect.tuned)
        return
      case 'enter':
        void this.#enter(effect.vhost)
        return
      case 'release':
        void this.#leave()
        return
      case 'abandon':
        void this.#release()
        return
      case 'timer':
        clearTimeout(this.#timer)
        if (effect.afterMs !== undefined)
          this.#timer = setTimeout(() => this.input({ type: 'timeout' }), effect.afterMs)
        return
      case 'end':
        this.#end()
    }
  }

  async #authenticate(client: Client, response: Uint8Array): Promise<void> {
    const login = readLogin(client.mechanism, response)
    this.client = client
    if (login === undefined) {
      this.input({ type: 'fail', error: new AmqpError(501, 'the response of the mechanism cannot be read') })
      return
    }
    try {
      this.user = await authenticateClient(this.gateway.broker, login, this.#peer)
      this.input({ type: 'authenticated' })
    } catch (error) {
      if (error instanceof AuthenticationError) this.input({ type: 'login-refused' })
      else this.#unexpected(error)
    }
  }

  #tune(tuned: Tuned): void {
    this.tuned = tuned
    this.#inlet.frameMax = tuned.frameMax
    this.#heartbeats = new Heartbeats({
      intervalS: tuned.heartbeat,
      sentAtMs: () => this.#outbox.writtenAtMs,
      send: () => this.#outbox.write(HEARTBEAT),
      onSilence: () => {
        // Nobody who is not read can be heard.
        if (this.#inlet.isPaused) this.#heartbeats?.received()
        else this.socket.destroy()
      },
    })
  }

  async #enter(vhost: string): Promise<void> {
    const { broker, connections, views } = this.gateway
    const user = this.user as User
    try {
      const present = connections.present(vhost, user.name)
      const entered = await enterVhost(broker, { user, vhost, connection: this.ref, present })
      if ('refused' in entered) {
        this.input({ type: 'open-refused', text: entered.refused })
        return
      }
      this.vhost = vhost
      this.#vhostId = entered.vhost.id
      views.note(entered)
      this.input({ type: 'opened' })
    } catch (error) {
      this.#unexpected(error)
    }
  }

  #unexpected(error: unknown): void {
    logError('an AMQP connection could not be opened', error)
    this.input({ type: 'fail', error: amqpErrorOf(error) })
  }

  /** What the client asked for before it closed is done first. */
  async #leave(): Promise<void> {
    await this.channels.idle()
    await this.#release()
    this.input({ type: 'released' })
  }

  /** Gives back all that the client holds; never rejects. */
  #release(): Promise<void> {
    this.#released ??= this.channels.release().then(() => this.queues.deleteAll(() => this.session()))
    return this.#released
  }

  #end(): void {
    this.#outbox.end()
    // A client that does not end its side is not waited for.
    setTimeout(() => this.socket.destroy(), END_MS).unref()
  }

  #onClosed(): void {
    clearTimeout(this.#timer)
    this.#heartbeats?.stop()
    this.#inlet.stop()
    this.#state = { phase: 'ended' }
    void this.#release().finally(() => this.#ended.resolve())
  }

  #tellBlocked(isBlocked: boolean): void {
    if (!this.isRunning || !this.can('connection.blocked')) return
    const method: Method = isBlocked ? { name: 'connection.blocked', reason: 'low on memory' } : UNBLOCKED
    this.#outbox.write(encodeMethod(0, method))
  }

  async session(): Promise<VhostSession> {
    const { broker } = this.gateway
    const session = await openSession(broker, {
      arrival: broker.journals.arrival(),
      vhost: this.vhost,
      confirm: false,
      atLeast: this.#versions,
      connection: this.ref,
      authenticate: (access) => this.#currentUser(access.users),
    })
    if (!hasVhost(session) || session.vhost.id !== this.#vhostId) throw vhostDeleted(this.vhost)
    return session
  }

  /** Somebody with a token is none of the broker's own users, so nothing of theirs is looked up. */
  #currentUser(users: ReadonlyMap<string, User>): User {
    const user = this.user as User
    const current = 'grants' in user ? user : users.get(user.name)
    if (!current) throw userDeleted(user.name)
    return current
  }

  saw(versions: Versions): void {
    this.#versions = { ...this.#versions, ...versions }
  }

  send(channel: number, method: Method): void {
    this.#outbox.write(encodeMethod(channel, method))
  }

  sendContent(channel: number, method: ContentMethod, content: { properties: Properties; payload: Uint8Array }): void {
    this.#outbox.write(...encodeContent(channel, method, content.properties, content.payload, this.tuned.frameMax))
  }

  isWritable(): boolean {
    return this.isRunning && this.#outbox.isWritable
  }

  hold(bytes: number): void {
    this.#inlet.hold(bytes)
  }

  can(capability: Capability): boolean {
    return isCapable(this.client, capability)
  }

  fail(error: AmqpError): void {
    this.input({ type: 'fail', error })
  }

  /** Ends the connection for a reason of ours; one that has not come far is cut. */
  close(error: AmqpError): void {
    if (this.isRunning) this.fail(error)
    else this.socket.destroy()
  }

  forget(channel: Channel): void {
    this.channels.forget(channel)
  }
}

const PASSWORDS: readonly Mechanism[] = ['AMQPLAIN', 'PLAIN']
const UNBLOCKED: Method = { name: 'connection.unblocked' }
const END_MS = 5_000

/** Contract §3: what ends a connection without its doing. */
export const vhostDeleted = (vhost: string): AmqpError => new AmqpError(320, `vhost '${vhost}' is deleted`)
export const userDeleted = (name: string): AmqpError => new AmqpError(320, `user '${name}' is deleted`)

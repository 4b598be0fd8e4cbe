import type { Socket } from 'node:net'
import type { VhostSession } from '../../broker/session.ts'
import type { Versions } from '../../journal/replicas.ts'
import type { ConnectionRef } from '../../model/connection.ts'
import type { Properties } from '../../model/message.ts'
import type { User } from '../../model/user.ts'
import type { Channel } from '../channel/channel.ts'
import type { ChannelHost } from '../channel/host.ts'
import type { AmqpError } from '../errors.ts'
import type { GatewayContext } from '../gateway-context.ts'
import { encodeContent, encodeMethod, HEARTBEAT } from '../protocol/frame-writer.ts'
import type { ContentMethod, Method } from '../protocol/methods.ts'
import { PROTOCOL_HEADER } from '../protocol/protocol-header.ts'
import { ConnectionQueues } from '../temporary/connection-queues.ts'
import type { Peer } from './authenticate.ts'
import { Channels } from './channels.ts'
import { type Capability, type Client, isCapable } from './client.ts'
import { newConnectionId } from './connection-id.ts'
import { OFFER, type Tuned } from './greeting.ts'
import { judgeEntrance, judgeLogin, judgeSecret, mechanismsFor, peerOf } from './handshake.ts'
import { Heartbeats } from './heartbeats.ts'
import { Identity } from './identity.ts'
import { Inlet } from './inlet.ts'
import {
  CONNECTION_BEGUN,
  type ConnectionEffect,
  type ConnectionInput,
  type ConnectionState,
  stepConnection,
} from './machine.ts'
import { Outbox } from './outbox.ts'

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
  /** `127.0.0.1:50001 -> 127.0.0.1:5672` */
  readonly name: string
  client = NO_CLIENT
  tuned: Tuned = OFFER
  /** Once the client is in its vhost. */
  identity: Identity | undefined
  readonly #peer: Peer
  readonly #outbox: Outbox
  readonly #inlet: Inlet
  #heartbeats: Heartbeats | undefined
  #state: ConnectionState = CONNECTION_BEGUN.state
  #user: User | undefined
  #timer: NodeJS.Timeout | undefined
  #released: Promise<void> | undefined
  readonly #ended = Promise.withResolvers<void>()

  constructor(gateway: GatewayContext, socket: Socket) {
    this.gateway = gateway
    this.socket = socket
    this.name = `${addressOf(socket.remoteAddress, socket.remotePort)} -> ${addressOf(socket.localAddress, socket.localPort)}`
    this.ref = { gateway: gateway.id, id: newConnectionId() }
    this.queues = new ConnectionQueues(gateway, this.ref)
    this.channels = new Channels(this)
    this.#peer = peerOf(socket)
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
    socket.on('close', () => void this.#onClosed())
    this.#applyAll(CONNECTION_BEGUN.effects)
  }

  get vhost(): string {
    return this.identity?.vhost ?? ''
  }

  get isRunning(): boolean {
    return this.#state.phase === 'running'
  }

  /** Resolves when the transport has ended and all that the client held is given back. */
  get ended(): Promise<void> {
    return this.#ended.promise
  }

  input(input: ConnectionInput): void {
    const { state, effects } = stepConnection(this.#state, input, { mechanisms: mechanismsFor(this.#peer) })
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
      case 'renew':
        void this.#renew(effect.secret)
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
    this.client = client
    const { input, result } = await judgeLogin(this.gateway.broker, client, response, this.#peer)
    this.#user = result
    this.input(input)
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
    const user = this.#user as User
    const entrance = { user, vhost, connection: this.ref, present: connections.present(vhost, user.name) }
    const { input, result } = await judgeEntrance(broker, entrance)
    if (result) {
      this.identity = new Identity(result, this.ref)
      views.note(result)
    }
    this.input(input)
    if (this.isRunning) connections.onChange()
  }

  async #renew(secret: Uint8Array): Promise<void> {
    if (this.identity) this.input(await judgeSecret(this.gateway.broker, this.identity, secret))
  }

  /** What the client asked for before it closed is done first. */
  async #leave(): Promise<void> {
    await this.channels.idle()
    await this.#release()
    this.input({ type: 'released' })
  }

  /** Gives back all that the client holds; never rejects. */
  #release(): Promise<void> {
    this.#released ??= this.channels.release().then(() => this.#deleteQueues())
    return this.#released
  }

  async #deleteQueues(): Promise<void> {
    if (this.identity) await this.queues.deleteAll(this.identity.vhostId)
  }

  #end(): void {
    this.#outbox.end()
    // A client that does not end its side is not waited for.
    setTimeout(() => this.socket.destroy(), END_MS).unref()
  }

  /** Clients may go without a word: what they had sent before is done nevertheless (contract §3). */
  async #onClosed(): Promise<void> {
    clearTimeout(this.#timer)
    this.#heartbeats?.stop()
    if (this.isRunning) {
      await this.#inlet.dealt()
      await this.channels.idle()
    }
    this.#inlet.stop()
    this.#state = { phase: 'ended' }
    await this.#release()
    this.#ended.resolve()
  }

  #tellBlocked(isBlocked: boolean): void {
    if (!this.isRunning || !this.can('connection.blocked')) return
    const method: Method = isBlocked ? { name: 'connection.blocked', reason: 'low on memory' } : UNBLOCKED
    this.#outbox.write(encodeMethod(0, method))
  }

  async session(): Promise<VhostSession> {
    return (this.identity as Identity).session()
  }

  saw(versions: Versions): void {
    this.identity?.saw(versions)
  }

  /** Behind a connection.close nothing of a channel is said any more. */
  get #maySpeak(): boolean {
    return this.#state.phase === 'running' || this.#state.phase === 'leaving'
  }

  send(channel: number, method: Method): void {
    if (!this.#maySpeak) return
    this.#outbox.write(encodeMethod(channel, method))
  }

  sendContent(channel: number, method: ContentMethod, content: { properties: Properties; payload: Uint8Array }): void {
    if (!this.#maySpeak) return
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

const UNBLOCKED: Method = { name: 'connection.unblocked' }
const END_MS = 5_000

const addressOf = (host = '', port = 0): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`)

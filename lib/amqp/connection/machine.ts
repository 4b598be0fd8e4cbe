import { AmqpError, closeReasonOf } from '../errors.ts'
import type { Method, MethodNamed } from '../protocol/methods.ts'
import { ProtocolError } from '../protocol/protocol-error.ts'
import { type Client, isCapable } from './client.ts'
import { isAgreeable, OFFER, startMethod, type Tuned } from './greeting.ts'
import type { Mechanism } from './sasl.ts'

/** Where a connection is in the grammar of its channel 0 (contract §3). */
export type ConnectionState =
  | { readonly phase: 'header' }
  | { readonly phase: 'start-ok' }
  | { readonly phase: 'authenticating'; readonly client: Client }
  | { readonly phase: 'tune-ok' }
  | { readonly phase: 'open'; readonly tuned: Tuned }
  | { readonly phase: 'opening'; readonly tuned: Tuned }
  | { readonly phase: 'running'; readonly tuned: Tuned }
  /** The client has closed: what it sent before is executed, and all that it held is given back. */
  | { readonly phase: 'leaving' }
  /** We have closed: everything is discarded until the client knows. */
  | { readonly phase: 'closing' }
  /** Nothing is said any more; the transport ends in a moment, so that guessing passwords takes time. */
  | { readonly phase: 'hanging-up' }
  | { readonly phase: 'ended' }

export type ConnectionInput =
  | { readonly type: 'header'; readonly header: 'amqp' | 'other' }
  /** Of channel 0. */
  | { readonly type: 'method'; readonly method: Method }
  /** A content frame of channel 0. */
  | { readonly type: 'content' }
  /** The core's answers. */
  | { readonly type: 'authenticated' }
  | { readonly type: 'login-refused' }
  | { readonly type: 'opened' }
  | { readonly type: 'open-refused'; readonly text: string }
  | { readonly type: 'renewed' }
  /** All that the client held is given back. */
  | { readonly type: 'released' }
  /** Something ends the connection: bytes that are no AMQP, a channel's error, or a reason of ours. */
  | { readonly type: 'fail'; readonly error: AmqpError | ProtocolError }
  | { readonly type: 'timeout' }

export type ConnectionEffect =
  | { readonly type: 'send'; readonly method: Method }
  | { readonly type: 'send-header' }
  | { readonly type: 'authenticate'; readonly client: Client; readonly response: Uint8Array }
  | { readonly type: 'tune'; readonly tuned: Tuned }
  | { readonly type: 'renew'; readonly secret: Uint8Array }
  | { readonly type: 'enter'; readonly vhost: string }
  /** To let what came before finish, then give everything back; `released` follows. */
  | { readonly type: 'release' }
  /** To give everything back at once. */
  | { readonly type: 'abandon' }
  /** One timer, which replaces the last one; undefined stops it. */
  | { readonly type: 'timer'; readonly afterMs: number | undefined }
  /** To end the transport once all is written. */
  | { readonly type: 'end' }

export interface ConnectionStep {
  readonly state: ConnectionState
  readonly effects: readonly ConnectionEffect[]
}

/** What a listener offers to whoever connects. */
export interface ConnectionTerms {
  readonly mechanisms: readonly Mechanism[]
}

/** A connection that has not come so far in this time is ended without a word. */
const HANDSHAKE_MS = 10_000
const HANG_UP_MS = 3_000
const MAX_CLOSE_MS = 30_000

export const CONNECTION_BEGUN: ConnectionStep = {
  state: { phase: 'header' },
  effects: [{ type: 'timer', afterMs: HANDSHAKE_MS }],
}

/** The connection after what happened to it, and what is to be done about it. */
export function stepConnection(state: ConnectionState, input: ConnectionInput, terms: ConnectionTerms): ConnectionStep {
  switch (state.phase) {
    case 'ended':
      return stay(state)
    case 'hanging-up':
      return input.type === 'timeout' ? ended() : stay(state)
    case 'closing':
      return stepClosing(state, input)
    case 'leaving':
      return stepLeaving(state, input)
    case 'running':
      return stepRunning(state, input)
    default:
      return stepHandshake(state, input, terms)
  }
}

function stepHandshake(state: ConnectionState, input: ConnectionInput, terms: ConnectionTerms): ConnectionStep {
  switch (input.type) {
    case 'timeout':
      return ended()
    case 'header':
      return onHeader(state, input.header, terms)
    case 'fail':
      // Whoever has logged in is told why; before that nothing is.
      return 'tuned' in state ? closing(input.error, state.tuned.heartbeat) : hangUp()
    case 'authenticated':
      if (state.phase !== 'authenticating') return stay(state)
      return { state: { phase: 'tune-ok' }, effects: [{ type: 'send', method: { name: 'connection.tune', ...OFFER } }] }
    case 'login-refused':
      return state.phase === 'authenticating' ? loginRefused(state.client) : stay(state)
    case 'opened':
      return state.phase === 'opening' ? running(state.tuned) : stay(state)
    case 'open-refused':
      if (state.phase !== 'opening') return stay(state)
      return closing(new AmqpError(530, input.text, 'connection.open'), state.tuned.heartbeat)
    case 'method':
      return onHandshakeMethod(state, input.method, terms)
    default:
      return hangUp()
  }
}

function onHeader(state: ConnectionState, header: 'amqp' | 'other', { mechanisms }: ConnectionTerms): ConnectionStep {
  if (header === 'other' || state.phase !== 'header') {
    return { state: { phase: 'ended' }, effects: [{ type: 'send-header' }, { type: 'end' }] }
  }
  return { state: { phase: 'start-ok' }, effects: [{ type: 'send', method: startMethod(mechanisms) }] }
}

/** What comes out of turn ends the connection without a word (contract §3). */
function onHandshakeMethod(state: ConnectionState, method: Method, { mechanisms }: ConnectionTerms): ConnectionStep {
  if (state.phase === 'start-ok' && method.name === 'connection.start-ok') {
    const mechanism = mechanisms.find((offered) => offered === method.mechanism)
    if (mechanism === undefined) return hangUp()
    const client = { properties: method.clientProperties, mechanism }
    return {
      state: { phase: 'authenticating', client },
      effects: [{ type: 'authenticate', client, response: method.response }],
    }
  }
  if (state.phase === 'tune-ok' && method.name === 'connection.tune-ok') {
    const { name: _name, ...tuned } = method
    return isAgreeable(tuned) ? { state: { phase: 'open', tuned }, effects: [{ type: 'tune', tuned }] } : hangUp()
  }
  if (state.phase === 'open' && method.name === 'connection.open') {
    const { tuned } = state
    return { state: { phase: 'opening', tuned }, effects: [{ type: 'enter', vhost: method.vhost }] }
  }
  if (method.name === 'connection.close' && 'tuned' in state) return leave(state.phase)
  return hangUp()
}

function loginRefused(client: Client): ConnectionStep {
  if (!isCapable(client, 'authentication_failure_close')) return hangUp()
  const explanation = `Login was refused using authentication mechanism ${client.mechanism}. For details see the broker logfile.`
  const close = { name: 'connection.close', ...closeReasonOf(new AmqpError(403, explanation)) } as const
  const { state, effects } = hangUp()
  return { state, effects: [{ type: 'send', method: close }, ...effects] }
}

const running = (tuned: Tuned): ConnectionStep => ({
  state: { phase: 'running', tuned },
  effects: [
    { type: 'timer', afterMs: undefined },
    { type: 'send', method: { name: 'connection.open-ok' } },
  ],
})

function stepRunning(state: Extract<ConnectionState, { phase: 'running' }>, input: ConnectionInput): ConnectionStep {
  const { heartbeat } = state.tuned
  switch (input.type) {
    case 'fail':
      return closing(input.error, heartbeat)
    case 'content':
      return closing(new AmqpError(505, 'content on channel 0'), heartbeat)
    case 'renewed':
      return { state, effects: [{ type: 'send', method: { name: 'connection.update-secret-ok' } }] }
    case 'method':
      return onRunningMethod(state, input.method)
    default:
      return stay(state)
  }
}

function onRunningMethod(state: Extract<ConnectionState, { phase: 'running' }>, method: Method): ConnectionStep {
  switch (method.name) {
    case 'connection.close':
      return leave(state.phase)
    case 'connection.update-secret':
      return { state, effects: [{ type: 'renew', secret: method.newSecret }] }
    case 'connection.blocked':
    case 'connection.unblocked':
      return stay(state)
    default:
      return closing(outOfPlace(method), state.tuned.heartbeat)
  }
}

/** Of a method on channel 0 of an open connection: one of a server, or in the wrong place. */
function outOfPlace({ name }: Method): AmqpError {
  if (!name.startsWith('connection.')) return new AmqpError(504, `unexpected method on channel 0`, name)
  const isServers = SERVER_METHODS.has(name)
  return isServers ? new AmqpError(503, 'unimplemented method', name) : new AmqpError(504, 'unexpected method', name)
}

const SERVER_METHODS: ReadonlySet<MethodNamed<Method['name']>['name']> = new Set([
  'connection.start',
  'connection.secure',
  'connection.tune',
  'connection.open-ok',
  'connection.close-ok',
  'connection.update-secret-ok',
])

const leave = (phase: ConnectionState['phase']): ConnectionStep =>
  phase === 'running'
    ? { state: { phase: 'leaving' }, effects: [{ type: 'release' }] }
    : { state: { phase: 'ended' }, effects: [...CLOSE_OK, { type: 'end' }] }

const CLOSE_OK: readonly ConnectionEffect[] = [{ type: 'send', method: { name: 'connection.close-ok' } }]

function stepLeaving(state: ConnectionState, input: ConnectionInput): ConnectionStep {
  if (input.type !== 'released') return stay(state)
  return { state: { phase: 'ended' }, effects: [{ type: 'timer', afterMs: undefined }, ...CLOSE_OK, { type: 'end' }] }
}

function stepClosing(state: ConnectionState, input: ConnectionInput): ConnectionStep {
  if (input.type === 'timeout') return ended()
  if (input.type !== 'method') return stay(state)
  if (input.method.name === 'connection.close-ok') return ended()
  return input.method.name === 'connection.close' ? { state, effects: CLOSE_OK } : stay(state)
}

/** Tells the client why, and gives it a while to say that it knows. */
function closing(error: AmqpError | ProtocolError, heartbeatS: number): ConnectionStep {
  const reason = closeReasonOf(error)
  // Behind some errors nothing can be read any more, so the client's answer is not waited for.
  const isDeaf = error instanceof ProtocolError && error.isFatal
  const patienceMs = heartbeatS === 0 ? MAX_CLOSE_MS : Math.min(heartbeatS * 1000, MAX_CLOSE_MS)
  const afterMs = isDeaf ? HANG_UP_MS : patienceMs
  return {
    state: { phase: 'closing' },
    effects: [
      { type: 'abandon' },
      { type: 'send', method: { name: 'connection.close', ...reason } },
      { type: 'timer', afterMs },
    ],
  }
}

const hangUp = (): ConnectionStep => ({
  state: { phase: 'hanging-up' },
  effects: [{ type: 'timer', afterMs: HANG_UP_MS }],
})

const ended = (): ConnectionStep => ({
  state: { phase: 'ended' },
  effects: [{ type: 'timer', afterMs: undefined }, { type: 'end' }],
})

const stay = (state: ConnectionState): ConnectionStep => ({ state, effects: NO_EFFECTS })
const NO_EFFECTS: readonly ConnectionEffect[] = Object.freeze([])

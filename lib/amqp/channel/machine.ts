import type { Properties } from '../../model/message.ts'
import { AmqpError } from '../errors.ts'
import { BASIC_CLASS, type BodyFrame, type HeaderFrame, type MethodFrame } from '../protocol/frame.ts'
import type { Method, MethodNamed } from '../protocol/methods.ts'
import { appendPiece, NO_BODY, type PartialBody, payloadOf } from './body.ts'
import { type ClientMethod, isClientMethod } from './client-methods.ts'

type Publish = MethodNamed<'basic.publish'>
type Header = Pick<HeaderFrame, 'bodySize' | 'properties'>

/** What follows a publish: properties and payload as the client sent them. */
export interface Content {
  readonly properties: Properties
  readonly payload: Uint8Array
}

/** Where a channel is in the grammar of its frames. */
export type ChannelState =
  | { readonly phase: 'open' }
  | { readonly phase: 'header'; readonly publish: Publish }
  | {
      readonly phase: 'body'
      readonly publish: Publish
      readonly header: Header
      readonly body: PartialBody
    }
  /** We have sent channel.close: everything is discarded until the client knows. */
  | { readonly phase: 'closing' }

export type ChannelEffect =
  /** To be executed behind what came before. */
  | { readonly type: 'execute'; readonly method: ClientMethod }
  | { readonly type: 'publish'; readonly publish: Publish; readonly content: Content }
  | { readonly type: 'fail'; readonly error: AmqpError }
  | { readonly type: 'send'; readonly method: Method }
  /** The client closes: what came before is executed, then all is given back, then close-ok. */
  | { readonly type: 'close' }
  /** The number is free. */
  | { readonly type: 'forget' }

export interface ChannelStep {
  readonly state: ChannelState
  readonly effects: readonly ChannelEffect[]
}

export const CHANNEL_OPEN: ChannelState = Object.freeze({ phase: 'open' })
export const CHANNEL_CLOSING: ChannelState = Object.freeze({ phase: 'closing' })
const NO_EFFECTS: readonly ChannelEffect[] = Object.freeze([])

/** Payload of a message at most, bytes: beyond it the channel is closed at the header (contract §7). */
export interface ChannelLimits {
  readonly maxPayloadBytes: number
}

/** The channel after a frame, and what is to be done about it (contract §1, §4). Frames of a publish are gathered until it is whole. */
export function stepChannel(
  state: ChannelState,
  frame: MethodFrame | HeaderFrame | BodyFrame,
  limits: ChannelLimits,
): ChannelStep {
  switch (state.phase) {
    case 'closing':
      return stepClosing(frame)
    case 'open':
      return frame.type === 'method'
        ? onMethod(frame.method)
        : unexpected('expected method frame, got non method frame')
    case 'header':
      return frame.type === 'header' && frame.weight === 0
        ? onHeader(state.publish, frame, limits)
        : unexpectedContent(`content header for class ${BASIC_CLASS}, got non content header frame`)
    case 'body':
      return frame.type === 'body'
        ? onBody(state, frame)
        : unexpectedContent('content body, got non content body frame')
  }
}

function stepClosing(frame: MethodFrame | HeaderFrame | BodyFrame): ChannelStep {
  const name = frame.type === 'method' ? frame.method.name : undefined
  if (name === 'channel.close-ok') return { state: CHANNEL_CLOSING, effects: [{ type: 'forget' }] }
  if (name !== 'channel.close') return { state: CHANNEL_CLOSING, effects: NO_EFFECTS }
  return { state: CHANNEL_CLOSING, effects: [{ type: 'send', method: { name: 'channel.close-ok' } }] }
}

function onMethod(method: Method): ChannelStep {
  switch (method.name) {
    case 'basic.publish':
      return { state: { phase: 'header', publish: method }, effects: NO_EFFECTS }
    case 'channel.open':
      return failed(new AmqpError(504, "second 'channel.open' seen", method.name))
    case 'channel.close':
      return { state: CHANNEL_CLOSING, effects: [{ type: 'close' }] }
    default:
      if (isClientMethod(method)) return { state: CHANNEL_OPEN, effects: [{ type: 'execute', method }] }
      return failed(new AmqpError(503, 'unimplemented method', method.name))
  }
}

function onHeader(publish: Publish, header: HeaderFrame, { maxPayloadBytes }: ChannelLimits): ChannelStep {
  const { classId, bodySize, properties } = header
  if (classId !== BASIC_CLASS) {
    return unexpectedContent(`content header for class ${BASIC_CLASS}, got one for class ${classId}`)
  }
  if (bodySize > maxPayloadBytes) {
    const text = `message size ${bodySize} is larger than configured max size ${maxPayloadBytes}`
    return failed(new AmqpError(406, text, publish.name))
  }
  return advance(publish, { bodySize, properties }, NO_BODY)
}

function onBody(state: Extract<ChannelState, { phase: 'body' }>, { payload }: BodyFrame): ChannelStep {
  const body = appendPiece(state.body, payload)
  const { bodySize } = state.header
  if (body.receivedBytes <= bodySize) return advance(state.publish, state.header, body)
  const text = `the body is longer than the ${bodySize} bytes that its header announces`
  return failed(new AmqpError(501, text, state.publish.name))
}

function advance(publish: Publish, header: Header, body: PartialBody): ChannelStep {
  if (body.receivedBytes < header.bodySize)
    return { state: { phase: 'body', publish, header, body }, effects: NO_EFFECTS }
  const content = { properties: header.properties, payload: payloadOf(body) }
  return { state: CHANNEL_OPEN, effects: [{ type: 'publish', publish, content }] }
}

const failed = (error: AmqpError): ChannelStep => ({ state: CHANNEL_CLOSING, effects: [{ type: 'fail', error }] })

const unexpected = (text: string): ChannelStep => failed(new AmqpError(505, text))

const unexpectedContent = (what: string): ChannelStep =>
  failed(new AmqpError(505, `expected ${what} instead`, 'basic.publish'))

import fc from 'fast-check'
import type { Frame } from '../../../lib/amqp/protocol/frame.ts'
import { FrameReader } from '../../../lib/amqp/protocol/frame-reader.ts'
import { encodeContent, encodeMethod, HEARTBEAT } from '../../../lib/amqp/protocol/frame-writer.ts'
import {
  type ContentMethod,
  type FieldType,
  hasContent,
  METHODS,
  type Method,
  type MethodName,
} from '../../../lib/amqp/protocol/methods.ts'
import { type AmqpTable, type AmqpValue, isTable, Typed } from '../../../lib/model/amqp-value.ts'
import type { Properties } from '../../../lib/model/message.ts'
import { amqpTables, texts } from '../../support/amqp-values.ts'

/** What a client or a server has to say: a method, with content where it is one that has it, or a heartbeat. */
export type Utterance =
  | { readonly type: 'heartbeat' }
  | { readonly type: 'method'; readonly channel: number; readonly method: Method }
  | {
      readonly type: 'content'
      readonly channel: number
      readonly method: ContentMethod
      readonly properties: Properties
      readonly payload: Buffer
    }

const uint = (bits: number) => fc.integer({ min: 0, max: 2 ** bits - 1 })
const shortTexts = fc.oneof(texts(12), fc.constant('x'.repeat(255)), fc.constant('é'.repeat(127)))

const FIELDS: Readonly<Record<FieldType, fc.Arbitrary<unknown>>> = {
  bit: fc.boolean(),
  octet: uint(8),
  short: uint(16),
  long: uint(32),
  longlong: fc.maxSafeNat(),
  shortstr: shortTexts,
  longstr: texts(300),
  bytes: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
  table: amqpTables,
}

export const methodNamed = (name: MethodName): fc.Arbitrary<Method> => {
  const shown = Object.entries<FieldType>(METHODS[name][2]).filter(([field]) => !field.startsWith('_'))
  const fields = Object.fromEntries(shown.map(([field, type]) => [field, FIELDS[type]]))
  return fc.record(fields).map((values) => ({ name, ...values }) as unknown as Method)
}

export const methods: fc.Arbitrary<Method> = fc
  .constantFrom(...(Object.keys(METHODS) as MethodName[]))
  .chain(methodNamed)

export const properties: fc.Arbitrary<Properties> = fc.record(
  {
    content_type: shortTexts,
    content_encoding: shortTexts,
    headers: amqpTables,
    delivery_mode: uint(8),
    priority: uint(8),
    correlation_id: shortTexts,
    reply_to: shortTexts,
    expiration: shortTexts,
    message_id: shortTexts,
    timestamp: fc.maxSafeNat(),
    type: shortTexts,
    user_id: shortTexts,
    app_id: shortTexts,
    cluster_id: shortTexts,
  },
  { requiredKeys: [] },
)

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 100 }).map((bytes) => Buffer.from(bytes)),
  fc.integer({ min: 0, max: 30_000 }).map((length) => Buffer.alloc(length, 'payload ')),
)

const channels = fc.integer({ min: 0, max: 0xffff })

export const utterances: fc.Arbitrary<Utterance> = fc.oneof(
  { weight: 1, arbitrary: fc.constant<Utterance>({ type: 'heartbeat' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant('method' as const),
      channel: channels,
      method: methods.filter((method) => !hasContent(method)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant('content' as const),
      channel: channels,
      method: methods.filter(hasContent),
      properties,
      payload: payloads,
    }),
  },
)

export function encode(utterance: Utterance, frameMax: number): Buffer {
  if (utterance.type === 'heartbeat') return HEARTBEAT
  if (utterance.type === 'method') return encodeMethod(utterance.channel, utterance.method)
  const { channel, method, payload } = utterance
  return Buffer.concat(encodeContent(channel, method, utterance.properties, payload, frameMax))
}

/** The frames of an utterance as its receiver reads them. */
export function framesOf(utterance: Utterance, frameMax: number): Frame[] {
  if (utterance.type === 'heartbeat') return [{ type: 'heartbeat', channel: 0 }]
  const { channel } = utterance
  const method = asRead({ ...utterance.method } as unknown as AmqpTable) as unknown as Method
  if (utterance.type === 'method') return [{ type: 'method', channel, method }]
  const { payload } = utterance
  const read = asRead(utterance.properties as AmqpTable) as Properties
  const frames: Frame[] = [
    { type: 'method', channel, method },
    { type: 'header', channel, classId: 60, weight: 0, bodySize: payload.length, properties: read },
  ]
  for (let start = 0; start < payload.length; start += frameMax - 8) {
    frames.push({ type: 'body', channel, payload: payload.subarray(start, start + frameMax - 8) })
  }
  return frames
}

/** A value in the plainest form that says the same: what a reader makes of it. */
export function asRead(value: AmqpValue): AmqpValue {
  if (value instanceof Typed) return typedAsRead(value)
  if (Array.isArray(value)) return value.map(asRead)
  if (value instanceof Uint8Array || !isTable(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, asRead(field)]))
}

function typedAsRead(typed: Typed): AmqpValue {
  const { type, value } = typed
  if (type === 'int64') return Number.isSafeInteger(Number(value)) ? Number(value) : typed
  const isPlainDouble = type === 'double' && Number.isFinite(value) && !Number.isInteger(value)
  return isPlainDouble ? Number(value) : typed
}

/** All frames of a stream that comes in these chunks. */
export function readAll(chunks: readonly Uint8Array[], frameMax: number): Frame[] {
  const reader = new FrameReader()
  reader.frameMax = frameMax
  const frames: Frame[] = []
  for (const chunk of chunks) {
    reader.push(chunk)
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) frames.push(frame)
  }
  return frames
}

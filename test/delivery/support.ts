import fc from 'fast-check'
import type { Blobs } from '../../lib/journal/blobs.ts'
import type { Clock } from '../../lib/journal/clock.ts'
import type { Message, Properties } from '../../lib/model/message.ts'
import { amqpTables, fieldNames } from '../support/amqp-values.ts'

/** Texts full of what SQS, JSON and UTF-8 each dislike: controls, non-characters, lone surrogates. */
export const awkwardTexts: fc.Arbitrary<string> = fc
  .array(
    fc.oneof(
      fc.constantFrom('\0', '\t', '\n', '\v', '\u001f', '\u007f', '\u0085', '"', '\\', '\u2028', '\ufeff', '\ufffd'),
      fc.constantFrom('\ufffe', '\uffff', '\ud800', '\udfff', '\u{1f600}', '\u{1fffe}', '\u{10ffff}', 'é', 'a'),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))

/** Any bytes, text more often: what is not valid UTF-8, what SQS refuses, and what it carries. */
export const payloads: fc.Arbitrary<Uint8Array> = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  awkwardTexts.map((text) => Buffer.from(text)),
  fc.string({ maxLength: 64 }).map((text) => Buffer.from(text)),
  fc.constant(new Uint8Array(0)),
)

const optional = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

export const properties: fc.Arbitrary<Properties> = fc
  .record({
    content_type: optional(awkwardTexts),
    headers: optional(fc.oneof(amqpTables, fc.dictionary(fieldNames, awkwardTexts, { noNullPrototype: true }))),
    delivery_mode: optional(fc.constantFrom(1, 2)),
    priority: optional(fc.nat(255)),
    correlation_id: optional(awkwardTexts),
    expiration: optional(fc.nat().map(String)),
    timestamp: optional(fc.maxSafeNat()),
    type: optional(awkwardTexts),
    user_id: optional(fc.string()),
  })
  .map(withoutUndefined)

function withoutUndefined(fields: { [name in keyof Properties]?: Properties[name] | undefined }): Properties {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

export const messages: fc.Arbitrary<Message> = fc.record(
  {
    exchange: awkwardTexts,
    routingKey: awkwardTexts,
    properties,
    payload: payloads,
  },
  { noNullPrototype: true },
)

export const message = (payload: string | Uint8Array, more: Partial<Message> = {}): Message => ({
  exchange: 'orders',
  routingKey: 'order.created',
  properties: {},
  payload: typeof payload === 'string' ? Buffer.from(payload) : payload,
  ...more,
})

export interface MemoryBlobs extends Blobs {
  readonly objects: Map<string, Uint8Array>
}

export function memoryBlobs(): MemoryBlobs {
  const objects = new Map<string, Uint8Array>()
  return {
    objects,
    put: async (key, bytes) => {
      objects.set(key, bytes)
    },
    get: async (key) => objects.get(key),
  }
}

export interface TestClock extends Clock {
  /** Every sleep that was asked for, ms; none takes any time. */
  readonly sleepsMs: number[]
  advance(ms: number): void
}

export function testClock(): TestClock {
  let nowMs = 1_000_000
  const sleepsMs: number[] = []
  return {
    sleepsMs,
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    random: () => 1,
    sleep: async (ms) => {
      sleepsMs.push(ms)
      nowMs += ms
    },
    advance: (ms) => {
      nowMs += ms
    },
  }
}

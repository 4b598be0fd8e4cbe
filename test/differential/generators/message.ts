import fc from 'fast-check'
import { type Json, type JsonObject, NumberText, pickFields } from '../support/json.ts'
import { type BindingSpec, routingKey, type Topology } from './topology.ts'
import { headerTable } from './values.ts'

export interface Publish {
  readonly exchange: string
  readonly routingKey: string
  readonly properties: JsonObject
  readonly payload: string
  readonly payloadEncoding: 'string' | 'base64'
}

const text = fc.constantFrom('', 'a', 'text/plain', 'ünïcödé', '日本', 'x'.repeat(255))
const numberOf = (values: readonly number[]) => fc.constantFrom(...values.map((value) => new NumberText(String(value))))

const plainProperties: fc.Arbitrary<JsonObject> = fc.record(
  {
    content_type: text,
    content_encoding: text,
    correlation_id: text,
    reply_to: text,
    expiration: fc.constantFrom('600000', '3600000'),
    message_id: text,
    type: text,
    user_id: fc.constant('guest'),
    app_id: text,
    cluster_id: text,
    delivery_mode: numberOf([1, 2]),
    priority: numberOf([0, 1, 9, 255]),
    timestamp: numberOf([0, 1, 1_700_000_000, 4_102_444_800]),
  },
  { requiredKeys: [] },
)

/** Sparse more often than full: most publishes have none or a few. */
const sparseProperties: fc.Arbitrary<JsonObject> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 3 },
  { arbitrary: plainProperties, weight: 2 },
)

function copies(queues: readonly string[]): fc.Arbitrary<JsonObject> {
  const keys: fc.Arbitrary<Json> = fc.array(fc.oneof(routingKey, fc.constantFrom(...queues)), { maxLength: 3 })
  const none = { arbitrary: fc.constant({}), weight: 6 }
  return fc
    .tuple(
      fc.oneof(none, { arbitrary: keys.map((CC) => ({ CC })), weight: 1 }),
      fc.oneof(none, { arbitrary: keys.map((BCC) => ({ BCC })), weight: 1 }),
    )
    .map(([cc, bcc]) => ({ ...cc, ...bcc }))
}

const stringPayload = fc.oneof(
  fc.constantFrom('', ' ', '{"a":1.0}', 'ünï 😀', '\u0000\u0001\u001f', '\ufffe\uffff', '-', 'x'.repeat(70_000)),
  fc.string({ unit: 'grapheme', maxLength: 30 }),
)
const binaryPayload = fc
  .oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(new Uint8Array(), new Uint8Array([0xff, 0x00, 0xc3])))
  .map((bytes) => Buffer.from(bytes).toString('base64'))

const payload: fc.Arbitrary<Pick<Publish, 'payload' | 'payloadEncoding'>> = fc.oneof(
  stringPayload.map((value) => ({ payload: value, payloadEncoding: 'string' as const })),
  binaryPayload.map((value) => ({ payload: value, payloadEncoding: 'base64' as const })),
)

interface Envelope {
  readonly exchange: string
  readonly routingKey: string
  readonly table: JsonObject
}

/**
 * An envelope that a binding's exchange probably routes: the binding's key with its wildcards filled in, and its
 * criteria, one of them sometimes left out, as headers.
 */
function matching(binding: BindingSpec): fc.Arbitrary<Envelope> {
  const words = binding.routingKey.split('.').map((word) => {
    if (word === '*') return fc.constantFrom(['a'], ['b'], [''])
    if (word === '#') return fc.constantFrom([], ['a'], ['b', 'c'], [''])
    return fc.constant([word])
  })
  const criteria = Object.keys(binding.arguments).filter((name) => name !== 'x-match')
  const kept = fc.oneof(
    { arbitrary: fc.constant(criteria), weight: 3 },
    { arbitrary: fc.subarray(criteria), weight: 1 },
  )
  return fc.tuple(fc.tuple(...words), kept).map(([parts, names]) => ({
    exchange: binding.source,
    routingKey: parts.flat().join('.'),
    table: pickFields(binding.arguments, names),
  }))
}

function unrelated({ exchanges, queues }: Topology): fc.Arbitrary<Envelope> {
  const own = fc.constantFrom(...exchanges.map(({ name }) => name))
  const other = fc.constantFrom('', '', 'amq.direct', 'amq.fanout', 'amq.topic', 'amq.headers', 'amq.match', 'missing')
  return fc.record({
    exchange: fc.oneof({ arbitrary: own, weight: 3 }, { arbitrary: other, weight: 2 }),
    routingKey: fc.oneof(routingKey, fc.constantFrom(...queues)),
    table: headerTable,
  })
}

/** One message for a topology, half of them made to fit one of its bindings, half of them anything. */
export function publishTo(topology: Topology): fc.Arbitrary<Publish> {
  const envelope = fc.oneof(fc.constantFrom(...topology.bindings).chain(matching), unrelated(topology))
  return fc
    .record({ envelope, plain: sparseProperties, keys: copies(topology.queues), body: payload })
    .map(({ envelope: { exchange, routingKey: key, table }, plain, keys, body }) => {
      const headers = { ...table, ...keys }
      return {
        exchange,
        // A binding key may be longer than what its wildcards leave room for.
        routingKey: Buffer.byteLength(key) > 255 ? 'a' : key,
        properties: Object.keys(headers).length === 0 ? plain : { ...plain, headers },
        ...body,
      }
    })
}

/** The message as the body of `POST /exchanges/{vhost}/{exchange}/publish`. */
export function publishBodyOf(publish: Publish): Json {
  return {
    routing_key: publish.routingKey,
    properties: publish.properties,
    payload: publish.payload,
    payload_encoding: publish.payloadEncoding,
  }
}

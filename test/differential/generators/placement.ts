import fc from 'fast-check'
import { type Json, type JsonObject, NumberText } from '../support/json.ts'

export const hashedOn = ['routing-key', 'header', 'message_id', 'correlation_id', 'timestamp'] as const
export type HashedOn = (typeof hashedOn)[number]

/** One exchange that chooses a single destination, the weights of its queues, and the keys to publish. */
export interface PlacementCase {
  readonly type: 'x-consistent-hash' | 'x-modulus-hash' | 'x-random'
  readonly hashedOn: HashedOn
  /** One queue per weight, bound once. */
  readonly weights: readonly number[]
  /** Whether messages arrive through a fanout exchange in front. */
  readonly throughFanout: boolean
  readonly keys: readonly string[]
}

const key = fc.oneof(fc.constantFrom('0', '1', '2', '3'), fc.integer({ min: 4, max: 1_000_000 }).map(String))

export const placementCase: fc.Arbitrary<PlacementCase> = fc
  .record({
    type: fc.constantFrom('x-consistent-hash' as const, 'x-modulus-hash' as const, 'x-random' as const),
    hashedOn: fc.constantFrom(...hashedOn),
    weights: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 5, size: 'max' }),
    throughFanout: fc.boolean(),
    keys: fc.array(key, { minLength: 20, maxLength: 40, size: 'max' }),
  })
  .map((value) => (value.type === 'x-consistent-hash' ? value : { ...value, hashedOn: 'routing-key' }))

export function placementDefinitions({ type, hashedOn: subject, weights, throughFanout }: PlacementCase): Json {
  const exchange = (name: string, kind: string, args: JsonObject): Json => ({
    name,
    type: kind,
    durable: true,
    auto_delete: false,
    internal: false,
    arguments: args,
  })
  const binding = (source: string, destination: string, destinationType: string, routingKey: string): Json => ({
    source,
    destination,
    destination_type: destinationType,
    routing_key: routingKey,
    arguments: {},
  })
  return {
    exchanges: [exchange('placing', type, hashArguments(subject)), exchange('front', 'fanout', {})],
    queues: weights.map((_weight, index) => ({
      name: queueName(index),
      durable: true,
      auto_delete: false,
      arguments: {},
    })),
    bindings: [
      ...weights.map((weight, index) => binding('placing', queueName(index), 'queue', String(weight))),
      ...(throughFanout ? [binding('front', 'placing', 'exchange', '')] : []),
    ],
  }
}

export function queueName(index: number): string {
  return `q${index}`
}

/** A publish whose hashed part is `key`; its payload says which publish it is. */
export function placementPublish({ hashedOn: subject }: PlacementCase, index: number, value: string): Json {
  return {
    routing_key: subject === 'routing-key' ? value : `unhashed-${index}`,
    properties: hashedProperties(subject, value),
    payload: String(index),
    payload_encoding: 'string',
  }
}

function hashArguments(subject: HashedOn): JsonObject {
  if (subject === 'routing-key') return {}
  return subject === 'header' ? { 'hash-header': 'h' } : { 'hash-property': subject }
}

function hashedProperties(subject: HashedOn, value: string): JsonObject {
  if (subject === 'routing-key') return {}
  if (subject === 'header') return { headers: { h: value } }
  return { [subject]: subject === 'timestamp' ? new NumberText(value) : value }
}

import fc from 'fast-check'
import { maxHashesInBindingKey } from '../differences.ts'
import type { Json, JsonObject } from '../support/json.ts'
import { headersArguments, headerTable } from './values.ts'

export interface ExchangeSpec {
  readonly name: string
  readonly type: string
  readonly internal: boolean
  readonly alternate: string | undefined
}

export interface BindingSpec {
  readonly source: string
  readonly destination: string
  readonly destinationType: 'queue' | 'exchange'
  readonly routingKey: string
  readonly arguments: JsonObject
}

export interface Topology {
  readonly exchanges: readonly ExchangeSpec[]
  readonly queues: readonly string[]
  readonly bindings: readonly BindingSpec[]
}

const exchangeNames = ['x0', 'x1', 'x2', 'x3', 'e/1', 'é ü', 'a+b%41']
const queueNames = ['q0', 'q1', 'q2', 'q3', 'q/4', 'ünï 5', 'a.b', '%23']
const predeclared: readonly ExchangeSpec[] = [
  { name: 'amq.direct', type: 'direct', internal: false, alternate: undefined },
  { name: 'amq.fanout', type: 'fanout', internal: false, alternate: undefined },
  { name: 'amq.topic', type: 'topic', internal: false, alternate: undefined },
  { name: 'amq.headers', type: 'headers', internal: false, alternate: undefined },
  { name: 'amq.match', type: 'headers', internal: false, alternate: undefined },
]

const word = fc.oneof(
  { arbitrary: fc.constantFrom('a', 'b', 'c'), weight: 8 },
  { arbitrary: fc.constantFrom('', 'A', 'é', 'a*', '##', '日本', 'a b'), weight: 2 },
)
const patternWord = fc.oneof({ arbitrary: word, weight: 5 }, { arbitrary: fc.constantFrom('*', '#'), weight: 4 })

const isHash = (text: string): boolean => text === '#'

/** Topic patterns: words, empty words, `*` and several `#` anywhere; now and then as long as a key may be. */
export const topicPattern: fc.Arbitrary<string> = fc.oneof(
  {
    arbitrary: fc
      .array(patternWord, { maxLength: 5 })
      .filter((words) => words.filter(isHash).length <= maxHashesInBindingKey)
      .map((words) => words.join('.')),
    weight: 30,
  },
  { arbitrary: fc.constant(`${'a.'.repeat(126)}*`), weight: 1 },
)

/** Keys to publish with; short and over few words, so that they meet the patterns. */
export const routingKey: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.array(word, { maxLength: 5 }).map((words) => words.join('.')), weight: 20 },
  { arbitrary: topicPattern, weight: 3 },
  { arbitrary: fc.constantFrom('.', '..', 'a.', '.a', `${'a.'.repeat(126)}b`, 'k'.repeat(255)), weight: 2 },
)

const exchange = (name: string): fc.Arbitrary<ExchangeSpec> =>
  fc.record({
    name: fc.constant(name),
    type: fc.constantFrom('direct', 'fanout', 'topic', 'topic', 'headers', 'headers'),
    internal: fc.oneof({ arbitrary: fc.constant(false), weight: 9 }, { arbitrary: fc.constant(true), weight: 1 }),
    alternate: fc.option(fc.constantFrom(...exchangeNames, 'amq.fanout', 'missing'), { nil: undefined, freq: 1 }),
  })

/**
 * A vhost's worth of exchanges, queues and bindings. Exchange-to-exchange bindings and alternate exchanges may form
 * chains and cycles, and an alternate exchange may be missing.
 */
export const topology: fc.Arbitrary<Topology> = fc
  .tuple(
    fc.subarray(exchangeNames, { minLength: 3 }).chain((names) => fc.tuple(...names.map(exchange))),
    fc.subarray(queueNames, { minLength: 2 }),
  )
  .chain(([exchanges, queues]) =>
    fc.record({
      exchanges: fc.constant(exchanges),
      queues: fc.constant(queues),
      bindings: fc.array(binding([...exchanges, ...predeclared], exchanges, queues), {
        minLength: 10,
        maxLength: 70,
        size: 'max',
      }),
    }),
  )

function binding(
  sources: readonly ExchangeSpec[],
  exchanges: readonly ExchangeSpec[],
  queues: readonly string[],
): fc.Arbitrary<BindingSpec> {
  const toQueue = fc.constantFrom(...queues).map((destination) => ({ destination, destinationType: 'queue' as const }))
  const toExchange = fc
    .constantFrom(...exchanges)
    .map(({ name }) => ({ destination: name, destinationType: 'exchange' as const }))
  return fc
    .tuple(
      fc.constantFrom(...sources),
      fc.oneof({ arbitrary: toQueue, weight: 3 }, { arbitrary: toExchange, weight: 1 }),
    )
    .chain(([source, target]) =>
      keyAndArguments(source.type).map(([key, args]) => ({
        source: source.name,
        ...target,
        routingKey: key,
        arguments: args,
      })),
    )
}

function keyAndArguments(type: string): fc.Arbitrary<[string, JsonObject]> {
  if (type === 'headers') return fc.tuple(fc.constantFrom('', 'k'), headersArguments)
  const ignored = fc.oneof({ arbitrary: fc.constant({}), weight: 6 }, { arbitrary: headerTable, weight: 1 })
  if (type === 'topic') return fc.tuple(topicPattern, ignored)
  return fc.tuple(routingKey, ignored)
}

/** The topology as a vhost's definitions, the body of `POST /definitions/{vhost}`. */
export function definitionsOf({ exchanges, queues, bindings }: Topology): Json {
  return {
    exchanges: exchanges.map(({ name, type, internal, alternate }) => ({
      name,
      type,
      durable: true,
      auto_delete: false,
      internal,
      arguments: alternate === undefined ? {} : { 'alternate-exchange': alternate },
    })),
    queues: queues.map((name) => ({ name, durable: true, auto_delete: false, arguments: {} })),
    bindings: bindings.map((item) => ({
      source: item.source,
      destination: item.destination,
      destination_type: item.destinationType,
      routing_key: item.routingKey,
      arguments: item.arguments,
    })),
  }
}

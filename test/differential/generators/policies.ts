import fc from 'fast-check'
import type { Json, JsonObject } from '../support/json.ts'
import { integerOf } from './step.ts'

/** What a policy says beside its name, and whether it is an operator's. */
export interface PolicyCase {
  readonly kind: 'policies' | 'operator-policies'
  readonly name: string
  readonly body: JsonObject
}

const int = integerOf

/** Objects of every kind that a policy tells apart; some of the queues have arguments of their own. */
export const governedDefinitions: Json = {
  exchanges: ['ax', 'bx'].map((name) => ({
    name,
    type: 'topic',
    durable: true,
    auto_delete: false,
    internal: false,
    arguments: {},
  })),
  queues: [
    ['ac', {}],
    ['bc', { 'x-message-ttl': int(7_200_000), 'x-max-length': int(5) }],
    ['aq', { 'x-queue-type': 'quorum' }],
    ['bq', { 'x-queue-type': 'quorum', 'x-dead-letter-exchange': 'own' }],
  ].map(([name, args]) => ({ name, durable: true, auto_delete: false, arguments: args }) as Json),
}

/** Queues expire no sooner than a case ends. */
const shared: Record<string, fc.Arbitrary<Json>> = {
  expires: fc.constantFrom(int(3_600_000), int(7_200_000)),
  'message-ttl': fc.constantFrom(int(3_600_000), int(7_300_000)),
  'max-length': fc.constantFrom(int(0), int(3), int(9)),
  'max-length-bytes': fc.constantFrom(int(0), int(100)),
  'delivery-limit': fc.constantFrom(int(0), int(3), int(30)),
}

const own: Record<string, fc.Arbitrary<Json>> = {
  ...shared,
  'alternate-exchange': fc.constantFrom('ax', ''),
  'dead-letter-exchange': fc.constantFrom('ax', ''),
  'dead-letter-routing-key': fc.constantFrom('k'),
  'dead-letter-strategy': fc.constantFrom('at-most-once', 'at-least-once'),
  overflow: fc.constantFrom('drop-head', 'reject-publish'),
  'queue-mode': fc.constantFrom('lazy', 'default'),
  'queue-master-locator': fc.constantFrom('client-local'),
  'max-age': fc.constantFrom('1D'),
  'initial-cluster-size': fc.constantFrom(int(1)),
  'stream-max-segment-size-bytes': fc.constantFrom(int(1000)),
  'ha-mode': fc.constantFrom('all'),
}

/** One to three of the settings. Those that only some queues know keep a policy from all others. */
const definitionOf = (settings: Record<string, fc.Arbitrary<Json>>): fc.Arbitrary<JsonObject> =>
  fc
    .subarray(Object.keys(settings), { minLength: 1, maxLength: 3 })
    .chain((names) => fc.tuple(...names.map((name) => (settings[name] as fc.Arbitrary<Json>).map((v) => [name, v]))))
    .map((fields) => Object.fromEntries(fields) as JsonObject)

const pattern = fc.constantFrom('', '.*', '^a', 'c$', 'q', '^bx$', '^amq\\.', '^$', 'zzz')

const policyOf = (kind: PolicyCase['kind'], targets: readonly string[]) =>
  fc.record({
    kind: fc.constant(kind),
    definition: definitionOf(kind === 'policies' ? own : shared),
    pattern,
    'apply-to': fc.constantFrom(...targets),
  })

/** Which of equal priorities wins is RabbitMQ's accident, so no two have one. */
export const policyCase: fc.Arbitrary<PolicyCase[]> = fc
  .array(
    fc.oneof(
      { arbitrary: policyOf('policies', ['all', 'queues', 'exchanges']), weight: 2 },
      { arbitrary: policyOf('operator-policies', ['all', 'queues']), weight: 1 },
    ),
    { minLength: 2, maxLength: 8, size: 'max' },
  )
  .chain((policies) =>
    fc
      .shuffledSubarray(
        policies.map((_policy, index) => index),
        { minLength: policies.length },
      )
      .map((priorities) =>
        policies.map(({ kind, ...body }, index) => ({
          kind,
          name: `p${index}`,
          body: { ...body, priority: int(priorities[index] ?? 0) } as JsonObject,
        })),
      ),
  )

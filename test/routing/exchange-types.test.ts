import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmqpValue, Typed } from '../../lib/model/amqp-value.ts'
import type { RoutableMessage } from '../../lib/routing/exchange-type.ts'
import { direct } from '../../lib/routing/exchange-types/direct.ts'
import { fanout } from '../../lib/routing/exchange-types/fanout.ts'
import { headers } from '../../lib/routing/exchange-types/headers.ts'
import { topic } from '../../lib/routing/exchange-types/topic.ts'
import { xConsistentHash } from '../../lib/routing/exchange-types/x-consistent-hash.ts'
import { xMessageDeduplication } from '../../lib/routing/exchange-types/x-message-deduplication.ts'
import { xModulusHash } from '../../lib/routing/exchange-types/x-modulus-hash.ts'
import { xRandom } from '../../lib/routing/exchange-types/x-random.ts'
import { xRecentHistory } from '../../lib/routing/exchange-types/x-recent-history.ts'
import { exchangeType, exchangeTypes } from '../../lib/routing/exchange-types.ts'
import { describeExchangeType } from '../conformance/exchange-types.ts'
import { amqpValues } from '../support/amqp-values.ts'
import { matchesHeaders } from '../support/headers-reference.ts'
import { messageWith } from '../support/routing-view.ts'
import { matchesTopic } from '../support/topic-reference.ts'

const word = fc.constantFrom('a', 'b', '')
const keys = fc.array(word, { maxLength: 4 }).map((words) => words.join('.'))
const patterns = fc
  .array(fc.oneof({ weight: 2, arbitrary: word }, fc.constantFrom('*', '#', 'a*')), { maxLength: 5 })
  .map((words) => words.join('.'))
  .filter((pattern) => pattern.split('.').filter((part) => part === '#').length <= 2)

const noArguments = fc.constant({})

/** Few names and values, so that criteria and headers often meet. */
const headerName = fc.constantFrom('a', 'b', 'x-c', '__proto__', 'toString')
const headerValue: fc.Arbitrary<AmqpValue> = fc.oneof(
  fc.constantFrom<AmqpValue>(1, new Typed('int8', 1), new Typed('double', 1), '1', true, null, [1], { a: 1 }),
  amqpValues,
)
const table = (extra: fc.Arbitrary<[string, AmqpValue][]>) =>
  fc
    .tuple(fc.array(fc.tuple(headerName, headerValue), { maxLength: 3 }), extra)
    .map(([fields, more]) => Object.fromEntries([...fields, ...more]))
const matchMode = fc.constantFrom<[string, AmqpValue][]>(
  [],
  [['x-match', 'all']],
  [['x-match', 'any']],
  [['x-match', 'all-with-x']],
  [['x-match', 'any-with-x']],
)

const copiedTo = fc.array(keys, { maxLength: 2 })
const messages: fc.Arbitrary<RoutableMessage> = fc
  .record({ key: keys, CC: copiedTo, chance: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }) })
  .map(({ key, CC, chance }) => messageWith(key, { CC }, () => chance))
const messagesWithHeaders = table(fc.constant([])).map((fields) => messageWith('', fields))

describeExchangeType({
  type: direct,
  accepted: [{}, { 'alternate-exchange': 'other' }],
  refused: [],
  refusedBindings: [],
  rules: fc.record({ routingKey: keys, arguments: table(fc.constant([])) }),
  messages,
  matches: ({ routingKey }, { routingKeys }) => routingKeys.includes(routingKey),
})

describeExchangeType({
  type: fanout,
  accepted: [{}],
  refused: [],
  refusedBindings: [],
  rules: fc.record({ routingKey: keys, arguments: table(fc.constant([])) }),
  messages,
  matches: () => true,
})

describeExchangeType({
  type: topic,
  accepted: [{}],
  refused: [],
  refusedBindings: [
    { routingKey: '#.#.#', arguments: {} },
    { routingKey: 'a.#.b.#.c.#.d', arguments: {} },
  ],
  rules: fc.record({ routingKey: patterns, arguments: noArguments }),
  messages,
  matches: ({ routingKey }, { routingKeys }) => routingKeys.some((key) => matchesTopic(routingKey, key)),
})

describeExchangeType({
  type: headers,
  accepted: [{}],
  refused: [],
  refusedBindings: ['some', '', 'ALL', 1, true, null, ['all'], new Typed('bytes', Buffer.from('all'))].map((mode) => ({
    routingKey: '',
    arguments: { 'x-match': mode },
  })),
  rules: fc.record({ routingKey: fc.constantFrom('', 'a'), arguments: table(matchMode) }),
  messages: messagesWithHeaders,
  matches: ({ arguments: args }, message) => matchesHeaders(args, message.headers),
})

describeExchangeType({
  type: xConsistentHash,
  accepted: [{}, { 'hash-header': 'user' }, ...hashProperties()],
  refused: [
    { 'hash-header': 'user', 'hash-property': 'message_id' },
    { 'hash-property': 'app_id' },
    { 'hash-property': 1 },
    { 'hash-header': 1 },
  ],
  refusedBindings: ['', 'a', '0', '-1', '1.5', ' 1', '1e3', '0x10', '10001', '9'.repeat(255)].map((routingKey) => ({
    routingKey,
    arguments: {},
  })),
  rules: fc.record({
    routingKey: fc.oneof(fc.integer({ min: 1, max: 10_000 }).map(String), fc.constantFrom('+3', '007')),
    arguments: noArguments,
  }),
  messages,
  countsOnePerDestination: true,
})

describeExchangeType({
  type: xModulusHash,
  accepted: [{}],
  refused: [],
  refusedBindings: [],
  rules: fc.record({ routingKey: keys, arguments: noArguments }),
  messages,
  countsOnePerDestination: true,
})

describeExchangeType({
  type: xRandom,
  accepted: [{}],
  refused: [],
  refusedBindings: [],
  rules: fc.record({ routingKey: keys, arguments: noArguments }),
  messages,
  picksByChance: true,
})

function hashProperties() {
  return ['correlation_id', 'message_id', 'timestamp'].map((property) => ({ 'hash-property': property }))
}

describe('the exchange types', () => {
  it('are listed by name, as in RabbitMQ', () => {
    const names = exchangeTypes().map(({ name }) => name)
    expect(names).toEqual([
      'direct',
      'fanout',
      'headers',
      'topic',
      'x-consistent-hash',
      'x-delayed-message',
      'x-message-deduplication',
      'x-modulus-hash',
      'x-random',
      'x-recent-history',
    ])
  })

  it('of other names are unknown', () => {
    for (const name of ['', 'Direct', 'x-local-random', '__proto__']) {
      expect(exchangeType(name)).toBeUndefined()
    }
  })

  it('that AMQP specifies are described in the words that tools show', () => {
    for (const name of ['direct', 'fanout', 'headers', 'topic']) {
      expect(exchangeType(name)?.description).toBe(`AMQP ${name} exchange, as per the AMQP specification`)
    }
  })
})

const delayed = exchangeType('x-delayed-message')
if (!delayed) throw new Error('x-delayed-message is not registered')
describeExchangeType({
  type: delayed,
  accepted: [{ 'x-delayed-type': 'direct' }, { 'x-delayed-type': 'topic' }],
  refused: [{}, { 'x-delayed-type': 'x-delayed-message' }, { 'x-delayed-type': 'unheard-of' }, { 'x-delayed-type': 1 }],
  refusedBindings: [],
  rules: fc.record({ routingKey: keys, arguments: table(fc.constant([])) }),
  messages,
  matches: ({ routingKey }, { routingKeys }) => routingKeys.includes(routingKey),
})

for (const { type, refused } of [
  { type: xMessageDeduplication, refused: [{ 'x-cache-size': 0 }, { 'x-cache-ttl': 'x' }, { 'x-cache-ttl': 1.5 }] },
  { type: xRecentHistory, refused: [{ 'x-recent-history-length': 0 }, { 'x-recent-history-length': 'x' }] },
]) {
  describeExchangeType({
    type,
    accepted: [{}, { 'x-cache-ttl': 5, 'x-recent-history-length': 5 }],
    refused,
    refusedBindings: [],
    rules: fc.record({ routingKey: keys, arguments: table(fc.constant([])) }),
    messages,
    matches: () => true,
  })
}

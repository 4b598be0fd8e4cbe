import fc from 'fast-check'
import { segment } from '../support/broker.ts'
import { type Json, type JsonObject, NumberText, pickFields } from '../support/json.ts'
import {
  bindingKey,
  exchangeName,
  integerOf,
  isTrue,
  partial,
  queueName,
  request,
  type Step,
  usually,
  vhost,
} from './step.ts'
import { fieldValue, headersArguments } from './values.ts'

const path = (...parts: (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((values) => values.join(''))
const escaped = (name: fc.Arbitrary<string>): fc.Arbitrary<string> => name.map(segment)

const queuePath = path('/queues/', vhost, '/', escaped(queueName))
const exchangePath = path('/exchanges/', vhost, '/', escaped(exchangeName))

const oneOf = (...values: Json[]): fc.Arbitrary<Json> => fc.constantFrom(...values)
const int = integerOf
const double = new NumberText('1.5')

/** Valid and invalid values of the arguments that a classic or quorum queue knows (contract §2.4), and one it does not. */
const queueArgument: Record<string, fc.Arbitrary<Json>> = {
  'x-message-ttl': oneOf(int(3_600_000), int(7_200_000), int(-1), '60000', double, true, int(315_360_000_001)),
  'x-expires': oneOf(int(3_600_000), int(0), int(-1), '1', int(315_360_000_001)),
  'x-max-length': oneOf(int(100_000), int(200_000), int(-1), '1', double),
  'x-max-length-bytes': oneOf(int(100_000_000), int(-1), 'x'),
  'x-overflow': oneOf('drop-head', 'reject-publish', 'reject-publish-dlx', 'nope', int(1)),
  'x-dead-letter-exchange': oneOf('', 'x', 'missing', int(1), true),
  'x-dead-letter-routing-key': oneOf('k', int(1)),
  'x-dead-letter-strategy': oneOf('at-most-once', 'nope'),
  'x-max-priority': oneOf(int(5), int(0), int(256), int(-1), '1'),
  'x-queue-type': oneOf('classic', 'classic', 'quorum', 'nope', int(1)),
  'x-single-active-consumer': oneOf(true, false, 'true', int(1)),
  'x-delivery-limit': oneOf(int(5), int(20)),
  'x-queue-mode': oneOf('default', 'lazy', 'nope', int(1)),
  'x-queue-version': oneOf(int(1), int(2), int(3), '1'),
  'x-max-age': oneOf('1D'),
  'x-unknown': fieldValue,
}

const queueArguments: fc.Arbitrary<JsonObject> = fc
  .subarray(Object.keys(queueArgument), { maxLength: 2 })
  .chain((names) => partialOf(names))
  .filter((args) => !('x-max-priority' in args && 'x-single-active-consumer' in args))

function partialOf(names: readonly string[]): fc.Arbitrary<JsonObject> {
  const fields = names.map((name): [string, fc.Arbitrary<Json>] => [name, queueArgument[name] ?? fieldValue])
  return fc.record(Object.fromEntries(fields), { noNullPrototype: true })
}

const noArguments: fc.Arbitrary<Json> = fc.constant({})
const wrongArguments = oneOf('x', null, { a: null }, { a: [null] })

const declareQueue = request(
  'PUT',
  queuePath,
  fc.oneof(
    fc.constant<Json>({ durable: true }),
    partial({
      durable: usually(fc.constant(true), isTrue),
      auto_delete: usually(fc.constant(false), isTrue),
      arguments: usually(fc.oneof(noArguments, queueArguments), wrongArguments),
    }),
  ),
)

const exchangeType = usually(
  oneOf('direct', 'direct', 'fanout', 'topic', 'topic', 'headers', 'x-consistent-hash', 'x-random', 'x-modulus-hash'),
  oneOf('nope', '', 'Direct', 'queue', 'x-jms-topic'),
)
const exchangeArguments = fc.oneof(
  { arbitrary: noArguments, weight: 6 },
  {
    arbitrary: partial({ 'alternate-exchange': oneOf('x', 't', 'missing', '', int(1)), 'x-unknown': fieldValue }),
    weight: 2,
  },
  { arbitrary: partial({ 'hash-header': oneOf('h'), 'hash-property': oneOf('message_id', 'app_id') }), weight: 1 },
)
const declareExchange = request(
  'PUT',
  exchangePath,
  fc.oneof(
    oneOf({ type: 'direct', durable: true }, { type: 'topic', durable: true }),
    partial({
      type: exchangeType,
      durable: isTrue,
      auto_delete: isTrue,
      internal: usually(fc.constant(false), isTrue),
      arguments: usually(exchangeArguments, wrongArguments),
    }),
  ),
)

const flag = (name: string) => fc.constantFrom('', '', `?${name}=true`, `?${name}=false`, '?', `?${name}=troo`)
const deleteQueue = request('DELETE', path(queuePath, flag('if-empty')))
const deleteExchange = request('DELETE', path(exchangePath, flag('if-unused')))

const target = fc.oneof(
  path('q/', escaped(queueName)),
  path('q/', escaped(queueName)),
  path('e/', escaped(exchangeName)),
)
const between = path('/bindings/', vhost, '/e/', usually(escaped(exchangeName), fc.constant('')), '/', target)
const bindingArguments: fc.Arbitrary<JsonObject> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  { arbitrary: headersArguments, weight: 2 },
  { arbitrary: fc.constantFrom<JsonObject>({ 'x-match': 'nope' }, { 'x-match': int(1) }), weight: 1 },
)
/** A key with `~` has no arguments (differences.ts, `avoided`). */
const bindBody = partial({ routing_key: bindingKey, arguments: bindingArguments }).map((body) =>
  body.routing_key === 'a~b' ? pickFields(body, ['routing_key']) : body,
)
const bind = request('POST', between, bindBody)
const unbind: fc.Arbitrary<Step> = fc.record({ between, pick: fc.nat(3) })
const bindingItem = path(between, '/', fc.constantFrom('~', 'k', 'a%257Eb', 'a~b', 'nope', '%2523', '%23'))

const messageKey: fc.Arbitrary<Json> = fc.constantFrom('q', 'r', 'k', 'a.b', '')
const properties: fc.Arbitrary<Json> = usually(
  oneOf({}, { delivery_mode: int(2) }, { headers: { a: int(7) } }, { message_id: 'm', priority: int(1) }),
  oneOf(
    ...[{ expiration: int(1) }, { expiration: 'abc' }, { expiration: '-1' }, { expiration: '1.5' }, { expiration: '' }],
    ...[
      { delivery_mode: '2' },
      { delivery_mode: int(3) },
      { priority: '1' },
      { timestamp: double },
      { content_type: int(1) },
    ],
    ...[{ headers: int(1) }, { headers: { a: null } }, { headers: { CC: 'x' } }, { headers: { BCC: 'x' } }],
    ...[{ user_id: 'nobody' }, { unknown: int(1) }, 'x', null],
  ),
)
const publish = request(
  'POST',
  path(usually(exchangePath, path('/exchanges/', vhost, '/')), '/publish'),
  fc
    .tuple(
      fc.record({
        routing_key: messageKey,
        properties,
        payload: usually(oneOf('m', ''), oneOf('!!!', 'YQ', int(1), null)),
        payload_encoding: usually(oneOf('string'), oneOf('base64', 'hex', int(1))),
      }),
      usually(
        fc.constant<string[]>([]),
        fc.subarray<string>(['routing_key', 'properties', 'payload', 'payload_encoding']),
      ),
    )
    .map(([body, left]): Json => Object.fromEntries(Object.entries(body).filter(([key]) => !left.includes(key)))),
)
const get = request(
  'POST',
  path(queuePath, '/get'),
  fc.record({
    count: usually(oneOf(int(1), int(2), '1', int(0)), oneOf('a', null, true)),
    ackmode: usually(
      oneOf('ack_requeue_true', 'ack_requeue_false', 'reject_requeue_true', 'reject_requeue_false'),
      oneOf('nope', int(1)),
    ),
    encoding: usually(oneOf('auto', 'base64'), oneOf('nope', int(1))),
  }),
)
const purge = request('DELETE', path(queuePath, '/contents'))

const read = request(
  'GET',
  fc.oneof(
    queuePath,
    exchangePath,
    between,
    bindingItem,
    path(queuePath, '/bindings'),
    path(exchangePath, '/bindings/', fc.constantFrom('source', 'destination')),
    path('/bindings/', vhost),
    path('/exchanges/', vhost),
    path('/queues/', vhost),
    path('/queues/', vhost, '/q/nope'),
  ),
)
const wrongMethod = fc.oneof(
  request('POST', queuePath, noArguments),
  request('PUT', path('/queues/', vhost), noArguments),
  request('GET', path(queuePath, fc.constantFrom('/contents', '/get'))),
  request('PUT', bindingItem, noArguments),
  request('DELETE', path('/bindings/', vhost)),
)

/** Calls on exchanges, queues, bindings and messages. */
export const objectStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: declareQueue, weight: 10 },
  { arbitrary: declareExchange, weight: 10 },
  { arbitrary: deleteQueue, weight: 3 },
  { arbitrary: deleteExchange, weight: 3 },
  { arbitrary: bind, weight: 10 },
  { arbitrary: unbind, weight: 5 },
  { arbitrary: request('DELETE', bindingItem), weight: 3 },
  { arbitrary: publish, weight: 8 },
  { arbitrary: get, weight: 4 },
  { arbitrary: purge, weight: 2 },
  { arbitrary: read, weight: 6 },
  { arbitrary: wrongMethod, weight: 1 },
)

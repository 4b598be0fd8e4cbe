import fc from 'fast-check'
import { segment } from '../support/broker.ts'
import type { Json } from '../support/json.ts'
import { integerOf, partial, request, type Step, user, usually, vhost } from './step.ts'

const int = integerOf
const oneOf = (...values: Json[]): fc.Arbitrary<Json> => fc.constantFrom(...values)
const path = (...parts: (fc.Arbitrary<string> | string)[]): fc.Arbitrary<string> =>
  fc
    .tuple(...parts.map((part) => (typeof part === 'string' ? fc.constant(part) : part)))
    .map((values) => values.join(''))

const regex = usually(oneOf('', '.*', '^q', '^(x|q)', 'ok', '^$', '^amq\\.'), oneOf('(', '[', '*'))
const tags = fc.constantFrom<Json>(
  '',
  'management',
  'policymaker',
  'monitoring',
  'administrator',
  ['management'],
  'a, b',
)

const putVhost = request(
  'PUT',
  path('/vhosts/', fc.constantFrom('{v0}', '{v1}')),
  partial({ description: oneOf('d', 'é'), tracing: usually(oneOf(false, 'false'), oneOf('troo', int(1), null)) }),
)
const deleteVhost = request(
  'DELETE',
  path('/vhosts/', fc.constantFrom('{v1}', '{v1}', '{v1}', '{v1}', '{v1}', '{v0}', 'none')),
)
const readVhost = request('GET', path('/vhosts/', vhost, fc.constantFrom('', '/permissions', '/topic-permissions')))

/** The password that callers use, mostly: `PASSWORD` is what a case's users log in with. */
const password = usually(oneOf('PASSWORD'), oneOf('other', ''))
const putUser = request(
  'PUT',
  path('/users/', fc.constantFrom('{u0}', '{u1}')),
  usually(
    fc.record({ password, tags }),
    oneOf(
      { password: 'PASSWORD' },
      { password: 'p', password_hash: 'aaaa', tags: '' },
      { password_hash: 's3krE7-s3t-v!a-4A$h', tags: '' },
      { password_hash: '', tags: 'management' },
    ),
  ),
)
const deleteUser = request('DELETE', path('/users/', user))
const readUser = request('GET', path('/users/', user, fc.constantFrom('', '/permissions', '/topic-permissions')))

const permissionPath = path('/permissions/', vhost, '/', user)
const putPermission = request(
  'PUT',
  permissionPath,
  usually(
    fc.record({ configure: regex, write: regex, read: regex }),
    partial({ configure: regex, write: regex, read: regex }),
  ),
)
const topicPath = path('/topic-permissions/', vhost, '/', user)
const exchange = oneOf('amq.topic', 't', '')
const putTopicPermission = request(
  'PUT',
  topicPath,
  usually(fc.record({ exchange, write: regex, read: regex }), partial({ exchange, write: regex, read: regex })),
)

const limitName = usually(fc.constantFrom('max-queues', 'max-connections'), fc.constant('nope'))
const limitPath = path('/vhost-limits/', vhost, '/', limitName)
const wrongLimit = oneOf('1', 'x', true)
const putLimit = fc.oneof(
  request(
    'PUT',
    path('/vhost-limits/', vhost, '/', usually(fc.constant('max-queues'), fc.constant('nope'))),
    partial({ value: usually(oneOf(int(1), int(2), int(-1)), wrongLimit) }),
  ),
  request(
    'PUT',
    path('/vhost-limits/', vhost, '/max-connections'),
    partial({ value: usually(oneOf(int(100), int(-1)), wrongLimit) }),
  ),
)
const userLimitPath = path(
  '/user-limits/',
  user,
  '/',
  usually(fc.constantFrom('max-connections', 'max-channels'), fc.constant('nope')),
)
const putUserLimit = request('PUT', userLimitPath, partial({ value: oneOf(int(100), int(-1)) }))

/** Policies that match no name of the pool, so that only their own rules show. */
const definition = usually(
  oneOf({ 'max-length': int(5) }, { 'message-ttl': int(0), expires: int(1) }, { 'dead-letter-exchange': 'x' }),
  oneOf(
    {},
    { nope: int(1) },
    { 'max-length': int(-1) },
    { 'max-in-memory-length': int(-1) },
    { expires: int(0) },
    { 'message-ttl': 'a' },
    { 'queue-mode': 'x' },
    { 'queue-version': int(3) },
    { 'queue-master-locator': 'x' },
    { 'queue-leader-locator': 'x' },
    { 'max-age': '1x' },
    { 'stream-max-segment-size-bytes': int(3_000_000_001) },
    { 'ha-mode': 'all', 'ha-params': int(1) },
    { 'ha-mode': 'exactly' },
    { 'ha-mode': 'nodes', 'ha-params': [] },
    { 'ha-mode': 'x' },
    { 'ha-mode': 'all', 'ha-sync-mode': 'x' },
    { 'ha-sync-mode': 'manual' },
    int(1),
  ),
)
const policyPath = path('/policies/', vhost, '/', fc.constantFrom('p', 'p/2').map(segment))
const putPolicy = request(
  'PUT',
  policyPath,
  fc
    .tuple(
      usually(
        fc.record({ pattern: usually(oneOf('^zzz'), oneOf('(')), definition }),
        partial({ pattern: oneOf('^zzz'), definition }),
      ),
      partial({
        priority: usually(oneOf(int(0), int(5), int(-1)), oneOf('a')),
        'apply-to': usually(oneOf('all', 'queues', 'exchanges'), oneOf('nope')),
      }),
    )
    .map(([required, optional]) => ({ ...required, ...optional })),
)

const operatorPolicyPath = path('/operator-policies/', vhost, '/', fc.constantFrom('o', 'o/2').map(segment))
const putOperatorPolicy = request(
  'PUT',
  operatorPolicyPath,
  fc
    .tuple(
      fc.record({
        pattern: usually(oneOf('^zzz'), oneOf('(', int(1))),
        definition: usually(
          oneOf({ expires: int(5) }, { 'max-length': int(1), 'message-ttl': int(2) }),
          oneOf({}, { 'dead-letter-exchange': 'x' }, { 'delivery-limit': 'x' }),
        ),
      }),
      partial({ priority: usually(oneOf(int(0), int(7)), oneOf('a')), 'apply-to': oneOf('queues', 'all') }),
    )
    .map(([required, optional]) => ({ ...required, ...optional })),
)

const component = fc.constantFrom('policy', 'operator_policy', 'vhost-limits', 'nope')
const parameter = fc.oneof(
  request('PUT', path('/parameters/nope/', vhost, '/p'), oneOf({ value: int(1) }, {})),
  request('DELETE', path('/parameters/nope/', vhost, '/p')),
  request('GET', path('/parameters/policy/', vhost, '/', fc.constantFrom('p', 'p/2').map(segment))),
  request('PUT', path('/parameters/policy/', vhost, '/p'), oneOf({ value: int(1) })),
  request('GET', path('/parameters/', component, '/', vhost)),
)

/** Names of this case's own: every case sees all of them. */
const globalParameterPath = path('/global-parameters/', fc.constantFrom('{u0}', '{u1}'))
const globalParameter = fc.oneof(
  request('PUT', globalParameterPath, usually(fc.record({ value: oneOf(int(1), 'x', { a: [int(1)] }) }), oneOf({}))),
  request('GET', globalParameterPath),
  request('DELETE', globalParameterPath),
)

const bulkDelete = request(
  'POST',
  path('/users/bulk-delete'),
  usually(oneOf({ users: ['{u1}'] }, { users: [] }), oneOf({ users: ['nobody'] }, {})),
)

/** What is the same at any time. */
const constant = request(
  'GET',
  fc.constantFrom(
    '/health/checks/alarms',
    '/health/checks/local-alarms',
    '/health/checks/virtual-hosts',
    '/health/checks/node-is-quorum-critical',
    '/health/checks/node-is-mirror-sync-critical',
    '/health/checks/port-listener/x',
    '/health/checks/protocol-listener/http',
    '/health/checks/certificate-expiration/1/weeks',
    '/health/checks/certificate-expiration/x/weeks',
    '/health/checks/certificate-expiration/1/moons',
    '/healthchecks/node',
    '/healthchecks/node/nope',
    '/aliveness-test/none',
    '/consumers/none',
    '/connections/none',
    '/channels/none',
  ),
)

const object = (name: Json, fields: Record<string, Json>): Json => ({
  name,
  durable: true,
  auto_delete: false,
  arguments: {},
  ...fields,
})
const definitions = request(
  'POST',
  path('/definitions/', vhost),
  oneOf(
    {},
    { queues: [object('q', {})] },
    { queues: [object('r', { durable: false })] },
    { queues: [object('amq.q', {})] },
    { queues: [object('bad', { arguments: { 'x-message-ttl': int(-1) } })] },
    { queues: [object('bad', { arguments: { a: null } })] },
    { exchanges: [object('x', { type: 'fanout', internal: false })] },
    { exchanges: [object('bad', { type: 'nope', internal: false })] },
    {
      bindings: [{ source: 'amq.topic', destination: 'q', destination_type: 'queue', routing_key: 'k', arguments: {} }],
    },
    { bindings: [{ source: '', destination: 'q', destination_type: 'queue', routing_key: 'k', arguments: {} }] },
    {
      policies: [
        { name: 'p', pattern: '^zzz', definition: { 'max-length': int(9) }, priority: int(1), 'apply-to': 'all' },
      ],
    },
  ),
)

/** Calls on vhosts, users, permissions, limits, policies, parameters and definitions. */
export const accessStep: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.oneof(putVhost, putVhost, deleteVhost, readVhost), weight: 3 },
  { arbitrary: fc.oneof(putUser, putUser, readUser, deleteUser), weight: 3 },
  { arbitrary: putPermission, weight: 5 },
  { arbitrary: fc.oneof(request('DELETE', permissionPath), request('GET', permissionPath)), weight: 1 },
  { arbitrary: putTopicPermission, weight: 2 },
  { arbitrary: fc.oneof(request('DELETE', topicPath), request('GET', topicPath)), weight: 1 },
  {
    arbitrary: fc.oneof(putLimit, request('DELETE', limitPath), putUserLimit, request('DELETE', userLimitPath)),
    weight: 2,
  },
  { arbitrary: fc.oneof(putPolicy, putPolicy, request('DELETE', policyPath), request('GET', policyPath)), weight: 3 },
  {
    arbitrary: fc.oneof(
      putOperatorPolicy,
      putOperatorPolicy,
      request('DELETE', operatorPolicyPath),
      request('GET', operatorPolicyPath),
    ),
    weight: 2,
  },
  { arbitrary: parameter, weight: 1 },
  { arbitrary: globalParameter, weight: 1 },
  { arbitrary: fc.oneof(bulkDelete, constant, constant), weight: 1 },
  { arbitrary: definitions, weight: 2 },
)

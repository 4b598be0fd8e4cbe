import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RESOURCES } from '../../lib/api/resources.ts'
import { useApi } from './support/client.ts'

const { call } = useApi()

/** Names that exist, names that do not, and what should be no name. */
const segments = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('dv', 'q', 'xd', 'amq.topic', 'amq.default') },
  fc
    .string({ unit: 'binary', minLength: 1, maxLength: 8 })
    .filter((text) => text.isWellFormed())
    .map(encodeURIComponent),
  fc.constantFrom(
    '',
    '%',
    '%zz',
    '%FF',
    '%00',
    '%2F',
    '..',
    '.',
    '+',
    '~',
    '__proto__',
    '%F0%9F%98%80',
    'a'.repeat(300),
  ),
)

const listed = Object.entries(RESOURCES).flatMap(([path, methods]) => methods.map((method) => ({ method, path })))

/** Every operation, most often those that read a body, and now and then one that there is not. */
const operations: fc.Arbitrary<{ method: string; path: string }> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...listed.filter(({ method }) => method === 'PUT' || method === 'POST')) },
  { weight: 3, arbitrary: fc.constantFrom(...listed) },
  {
    weight: 1,
    arbitrary: fc.record({
      method: fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH'),
      path: fc.constantFrom(...Object.keys(RESOURCES), '/nope', '/queues/:vhost/:queue/nope'),
    }),
  },
)

/** A vhost that exists most of the time, so that what is below it is reached. */
const vhosts = fc.oneof({ weight: 4, arbitrary: fc.constant('dv') }, { weight: 1, arbitrary: segments })

const requests = operations.chain(({ method, path }) =>
  fc.record({ vhost: vhosts, others: fc.array(segments, { minLength: 4, maxLength: 4 }) }).map(({ vhost, others }) => {
    let index = 0
    return { method, path: path.replace(':vhost', vhost).replace(/:[a-z]+/g, () => others[index++] ?? '') }
  }),
)

const queries = fc
  .array(
    fc.tuple(
      fc.constantFrom(
        'page',
        'page_size',
        'name',
        'use_regex',
        'sort',
        'sort_reverse',
        'columns',
        'lengths_age',
        'lengths_incr',
        'after',
        'version',
        'limit',
        'if-unused',
        'if-empty',
        'download',
        '__proto__',
      ),
      fc.constantFrom(
        '',
        '0',
        '1',
        '-1',
        '1e9',
        'a',
        'true',
        '(',
        '(?=a)',
        'a.b.c',
        '..',
        ',',
        '__proto__',
        'constructor.name',
        'x'.repeat(2000),
      ),
    ),
    { maxLength: 3 },
  )
  .map((pairs) =>
    pairs.length === 0 ? '' : `?${pairs.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`,
  )

/** Values that fit somewhere, and some that fit nowhere. */
const values: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom(null, true, 'true', '', 0, 1, '1', -1, 1.5, [], {}, [null], { a: null }, '__proto__'),
  fc.constantFrom('direct', 'topic', 'ack', 'auto', 'base64', 'string', 'q', 'dv', '.*', '(', 'administrator'),
  fc.constantFrom(
    { 'x-message-ttl': -1 },
    { 'x-queue-type': 1 },
    { 'x-match': 1 },
    { 'max-length': 'a' },
    { a: { b: [1] } },
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

/** Good for every operation that takes an object. */
const GOOD: Readonly<Record<string, unknown>> = {
  type: 'direct',
  durable: true,
  auto_delete: false,
  internal: false,
  arguments: {},
  routing_key: 'q',
  properties: { headers: { a: 1 } },
  payload: 'p',
  payload_encoding: 'string',
  count: 1,
  ackmode: 'ack_requeue_true',
  encoding: 'auto',
  truncate: 10,
  delivery_tag: 'tag',
  action: 'ack',
  requeue: true,
  delay: 0,
  visibility: 1,
  tags: 'management',
  password: 'p',
  configure: '.*',
  write: '.*',
  read: '.*',
  exchange: 'amq.topic',
  pattern: '.*',
  definition: { 'max-length': 1 },
  priority: 1,
  'apply-to': 'queues',
  value: 1,
  name: 'n',
  description: 'd',
  tracing: false,
  users: [],
}

const FIELDS = [
  ...Object.keys(GOOD),
  ...['password_hash', 'hashing_algorithm', 'default_queue_type', 'vhosts', 'queues', 'exchanges', 'bindings'],
  ...['policies', 'parameters', 'permissions', 'global_parameters', '__proto__', 'headers'],
]

/** What is good but for a few fields. */
const objects = fc
  .record({
    changed: fc.dictionary(fc.constantFrom(...FIELDS), values, { noNullPrototype: true, maxKeys: 3 }),
    removed: fc.subarray(FIELDS, { maxLength: 2 }),
  })
  .map(({ changed, removed }) => {
    const fields = Object.entries({ ...GOOD, ...changed })
    return Object.fromEntries(fields.filter(([name]) => !removed.includes(name)))
  })

const bodies = fc.oneof(
  { weight: 4, arbitrary: objects.map((body) => JSON.stringify(body)) },
  fc.array(objects, { maxLength: 3 }).map((body) => JSON.stringify(body)),
  values.map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '',
    '{',
    'null',
    '"\\ud800"',
    '{"a":"\\udfff"}',
    '[1e999]',
    '{"arguments":{"x":1e400}}',
    '\ufeff{}',
    '{"a":1,"a":2}',
  ),
  fc.constantFrom(
    `{"arguments":{"x":${'['.repeat(5000)}${']'.repeat(5000)}}}`,
    `{"arguments":{"x":123456789012345678901234567890}}`,
    `{"properties":{"headers":{"x":9223372036854775807}},"routing_key":"q","payload":"","payload_encoding":"string"}`,
  ),
)

/** What may be answered but by a defect; 503 is for checks of listeners. */
const isFit = (path: string, status: number): boolean =>
  (status >= 200 && status < 500) || (status === 503 && path.startsWith('/health/checks/'))

test('whatever is asked, no answer blames the broker', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(requests, queries, bodies, async ({ method, path }, query, body) => {
      await call('PUT', '/vhosts/dv', {})
      await call('PUT', '/queues/dv/q', {})
      const { status, text } = await call(method, path + query, body, {
        headers: { 'content-type': 'application/json' },
      })
      expect(
        isFit(path, status),
        `${method} ${path}${query} ${body.slice(0, 200)} → ${status} ${text.slice(0, 200)}`,
      ).toBe(true)
    }),
    { numRuns: 6000 },
  )
})

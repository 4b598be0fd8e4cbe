import fc from 'fast-check'
import type { RawRequest } from './raw-http.ts'

/** What the generated requests find in vhost `/`: a durable classic queue, and a durable topic exchange. */
export const THERE = 'there'

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`
export const GUEST = { authorization: basic('guest', 'guest'), 'content-type': 'application/json' }

const jsonBytes = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const asGuest = (method: string, target: string, body?: Uint8Array): RawRequest => ({
  method,
  target,
  headers: GUEST,
  ...(body && { body }),
})

interface Write {
  readonly method: string
  readonly target: string
  readonly body: object
}

const MESSAGE = { properties: {}, routing_key: 'k', payload: 'x', payload_encoding: 'string' }
const GET = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
const POLICY = { pattern: '.*', definition: { 'max-length': 1 } }
const PATTERNS = { configure: '.*', write: '.*', read: '.*' }

const QUEUE: Write = { method: 'PUT', target: '/api/queues/%2F/new', body: { durable: true, arguments: {} } }
const EXCHANGE: Write = { method: 'PUT', target: '/api/exchanges/%2F/new', body: { type: 'topic', durable: true } }
const BINDING: Write = {
  method: 'POST',
  target: `/api/bindings/%2F/e/${THERE}/q/${THERE}`,
  body: { routing_key: 'new' },
}
const PUBLISH: Write = { method: 'POST', target: `/api/exchanges/%2F/${THERE}/publish`, body: MESSAGE }
const BATCH: Write = { method: 'POST', target: `/api/exchanges/%2F/${THERE}/publish/batch`, body: [MESSAGE] }
const GETTING: Write = { method: 'POST', target: `/api/queues/%2F/${THERE}/get`, body: GET }
const SETTLE: Write = { method: 'POST', target: `/api/queues/%2F/${THERE}/settle`, body: [] }
const USER: Write = { method: 'PUT', target: '/api/users/new', body: { password: 'x', tags: 'management' } }
const PERMISSION: Write = { method: 'PUT', target: '/api/permissions/%2F/guest', body: PATTERNS }
const TOPIC_PERMISSION: Write = {
  method: 'PUT',
  target: '/api/topic-permissions/%2F/guest',
  body: { exchange: 'amq.topic', write: '', read: '' },
}
const POLICIES: Write = { method: 'PUT', target: '/api/policies/%2F/new', body: POLICY }
const OPERATOR_POLICIES: Write = { method: 'PUT', target: '/api/operator-policies/%2F/new', body: POLICY }
const VHOST: Write = { method: 'PUT', target: '/api/vhosts/new', body: { description: 'new' } }
const LIMIT: Write = { method: 'PUT', target: '/api/vhost-limits/%2F/max-queues', body: { value: 1 } }
const USER_LIMIT: Write = { method: 'PUT', target: '/api/user-limits/guest/max-channels', body: { value: 1 } }
const CLUSTER: Write = { method: 'PUT', target: '/api/cluster-name', body: { name: 'new' } }
const BULK_DELETE: Write = { method: 'POST', target: '/api/users/bulk-delete', body: { users: ['guest'] } }
const DEFINITIONS: Write = { method: 'POST', target: '/api/definitions', body: { vhosts: [{ name: 'new' }] } }
const PARAMETER: Write = {
  method: 'PUT',
  target: '/api/parameters/federation-upstream/%2F/new',
  body: { value: { uri: 'amqp://host' } },
}

/** Every one of them would change something, or hand something out, if it were let through. */
const WRITES = [
  QUEUE,
  EXCHANGE,
  BINDING,
  PUBLISH,
  BATCH,
  GETTING,
  SETTLE,
  USER,
  PERMISSION,
  TOPIC_PERMISSION,
  POLICIES,
  OPERATOR_POLICIES,
  VHOST,
  LIMIT,
  USER_LIMIT,
  CLUSTER,
  BULK_DELETE,
  DEFINITIONS,
  PARAMETER,
]
const DELETES = [`/api/queues/%2F/${THERE}`, `/api/exchanges/%2F/${THERE}`, '/api/vhosts/%2F', '/api/users/guest']

const write = fc.constantFrom(...WRITES)

/** Names that objects of JavaScript have before anybody gives them any. */
const PROTOTYPE_KEYS = [
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  'valueOf',
  '__defineGetter__',
]
const prototypeKey = fc.constantFrom(...PROTOTYPE_KEYS)

const printable = fc.string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)) })
const wildJson = fc.oneof(
  { depthSize: 'small' },
  fc.jsonValue(),
  fc.dictionary(fc.oneof(prototypeKey, fc.string()), fc.jsonValue(), { maxKeys: 5 }),
)

const wrongAuthorization = fc.oneof(
  fc.constantFrom(
    '',
    'Basic',
    'Basic ',
    'Basic :',
    'basic Og==',
    'Bearer x',
    'Digest username="guest"',
    'Basic /////w==',
  ),
  fc
    .tuple(fc.oneof(prototypeKey, printable, fc.constant('guest')), printable)
    .map(([name, password]) => basic(name, `${password}!`)),
  printable,
  printable.map((text) => `Basic ${text}`),
  fc.integer({ min: 100, max: 4_000 }).map((length) => `Basic ${'QUJD'.repeat(length)}`),
)

const withoutLogin = fc
  .tuple(
    fc.oneof(
      write.map(({ method, target, body }) => ({ method, target, body: jsonBytes(body) })),
      fc.constantFrom(...DELETES).map((target) => ({ method: 'DELETE', target })),
    ),
    fc.option(wrongAuthorization, { nil: undefined }),
  )
  .map(([request, authorization]): RawRequest => {
    const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) }
    return { ...request, headers }
  })

/** The template's text with one field more in front; where it is an array, that of an entry with the field. */
function withField(body: object, field: string): string {
  if (Array.isArray(body)) return `[{${field}}]`
  const text = JSON.stringify(body)
  return `{${field}${text === '{}' ? '' : ','}${text.slice(1)}`
}

const nested = fc
  .tuple(fc.integer({ min: 101, max: 5_000 }), fc.constantFrom('[', '{"a":'), fc.boolean())
  .map(([depth, opening, isClosed]) => {
    const closing = opening === '[' ? ']' : '}'
    return `"x":${opening.repeat(depth)}1${isClosed ? closing.repeat(depth) : ''}`
  })
const halfSurrogate = fc.constantFrom(
  '"x":"\\ud800"',
  '"\\udfff":1',
  '"x":["\\ud83d\\u0041"]',
  '"x":{"a":"\\udc00\\ud800"}',
)
const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
const noJson = fc.oneof(
  fc.constantFrom(
    '{',
    '}',
    '{"a"',
    "{'a':1}",
    '{"a":01}',
    '{"a":NaN}',
    '{"a":1,}',
    '[1',
    '{} {}',
    '"',
    '\\',
    '{"a":1e}',
    'nul',
  ),
  fc.string({ unit: 'binary' }).filter((text) => text.trim() !== '' && text !== 'undefined' && !isJson(text)),
)
const wrongRoot = fc.constantFrom('7', '-1e400', '"{}"', '""', '1.5')

const brokenBody = fc
  .tuple(
    write,
    fc.oneof(
      fc.oneof(nested, halfSurrogate).map((field) => (body: object) => Buffer.from(withField(body, field))),
      fc.oneof(noJson, wrongRoot).map((text) => () => Buffer.from(text)),
      fc.constant((body: object) => Buffer.from(Array.isArray(body) ? '{}' : '[]')),
      fc
        .constantFrom([0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80])
        .map((bytes) => (body: object) => {
          const text = Buffer.from(withField(body, '"x":"?"'))
          const at = text.indexOf('?')
          return Buffer.concat([text.subarray(0, at), Buffer.from(bytes), text.subarray(at + 1)])
        }),
    ),
  )
  .map(([{ method, target, body }, breakBody]) => asGuest(method, target, breakBody(body)))

const object = fc.dictionary(fc.string(), fc.integer(), { minKeys: 1, maxKeys: 2 })
const array = fc.array(fc.integer(), { minLength: 1, maxLength: 2 })
const notString = fc.oneof(fc.integer(), fc.boolean(), object, array, fc.constant(null))
const notBoolean = fc.oneof(fc.integer(), fc.constantFrom('', 'troo', 'TRUE', 'yes'), object, array, fc.constant(null))
const notInteger = fc.oneof(
  fc.constantFrom('', 'x', '1e3', ' 1', '0x1', 1.5, 1e308, -1e308, null),
  fc.boolean(),
  object,
  array,
)
const notTable = fc.oneof(fc.integer(), fc.boolean(), fc.constant('x'), array)
const unknownWord = fc.oneof(prototypeKey, fc.constantFrom('', ' ', 'nope', 'DIRECT', 'auto '))
const tooLong = fc.integer({ min: 256, max: 2_000 }).map((length) => 'n'.repeat(length))
const nullInside = fc
  .tuple(fc.oneof(prototypeKey, fc.string()), fc.constantFrom<unknown>(null, [null], { a: null }, [{ a: [1, null] }]))
  .map(([key, value]) => ({ [key === '__proto__' ? 'proto' : key]: value }))

const notDuration = fc.oneof(notInteger, fc.constantFrom(-1, '60000', 315_360_000_001, 1e15))
const badQueueArguments = fc.oneof(
  nullInside,
  notDuration.map((value) => ({ 'x-message-ttl': value })),
  fc.oneof(notDuration, fc.constant(0)).map((value) => ({ 'x-expires': value })),
  fc.constantFrom(-1, '1', 1.5, true).map((value) => ({ 'x-max-length': value })),
  fc.constantFrom('stream', 'Classic', '', 7, true).map((value) => ({ 'x-queue-type': value })),
  fc.constantFrom('', 'drop', 7).map((value) => ({ 'x-overflow': value })),
  fc.constantFrom<object>(
    { 'x-dead-letter-routing-key': 'k' },
    { 'x-dead-letter-exchange': 7 },
    { 'x-max-age': '1D' },
    { 'x-delivery-limit': 1 },
    { 'x-queue-type': 'quorum', 'x-max-priority': 5 },
    { 'x-max-priority': 256 },
    { 'x-max-priority': 3, 'x-single-active-consumer': true },
    { 'x-single-active-consumer': 'yes' },
    { 'x-fifo-group': 'header' },
  ),
)

const hostilePattern = fc.oneof(
  fc.constantFrom(
    '(',
    ')',
    '[',
    '*',
    '+a',
    'a{2,1}',
    '(?<n',
    '(?=a)b',
    '(?<!a)b',
    '(a)\\1',
    '\\',
    '[z-a]',
    'a{1001}',
    '(?P>x)',
    '(a{600}){600}',
  ),
  fc.integer({ min: 1_025, max: 5_000 }).map((length) => 'a'.repeat(length)),
)
const notPattern = fc.oneof(hostilePattern, notString)

/** A field of a template that is replaced by something that does not belong there. */
const replacing = (template: Write, field: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<RawRequest> =>
  value.map((wrong) => asGuest(template.method, template.target, jsonBytes({ ...template.body, [field]: wrong })))

const property = (name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<RawRequest> =>
  replacing(
    PUBLISH,
    'properties',
    value.map((wrong) => ({ [name]: wrong })),
  )

const section = (name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<RawRequest> =>
  replacing(
    DEFINITIONS,
    name,
    fc.oneof(
      notTable.filter((wrong) => !Array.isArray(wrong)),
      value.map((wrong) => [wrong]),
    ),
  )

const wrongTypes = fc.oneof(
  replacing(QUEUE, 'durable', notBoolean),
  replacing(QUEUE, 'auto_delete', notBoolean),
  replacing(QUEUE, 'arguments', fc.oneof(badQueueArguments, notTable)),
  replacing(EXCHANGE, 'type', fc.oneof(notString, unknownWord)),
  replacing(EXCHANGE, 'internal', notBoolean),
  replacing(
    EXCHANGE,
    'arguments',
    fc.oneof(
      nullInside,
      notTable,
      notString.map((value) => ({ 'alternate-exchange': value })),
    ),
  ),
  replacing(BINDING, 'routing_key', fc.oneof(notString, tooLong)),
  replacing(BINDING, 'arguments', fc.oneof(nullInside, notTable)),
  replacing(PUBLISH, 'payload', notString),
  replacing(PUBLISH, 'payload_encoding', fc.oneof(notString, unknownWord)),
  replacing(PUBLISH, 'routing_key', fc.oneof(notString, tooLong)),
  replacing(PUBLISH, 'properties', notTable),
  property('headers', fc.oneof(notTable, nullInside, fc.constantFrom({ CC: 'k' }, { CC: [1] }, { BCC: { k: 1 } }))),
  property('expiration', fc.oneof(notString, fc.constantFrom('soon', '-1', '1.5', '1e3'))),
  property('delivery_mode', fc.oneof(notInteger, fc.constantFrom(0, 3, -1))),
  property('priority', fc.oneof(notInteger, fc.constantFrom(-1, 256))),
  property('timestamp', fc.oneof(notInteger, fc.constant(-1))),
  property('user_id', fc.oneof(notString, unknownWord)),
  property('message_id', fc.oneof(notString, tooLong)),
  replacing(GETTING, 'count', fc.oneof(notInteger, fc.constant(-1))),
  replacing(GETTING, 'ackmode', fc.oneof(notString, unknownWord)),
  replacing(GETTING, 'encoding', fc.oneof(notString, unknownWord)),
  replacing(GETTING, 'truncate', notInteger),
  replacing(USER, 'tags', fc.oneof(fc.integer(), fc.boolean(), object, array, fc.constant(null))),
  replacing(USER, 'password', fc.oneof(fc.integer(), fc.boolean(), object, array)),
  replacing(USER, 'password_hash', fc.constantFrom('kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', '!', 7, 'A')),
  replacing(USER, 'permissions', fc.oneof(notTable, fc.constantFrom({ nowhere: PATTERNS }, { '/': 7 }))),
  replacing(PERMISSION, 'configure', notPattern),
  replacing(PERMISSION, 'read', notPattern),
  replacing(TOPIC_PERMISSION, 'write', notPattern),
  replacing(TOPIC_PERMISSION, 'exchange', notString),
  replacing(POLICIES, 'pattern', notPattern),
  replacing(POLICIES, 'priority', notInteger),
  replacing(POLICIES, 'apply-to', fc.oneof(notString, unknownWord)),
  replacing(
    POLICIES,
    'definition',
    fc.oneof(notTable, fc.constantFrom({}, { colour: 1 }, { 'max-length': -1 }, { 'max-length': 'x' })),
  ),
  replacing(OPERATOR_POLICIES, 'definition', fc.oneof(notTable, fc.constantFrom({}, { 'dead-letter-exchange': 'x' }))),
  replacing(VHOST, 'tags', fc.oneof(fc.integer(), object, fc.constant([7]))),
  replacing(VHOST, 'default_queue_type', fc.oneof(notString, fc.constant('nope'))),
  replacing(LIMIT, 'value', notInteger),
  replacing(USER_LIMIT, 'value', notInteger),
  replacing(CLUSTER, 'name', notString),
  replacing(
    BULK_DELETE,
    'users',
    fc.oneof(
      notTable.filter((value) => !Array.isArray(value)),
      fc.constantFrom(['nobody'], [7], [null]),
    ),
  ),
  section(
    'queues',
    fc.oneof(notTable, fc.constantFrom({}, { name: 'q' }, { name: 7, vhost: '/' }, { name: 'q', vhost: 'nowhere' })),
  ),
  section('exchanges', fc.constantFrom({ name: 'x', vhost: '/', type: 'nope' }, { name: 'x', vhost: '/' })),
  section(
    'bindings',
    fc.constantFrom({ source: 'nowhere', vhost: '/', destination: THERE, destination_type: 'queue' }),
  ),
  section('users', fc.constantFrom({ name: 'u', tags: 7 }, { name: 'u', password_hash: '!', tags: '' }, { tags: '' })),
  section(
    'permissions',
    fc.constantFrom({ user: 'nobody', vhost: '/', ...PATTERNS }, { user: 'guest', vhost: '/', ...PATTERNS, read: '(' }),
  ),
)

const missingField = fc
  .tuple(
    fc.constantFrom(PUBLISH, GETTING, PERMISSION, TOPIC_PERMISSION, POLICIES, LIMIT, CLUSTER, BULK_DELETE),
    fc.nat(),
  )
  .map(([{ method, target, body }, index]) => {
    const fields = Object.entries(body)
    const kept = fields.filter((_field, position) => position !== index % fields.length)
    return asGuest(method, target, jsonBytes(Object.fromEntries(kept)))
  })

/** Neither a resource's first segment nor empty, so that no path of it leads anywhere. */
const noResource = fc
  .oneof(prototypeKey, fc.constantFrom('..', '.', '%2e%2e', 'queue', 'QUEUES', ';', '%00', "'--"))
  .map((text) => `/api/${text}`)
const hostileSegment = fc.oneof(
  fc.constantFrom('..', '.', '%2e%2e', '%2F..%2F..', '%00', '%20', '%ef%bf%bd', '*', '\\', '%3Cscript%3E'),
  prototypeKey,
  printable.map(encodeURIComponent),
)
const badEncoding = fc.constantFrom('%', '%2', '%zz', '%ff', '%c0%80', '%ed%a0%80', 'a%', '%u0041')
const anyMethod = fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH')

const badPath = fc.oneof(
  fc
    .tuple(anyMethod, noResource, fc.array(hostileSegment, { maxLength: 4 }))
    .map(([method, start, segments]) => asGuest(method, [start, ...segments].join('/'), jsonBytes({}))),
  fc
    .tuple(write, badEncoding)
    .map(([{ method, target, body }, segment]) => asGuest(method, `${target}${segment}`, jsonBytes(body))),
  fc
    .tuple(fc.constantFrom(QUEUE, EXCHANGE, VHOST, USER, POLICIES), fc.oneof(tooLong, fc.constantFrom('%00', 'a%00b')))
    .map(([{ method, target, body }, name]) => asGuest(method, target.replace(/new$/, name), jsonBytes(body))),
  fc.integer({ min: 20_000, max: 100_000 }).map((length) => asGuest('GET', `/api/queues/%2F/${'x'.repeat(length)}`)),
  fc
    .constantFrom('/api/queues/%2F/a b', '/api/\u0000', 'queues', 'http://evil.example/api/overview', '*')
    .map((target) => asGuest('GET', target)),
)

const unknownObject = fc
  .tuple(
    fc.constantFrom(
      ['DELETE', '/api/queues/%2F/NAME'],
      ['DELETE', '/api/queues/%2F/NAME/contents'],
      ['DELETE', '/api/exchanges/%2F/NAME'],
      ['DELETE', '/api/vhosts/NAME'],
      ['DELETE', '/api/users/NAME'],
      ['DELETE', '/api/policies/%2F/NAME'],
      ['DELETE', '/api/parameters/NAME/%2F/NAME'],
      ['DELETE', `/api/bindings/%2F/e/${THERE}/q/${THERE}/NAME`],
      ['PUT', '/api/queues/NAME/new'],
      ['PUT', '/api/exchanges/NAME/new'],
      ['POST', `/api/bindings/%2F/e/NAME/q/${THERE}`],
      ['POST', `/api/bindings/%2F/e/${THERE}/q/NAME`],
      ['POST', `/api/bindings/%2F/e/NAME/e/${THERE}`],
      ['POST', '/api/definitions/NAME'],
      ['POST', '/api/vhosts/NAME/deletion/protection'],
      ['GET', '/api/queues/NAME'],
      ['GET', '/api/journal/NAME'],
    ),
    fc.oneof(prototypeKey, fc.uuid()),
  )
  .map(([[method = '', target = ''], name]) => asGuest(method, target.replaceAll('NAME', name), jsonBytes({})))

const publishingNowhere = fc
  .tuple(fc.oneof(prototypeKey, fc.uuid()), fc.constantFrom('/publish', '/route'), fc.boolean())
  .map(([name, action, isVhost]) =>
    asGuest('POST', `/api/exchanges/${isVhost ? `${name}/${THERE}` : `%2F/${name}`}${action}`, jsonBytes(MESSAGE)),
  )

const oddMethod = fc
  .tuple(
    fc.constantFrom('PATCH', 'TRACE', 'PROPFIND', 'PURGE', 'LOCK', 'COPY', 'MOVE', 'REPORT', 'BREW', 'get', 'Put'),
    fc.oneof(
      write.map(({ target }) => target),
      fc.constantFrom(...DELETES, '/api/overview', '/', '/api'),
    ),
  )
  .map(([method, target]) => asGuest(method, target))

const inequivalent = fc.constantFrom(
  asGuest('PUT', `/api/queues/%2F/${THERE}`, jsonBytes({ durable: false })),
  asGuest('PUT', `/api/queues/%2F/${THERE}`, jsonBytes({ durable: true, arguments: { 'x-message-ttl': 1 } })),
  asGuest('PUT', `/api/queues/%2F/${THERE}`, jsonBytes({ durable: true, arguments: { 'x-queue-type': 'quorum' } })),
  asGuest('PUT', `/api/exchanges/%2F/${THERE}`, jsonBytes({ type: 'fanout', durable: true })),
  asGuest('PUT', `/api/exchanges/%2F/${THERE}`, jsonBytes({ type: 'topic', durable: true, internal: true })),
  asGuest('PUT', '/api/exchanges/%2F/amq.new', jsonBytes({ type: 'topic', durable: true })),
  asGuest('DELETE', '/api/exchanges/%2F/amq.topic'),
  asGuest('DELETE', '/api/exchanges/%2F/amq.default'),
)

/** Requests each of which has something wrong with it, so that all of them are to be refused. */
export const refusable: fc.Arbitrary<RawRequest> = fc.oneof(
  { arbitrary: withoutLogin, weight: 3 },
  { arbitrary: brokenBody, weight: 5 },
  { arbitrary: wrongTypes, weight: 8 },
  { arbitrary: missingField, weight: 1 },
  { arbitrary: badPath, weight: 4 },
  { arbitrary: unknownObject, weight: 2 },
  { arbitrary: publishingNowhere, weight: 1 },
  { arbitrary: oddMethod, weight: 1 },
  { arbitrary: inequivalent, weight: 1 },
)

const LISTS = [
  'queues',
  'exchanges',
  'bindings',
  'users',
  'vhosts',
  'permissions',
  'policies',
  'parameters',
  'overview',
  'nodes',
]
const CATASTROPHIC = [
  '(a+)+$',
  '(.*)*x',
  '(x|x)*y',
  '(a|aa)+$',
  '^(([a-z])+.)+[A-Z]([a-z])+$',
  '(.?){500}',
  '((a*)*)*b',
]
const QUERY_NAMES = [
  'page',
  'page_size',
  'name',
  'use_regex',
  'sort',
  'sort_reverse',
  'columns',
  'lengths_age',
  'lengths_incr',
]
const queryValue = fc.oneof(
  fc.constantFrom('true', '1', '0', '-1', '1e9', '', '..', '%', '%ff', '%00', 'a.b.c', 'NaN'),
  prototypeKey,
  fc.constantFrom(...CATASTROPHIC).map(encodeURIComponent),
  printable.map(encodeURIComponent),
)
const query = fc
  .array(fc.tuple(fc.oneof(fc.constantFrom(...QUERY_NAMES), prototypeKey), queryValue), { maxLength: 6 })
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'))
const oddHeaders = fc.dictionary(
  fc.constantFrom(
    'x-vhost',
    'accept',
    'x-forwarded-for',
    'cookie',
    'if-none-match',
    'range',
    '__proto__x',
    'constructor',
  ),
  printable,
  { maxKeys: 3 },
)

/** Requests that only read, with anything in their queries and headers. */
export const reading: fc.Arbitrary<RawRequest> = fc
  .tuple(
    fc.constantFrom('GET', 'HEAD', 'OPTIONS'),
    fc.constantFrom(...LISTS),
    fc.oneof(
      { arbitrary: fc.constant([]), weight: 3 },
      { arbitrary: fc.array(hostileSegment, { maxLength: 3 }), weight: 1 },
    ),
    query,
    oddHeaders,
  )
  .map(([method, list, segments, parameters, headers]) => ({
    method,
    target: `/api/${[list, ...segments].join('/')}?${parameters}`,
    headers: { ...GUEST, ...headers },
  }))

/** Fields that fit, with anything in them that fits and is not expected. */
const oddArguments = fc.object({
  key: fc.oneof(prototypeKey, fc.string({ unit: 'binary' })),
  values: [
    fc.string({ unit: 'binary' }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
  ],
  maxDepth: 3,
  maxKeys: 3,
})
const oddText = fc.oneof(
  prototypeKey,
  fc.constantFrom('', 'a', '#', '1', '..', '\0', '\u{feff}'),
  fc.string({ unit: 'binary' }),
)
const oddMessage = fc.record({
  routing_key: oddText,
  properties: fc.record({ headers: oddArguments, type: oddText, priority: fc.integer() }, { requiredKeys: [] }),
  payload: fc.string({ unit: 'binary' }),
  payload_encoding: fc.constantFrom('string', 'string', 'base64'),
})
const oddGet = fc.record({
  count: fc.integer({ min: 0, max: 10 }),
  ackmode: fc.constantFrom(
    'ack_requeue_true',
    'ack_requeue_false',
    'reject_requeue_true',
    'reject_requeue_false',
    'manual',
  ),
  encoding: fc.constantFrom('auto', 'base64'),
})
const oddQueue = fc.record(
  { durable: fc.boolean(), auto_delete: fc.boolean(), arguments: oddArguments },
  { requiredKeys: ['durable'] },
)
const oddExchange = fc.record(
  {
    type: fc.constantFrom('topic', 'direct', 'fanout', 'headers', 'x-consistent-hash', 'x-random'),
    auto_delete: fc.boolean(),
    arguments: oddArguments,
  },
  { requiredKeys: ['type'] },
)
const oddBinding = fc.record({ routing_key: oddText, arguments: oddArguments }, { requiredKeys: [] })
const oddPolicy = fc.record({
  pattern: fc.constantFrom(...CATASTROPHIC),
  definition: fc.constantFrom({ 'max-length': 1 }, { 'message-ttl': 1, 'dead-letter-exchange': 'a' }),
})

type Action = readonly [method: string, path: string, body: fc.Arbitrary<unknown>]

/** V is a vhost, A and B are names in it. The last are for administrators, or of vhosts that are none. */
const ACTIONS: readonly Action[] = [
  ['PUT', 'queues/V/A', oddQueue],
  ['PUT', 'exchanges/V/A', oddExchange],
  ['POST', 'bindings/V/e/A/q/B', oddBinding],
  ['POST', 'bindings/V/e/A/e/B', oddBinding],
  ['POST', 'exchanges/V/A/publish', oddMessage],
  ['POST', 'exchanges/V/amq.default/publish', oddMessage],
  ['POST', 'exchanges/V/A/publish/batch', fc.array(fc.oneof(oddMessage, wildJson), { maxLength: 5 })],
  ['POST', 'exchanges/V/A/route', oddMessage],
  ['POST', 'queues/V/A/get', oddGet],
  [
    'POST',
    'queues/V/A/settle',
    fc.array(fc.record({ delivery_tag: oddText, action: fc.constantFrom('ack', 'reject') })),
  ],
  ['PUT', 'policies/V/A', oddPolicy],
  ['GET', 'queues/V/A/bindings', fc.constant({})],
  ['DELETE', 'queues/V/A', fc.constant({})],
  ['DELETE', 'exchanges/V/A', fc.constant({})],
  ['DELETE', 'queues/V/A/contents', fc.constant({})],
  ['PUT', 'users/A', fc.constant({ tags: 'administrator', password: 'x' })],
  ['PUT', 'vhosts/A', fc.constant({})],
  ['PUT', 'permissions/V/A', fc.constant(PATTERNS)],
  ['POST', 'definitions/V', fc.constant({ queues: [{ name: 'smuggled' }] })],
  ['PUT', 'queues/A/B', oddQueue],
  ['PUT', 'queues/%2F/A', oddQueue],
  ['DELETE', 'exchanges/%2F/A', fc.constant({})],
  ['PUT', 'operator-policies/V/A', oddPolicy],
]

/** Requests of somebody who may do anything in one vhost, and nothing elsewhere: what gets through must stay in there. */
export const confined = (vhost: string, login: { username: string; password: string }): fc.Arbitrary<RawRequest> => {
  const name = fc.oneof(
    { arbitrary: fc.constantFrom('a', 'b', 'c'), weight: 4 },
    { arbitrary: hostileSegment, weight: 1 },
  )
  const headers = { ...GUEST, authorization: basic(login.username, login.password) }
  return fc.constantFrom(...ACTIONS).chain(([method, path, fitting]) =>
    fc
      .record({
        A: name,
        B: name,
        body: fc.oneof({ arbitrary: fitting, weight: 5 }, { arbitrary: wildJson, weight: 1 }),
      })
      .map(({ body, ...names }) => ({
        method,
        target: `/api/${path}`.replace(/[VAB](?=\/|$)/g, (letter) => ({ ...names, V: vhost })[letter] ?? letter),
        headers,
        body: jsonBytes(body),
      })),
  )
}

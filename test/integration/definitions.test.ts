import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedLeveret, useLeveret } from '../support/embedded.ts'
import { Story, unique } from './story.ts'

/** One broker imports what RabbitMQ wrote, the other what the first one wrote. */
const leveret = useLeveret()
const other = useLeveret()
const story = new Story(leveret)

type Item = Record<string, unknown>
type Definitions = Record<string, Item[]>

/** Exported by RabbitMQ 3.10.8 from `GET /api/definitions`: two vhosts, 7 users, 45 queues, 1,000 bindings. */
const TEXT = readFileSync(new URL('fixtures/definitions-rabbitmq-3.10.json', import.meta.url), 'utf8')
const FILE = JSON.parse(TEXT) as Definitions

const SECTIONS = [
  'users',
  'vhosts',
  'permissions',
  'topic_permissions',
  'parameters',
  'global_parameters',
  'policies',
  'queues',
  'exchanges',
  'bindings',
]

const importInto = (broker: EmbeddedLeveret, file: unknown, vhost?: string) =>
  broker.call('POST', vhost === undefined ? '/api/definitions' : `/api/definitions/${encodeURIComponent(vhost)}`, file)

async function exportOf(broker: EmbeddedLeveret): Promise<Definitions> {
  const { status, body } = await broker.call('GET', '/api/definitions')
  expect(status).toBe(200)
  return body as Definitions
}

/** A section without the order of its items and of their fields, neither of which means anything. */
const unordered = (items: readonly Item[] = []): string[] => items.map((item) => JSON.stringify(sorted(item))).sort()

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .map(([name, field]) => [name, sorted(field)] as const)
      .sort(([left], [right]) => (left < right ? -1 : 1)),
  )
}

function expectSame(actual: Definitions, expected: Definitions): void {
  for (const section of SECTIONS) expect(unordered(actual[section]), section).toEqual(unordered(expected[section]))
}

async function journalVersion(broker: EmbeddedLeveret, vhost: string): Promise<number> {
  const { body } = await broker.call('GET', `/api/journal/${encodeURIComponent(vhost)}?limit=1000`)
  return (body as { version: number }[]).at(-1)?.version ?? 0
}

/** What the importer leaves out, because SQS has no streams, and what RabbitMQ 3.10 does not say of a queue. */
const isStream = ({ arguments: args }: Item): boolean => (args as Item)['x-queue-type'] === 'stream'
const typeOf = ({ arguments: args }: Item): unknown => (args as Item)['x-queue-type'] ?? 'classic'

const EXPECTED: Definitions = {
  ...FILE,
  vhosts: [],
  queues: (FILE.queues ?? []).filter((queue) => !isStream(queue)).map((queue) => ({ ...queue, type: typeOf(queue) })),
  bindings: (FILE.bindings ?? []).filter(({ destination }) => destination !== 'log'),
  policies: (FILE.policies ?? []).map((policy) => {
    const settings = Object.entries(policy.definition as Item).filter(([name]) => !name.startsWith('ha-'))
    return { ...policy, definition: Object.fromEntries(settings) }
  }),
  global_parameters: (FILE.global_parameters ?? []).filter(({ name }) => !String(name).startsWith('internal')),
}

describe('definitions that RabbitMQ 3.10 exported', () => {
  beforeAll(async () => {
    expect(await importInto(leveret, TEXT)).toMatchObject({ status: 204, body: undefined })
  })

  test('are all there, as they were, except mirrors, streams and what leads to them', async () => {
    const exported = await exportOf(leveret)
    expectSame({ ...exported, vhosts: [] }, EXPECTED)
    expect(exported.vhosts?.map(({ name }) => name).sort()).toEqual(['/', 'orders'])
    expect(exported.bindings).toHaveLength(999)
    expect(exported.queues).toHaveLength(44)
  })

  test.each([
    ['warren', 'burrow', 200],
    ['shop', 'carrots', 200],
    ['policies', 'clover é', 200],
    ['hashed', 'test12', 200],
    ['shop', 'Carrots', 401],
    ['certificate', '', 401],
    ['worker', 'no api', 401],
  ])('let %s with password %j in as RabbitMQ did: %i', async (username, password, status) => {
    const answer = await leveret.call('GET', '/api/whoami', undefined, { login: { username, password } })
    expect(answer.status).toBe(status)
  })

  test('route as they did there', async () => {
    const orders = new Story(leveret, 'orders', { username: 'warren', password: 'burrow' })
    // By the e2e binding from amq.topic to events, and on to shop.2 by order.2.#.
    expect(await orders.publish('amq.topic', { routing_key: 'order.2.created', payload: 'topic' })).toBe(true)
    expect(await orders.get('shop.2')).toMatchObject([{ payload: 'topic', exchange: 'amq.topic' }])
    const headers = { region: 'r13', size: 13, express: false, weight: 13.5 }
    expect(await orders.publish('by header', { payload: 'all', properties: { headers } })).toBe(true)
    expect(await orders.get('shop.13')).toMatchObject([{ payload: 'all' }])
    expect(await orders.publish('events', { routing_key: 'nothing.is.bound', payload: 'lost' })).toBe(true)
    expect(await orders.get('lost')).toMatchObject([{ payload: 'lost' }])
    expect(await orders.publish('', { routing_key: 'a/b c%2F', payload: 'named' })).toBe(true)
    expect(await orders.get('a/b c%2F')).toMatchObject([{ payload: 'named' }])
  })

  test('keep their users within their permissions', async () => {
    const shop = new Story(leveret, 'orders', { username: 'shop', password: 'carrots' })
    const message = { properties: {}, payload: 'x', payload_encoding: 'string' }
    const publish = (routingKey: string) =>
      shop.call('POST', `${shop.path('exchanges', 'amq.topic')}/publish`, { ...message, routing_key: routingKey })
    expect((await publish('shop.mine')).status).toBe(200)
    expect((await publish('warren.mine')).status).toBe(401)
    expect((await shop.call('PUT', shop.path('queues', 'other'), { durable: true })).status).toBe(401)
    expect((await shop.call('PUT', shop.path('queues', 'shop.new'), { durable: true })).status).toBe(201)
    expect((await shop.call('DELETE', shop.path('queues', 'shop.new'))).status).toBe(204)
  })

  test('change nothing when they are imported again', async () => {
    const before = await exportOf(leveret)
    const versions = [await journalVersion(leveret, 'orders'), await journalVersion(leveret, '/')]
    expect((await importInto(leveret, TEXT)).status).toBe(204)
    expect(await exportOf(leveret)).toEqual(before)
    expect([await journalVersion(leveret, 'orders'), await journalVersion(leveret, '/')]).toEqual(versions)
  })

  test('exported here and imported into another broker are the same there', async () => {
    const exported = await exportOf(leveret)
    expect((await importInto(other, exported)).status).toBe(204)
    expectSame(await exportOf(other), exported)
  })

  test('of one vhost, imported into another one, are the same there', async () => {
    const { body } = await leveret.call('GET', '/api/definitions/orders')
    const target = await story.inVhost(unique('copy'))
    expect((await importInto(leveret, body, target.vhost)).status).toBe(204)
    const copy = (await leveret.call('GET', `/api/definitions/${target.vhost}`)).body as Definitions
    const original = body as Definitions
    for (const section of ['queues', 'exchanges', 'bindings', 'policies', 'parameters']) {
      expect(unordered(copy[section]), section).toEqual(unordered(original[section]))
    }
    expect(Object.keys(original)).not.toContain('users')
  })
})

const EXCHANGE = {
  name: 'x',
  vhost: '/',
  type: 'topic',
  durable: true,
  auto_delete: false,
  internal: false,
  arguments: {},
}
const QUEUE = { name: 'q', vhost: '/', durable: true, auto_delete: false, arguments: {} }
const BINDING = { source: 'x', vhost: '/', destination: 'q', destination_type: 'queue', routing_key: '', arguments: {} }
const USER = { name: 'new', password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', tags: '' }
const PERMISSION = { user: 'new', vhost: '/', configure: '', write: '', read: '' }
const POLICY = { vhost: '/', name: 'p', pattern: '.*', 'apply-to': 'all', priority: 0, definition: { 'max-length': 1 } }

/** Each has something good in front of what is bad, so that storing half of it would show. */
const BROKEN: [what: string, file: unknown, named: RegExp][] = [
  ['no JSON', '{"queues": [', /failed_to_parse_json/],
  ['no object', '[]', /failed_to_parse_json/],
  ['a section that is no array', { exchanges: [EXCHANGE], queues: {} }, /queues must be an array/],
  ['an item that is no object', { exchanges: [EXCHANGE], queues: [7] }, /queues\[0\]/],
  ['an item without a vhost', { queues: [QUEUE, { ...QUEUE, name: 'r', vhost: undefined }] }, /queues\[1\]\.vhost/],
  ['a vhost that is not there', { exchanges: [EXCHANGE], queues: [{ ...QUEUE, vhost: 'nowhere' }] }, /"nowhere"/],
  ['an item without a name', { exchanges: [EXCHANGE], queues: [{ ...QUEUE, name: undefined }] }, /queues\[0\]\.name/],
  ['an unknown exchange type', { users: [USER], exchanges: [{ ...EXCHANGE, type: 'nope' }] }, /exchange 'x'.*'nope'/],
  [
    'a null argument',
    { exchanges: [EXCHANGE], queues: [{ ...QUEUE, arguments: { a: null } }] },
    /queues\[0\]: null_not/,
  ],
  [
    'a wrong type in an argument',
    { exchanges: [EXCHANGE], queues: [{ ...QUEUE, arguments: { 'x-message-ttl': 'soon' } }] },
    /queue 'q'.*x-message-ttl/,
  ],
  ['a flag that is none', { exchanges: [EXCHANGE, { ...EXCHANGE, durable: 'perhaps' }] }, /exchanges\[1\]\.durable/],
  [
    'a binding that leads nowhere',
    { exchanges: [EXCHANGE], queues: [QUEUE], bindings: [{ ...BINDING, destination: 'nothing' }] },
    /binding from 'x' to queue 'nothing'/,
  ],
  [
    'a destination of an unknown kind',
    { exchanges: [EXCHANGE], queues: [QUEUE], bindings: [BINDING, { ...BINDING, destination_type: 'topic' }] },
    /bindings\[1\]\.destination_type/,
  ],
  [
    'a permission that is no pattern',
    { exchanges: [EXCHANGE], users: [USER], permissions: [{ ...PERMISSION, read: '(' }] },
    /user 'new' in vhost '\/'/,
  ],
  [
    'a policy that is no pattern',
    { exchanges: [EXCHANGE], policies: [{ ...POLICY, pattern: '[' }] },
    /policies\[0\]|policy 'p'/,
  ],
  [
    'an unknown setting in a policy',
    { exchanges: [EXCHANGE], policies: [{ ...POLICY, definition: { colour: 1 } }] },
    /policies\[0\].*colour/s,
  ],
  ['a permission of nobody', { exchanges: [EXCHANGE], permissions: [{ ...PERMISSION, user: 'nobody' }] }, /"nobody"/],
  [
    'a hash that is no base64',
    { exchanges: [EXCHANGE], users: [{ ...USER, password_hash: '!' }] },
    /user 'new'.*not_base64/,
  ],
  ['a name that is too long', { exchanges: [EXCHANGE, { ...EXCHANGE, name: 'é'.repeat(200) }] }, /é.*255|255.*é/s],
]

describe('a definitions file', () => {
  test.each(BROKEN)(
    'with %s is refused with 400 that names the place, and nothing of it stored',
    async (_what, file, named) => {
      const before = await exportOf(leveret)
      const version = await journalVersion(leveret, '/')
      const answer = await importInto(leveret, file)
      expect(answer.status).toBe(400)
      const { error, reason } = answer.body as { error: string; reason: unknown }
      expect(error).toBe('bad_request')
      expect(typeof reason === 'string' ? reason : JSON.stringify(reason)).toMatch(named)
      expect(await exportOf(leveret)).toEqual(before)
      expect(await journalVersion(leveret, '/')).toBe(version)
    },
  )

  test('of another content type is refused with 415', async () => {
    const answer = await leveret.call('POST', '/api/definitions', '{}', { headers: { 'content-type': 'text/plain' } })
    expect(answer.status).toBe(415)
  })

  test('may come as a field of a form, with a byte order mark', async () => {
    const vhost = unique('form')
    const form = new FormData()
    form.append('file', new Blob([`\u{feff}${JSON.stringify({ vhosts: [{ name: vhost }] })}`]), 'definitions.json')
    const request = new Request('http://localhost/', { method: 'POST', body: form })
    const headers = { 'content-type': request.headers.get('content-type') ?? '' }
    expect((await leveret.call('POST', '/api/definitions', await request.text(), { headers })).status).toBe(204)
    expect((await leveret.call('GET', `/api/vhosts/${vhost}`)).status).toBe(200)
  })

  test('that says otherwise of what is there leaves exchanges and queues as they are, and sets policies and users', async () => {
    const inVhost = await story.inVhost(unique('merge'))
    const { vhost } = inVhost
    await inVhost.queue('q', { 'x-message-ttl': 1000 })
    await inVhost.exchange('x', 'fanout')
    const user = await inVhost.user('management', { configure: '', write: '', read: '' })
    const permission = { user: user.username, vhost, configure: 'new', write: '', read: '' }
    const file = {
      exchanges: [{ ...EXCHANGE, vhost }],
      queues: [{ ...QUEUE, vhost }],
      permissions: [permission],
      policies: [{ ...POLICY, vhost }],
    }
    expect((await importInto(leveret, file)).status).toBe(204)
    expect((await inVhost.call('GET', inVhost.path('queues', 'q'))).body).toMatchObject({
      arguments: { 'x-message-ttl': 1000 },
    })
    expect((await inVhost.call('GET', inVhost.path('exchanges', 'x'))).body).toMatchObject({ type: 'fanout' })
    expect((await inVhost.call('GET', inVhost.path('permissions', user.username))).body).toEqual(permission)
    expect((await inVhost.call('GET', inVhost.path('policies'))).body).toHaveLength(1)
  })

  test('with reserved names is taken without them', async () => {
    const before = await exportOf(leveret)
    const exchanges = [
      { ...EXCHANGE, name: 'amq.mine' },
      { ...EXCHANGE, name: '' },
    ]
    const file = { exchanges, queues: [{ ...QUEUE, name: 'amq.gen-x' }], bindings: [{ ...BINDING, source: '' }] }
    expect((await importInto(leveret, file)).status).toBe(204)
    expect(await exportOf(leveret)).toEqual(before)
  })

  test('of a vhost that is not there: 404 to import, 400 to export', async () => {
    expect(await importInto(leveret, {}, 'nowhere')).toMatchObject({ status: 404, body: { reason: 'vhost_not_found' } })
    expect(await leveret.call('GET', '/api/definitions/nowhere')).toMatchObject({
      status: 400,
      body: { reason: 'vhost_not_found' },
    })
  })

  test('of a broker without contents has all its sections', async () => {
    const exported = await exportOf(leveret)
    for (const section of SECTIONS) expect(Array.isArray(exported[section]), section).toBe(true)
    const saved = await leveret.call('GET', '/api/definitions?download=my%20file.json')
    expect(saved.headers['content-disposition']).toBe('attachment; filename=my_file.json')
  })
})

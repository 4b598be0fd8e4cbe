import { describe, expect, test } from 'vitest'
import { importDefinitions } from '../../lib/broker/import-definitions.ts'
import { openSession } from '../../lib/broker/session.ts'
import type { AmqpValue } from '../../lib/model/amqp-value.ts'
import type { User } from '../../lib/model/user.ts'
import { parseDefinitions } from '../../lib/topology/definitions/parse.ts'
import { AS_JSON, badRequest, NOT_FOUND, VHOST_NOT_FOUND } from './support/answers.ts'
import { useApi } from './support/client.ts'

const client = useApi()
const { call } = client

const post = (file: unknown, vhost?: string) =>
  call('POST', vhost === undefined ? '/definitions' : `/definitions/${vhost}`, file, AS_JSON)

const queue = (name: string, given: object = {}) => ({ name, vhost: 'file', ...given })

const FILE = {
  rabbit_version: '3.5.7',
  users: [
    { name: 'old', password_hash: 'kI3GCqW5', tags: 'management' },
    {
      name: 'new',
      password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR',
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['management'],
      limits: { 'max-channels': 3 },
    },
    { name: 'plain', password: 'secret', tags: 'management' },
  ],
  vhosts: [{ name: 'file', description: 'imported', metadata: { protected_from_deletion: true } }],
  permissions: [{ user: 'new', vhost: 'file', configure: '', write: '', read: '.*' }],
  topic_permissions: [{ user: 'new', vhost: 'file', exchange: 'x', write: '', read: 'a' }],
  parameters: [
    { vhost: 'file', component: 'vhost-limits', name: 'limits', value: { 'max-queues': 1000 } },
    { vhost: 'file', component: 'operator_policy', name: 'o', value: { pattern: '', definition: { expires: 5 } } },
  ],
  global_parameters: [
    { name: 'cluster_name', value: 'moved' },
    { name: 'internal_x', value: 1 },
  ],
  policies: [{ vhost: 'file', name: 'p', pattern: '', definition: { 'max-length': 1, 'ha-mode': 'all' } }],
  queues: [queue('q', { arguments: { 'x-message-ttl': 5 } }), queue('s', { arguments: { 'x-queue-type': 'stream' } })],
  exchanges: [{ vhost: 'file', name: 'x', type: 'topic' }],
  bindings: [
    { vhost: 'file', source: 'x', destination: 'q', destination_type: 'queue', routing_key: 'a.#', arguments: {} },
    { vhost: 'file', source: 'x', destination: 's', destination_type: 'queue', routing_key: 'a.#', arguments: {} },
  ],
}

describe('an import', () => {
  test('brings everything, tells what it left out, and may be repeated', async () => {
    const answer = await post(FILE)
    expect(answer).toMatchObject({ status: 204, text: '' })
    expect(answer.headers['leveret-warnings']).toMatch(/ha-\*.*the stream 's'/)
    const first = (await call('GET', '/definitions')).body
    expect(await post(FILE)).toMatchObject({ status: 204 })
    expect((await call('GET', '/definitions')).body).toEqual(first)
    expect(first).toMatchObject({
      vhosts: [{ name: '/' }, { name: 'file', description: 'imported', metadata: { protected_from_deletion: true } }],
      topic_permissions: FILE.topic_permissions,
      global_parameters: [{ name: 'cluster_name', value: 'moved' }],
      policies: [{ name: 'p', vhost: 'file', definition: { 'max-length': 1 } }],
      queues: [{ name: 'q', vhost: 'file', durable: true, auto_delete: false, arguments: { 'x-message-ttl': 5 } }],
      exchanges: [{ name: 'x', vhost: 'file', durable: true }],
      bindings: [FILE.bindings[0]],
    })
    expect(await call('GET', '/users/old')).toMatchObject({
      body: { hashing_algorithm: 'rabbit_password_hashing_md5', tags: ['management'] },
    })
    expect(await call('GET', '/whoami', undefined, { as: 'new:test12' })).toMatchObject({ status: 200 })
    expect(await call('GET', '/whoami', undefined, { as: 'plain:secret' })).toMatchObject({ status: 200 })
    expect((await call('GET', '/vhost-limits/file')).body).toEqual([{ vhost: 'file', value: { 'max-queues': 1000 } }])
    expect((await call('GET', '/operator-policies')).body).toMatchObject([{ name: 'o' }])
  })

  test('brings what has just been exported back into another vhost', async () => {
    await post(FILE)
    await call('PUT', '/vhosts/copy', {})
    const { body: file } = await call('GET', '/definitions/file')
    expect(file).not.toHaveProperty('users')
    expect(file).not.toHaveProperty('vhosts')
    expect(await post(file, 'copy')).toMatchObject({ status: 204 })
    expect((await call('GET', '/definitions/copy')).body).toEqual(file)
  })

  test('of queues makes queues that take messages', async () => {
    await post({ vhosts: [{ name: 'live' }], queues: [{ name: 'q', vhost: 'live' }] })
    const message = { properties: {}, routing_key: 'q', payload: 'hello', payload_encoding: 'string' }
    expect((await call('POST', '/exchanges/live/amq.default/publish', message)).body).toEqual({ routed: true })
    const got = await call('POST', '/queues/live/q/get', { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' })
    expect(got.body).toMatchObject([{ payload: 'hello' }])
  })

  test('leaves exchanges and queues that exist as they are', async () => {
    await post({ vhosts: [{ name: 'kept' }], queues: [{ name: 'q', vhost: 'kept' }] })
    const queues = [{ name: 'q', durable: false, arguments: { 'x-message-ttl': -1 } }]
    expect(await post({ queues }, 'kept')).toMatchObject({ status: 204 })
    expect((await call('GET', '/queues/kept/q')).body).toMatchObject({ durable: true, arguments: {} })
  })

  test('of many things is cut into parts, each after the other', async () => {
    const queues = Array.from({ length: 250 }, (_, index) => queue(`many${index}`))
    const bindings = queues.flatMap(({ name, vhost }) =>
      Array.from({ length: 8 }, (_, key) => ({
        vhost,
        source: 'amq.topic',
        destination: name,
        destination_type: 'queue',
        routing_key: `${key}.${'k'.repeat(100)}`,
      })),
    )
    expect(await post({ vhosts: FILE.vhosts, queues, bindings })).toMatchObject({ status: 204 })
    expect((await call('GET', '/bindings/file/e/amq.topic/q/many249')).body).toHaveLength(8)
  })

  test('that would be refused halfway commits nothing', async () => {
    const vhosts = [{ name: 'never' }]
    const files = [
      { vhosts, queues: [queue('q', { vhost: 'never', arguments: { 'x-message-ttl': -1 } })] },
      { vhosts, users: [{ name: 'u', password_hash: '!!', tags: '' }] },
      { vhosts, permissions: [{ user: 'guest', vhost: 'never', configure: '(', write: '', read: '' }] },
      { vhosts, permissions: [{ user: 'zz', vhost: 'never', configure: '', write: '', read: '' }] },
      { vhosts, bindings: [{ ...FILE.bindings[0], vhost: 'never' }] },
      { vhosts, policies: [{ vhost: 'never', name: 'p', pattern: '', definition: { nope: 1 } }] },
    ]
    for (const file of files) expect(await post(file)).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(await call('GET', '/vhosts/never')).toMatchObject(NOT_FOUND)
  })

  test('that takes too long says how much is done, and a repetition goes on', async () => {
    const { broker } = client
    const file: AmqpValue = { vhosts: [{ name: 'slow' }], queues: [{ name: 'q', vhost: 'slow' }] }
    const authenticate = (access: { users: ReadonlyMap<string, User> }) => {
      const guest = access.users.get('guest')
      if (!guest) throw new Error('there is no guest')
      return guest
    }
    const arrival = broker.journals.arrival()
    const session = await openSession(broker, { arrival, confirm: true, authenticate })
    const late = { ...session, arrival: { ...arrival, monotonicMs: arrival.monotonicMs - 20_000 } }
    await expect(importDefinitions(late, parseDefinitions(file))).rejects.toMatchObject({
      kind: 'unavailable',
      reason: '0 of 2 done: repeat the import to go on',
      retryAfterS: 1,
    })
    await importDefinitions(session, parseDefinitions(file))
    expect(await call('GET', '/queues/slow/q')).toMatchObject({ status: 200 })
  })
})

describe('a definitions file that is posted', () => {
  test('is an object in JSON, or nothing', async () => {
    for (const body of ['{', '[]', '1', '"x"', 'null']) {
      expect(await post(body)).toMatchObject(badRequest('failed_to_parse_json'))
    }
    for (const body of ['', '{}', '\uFEFF{}']) expect(await post(body)).toMatchObject({ status: 204 })
  })

  test('says that it is JSON', async () => {
    expect(await call('POST', '/definitions', {})).toMatchObject({ status: 415, text: '' })
    const options = { headers: { 'content-type': 'text/plain' } }
    expect(await call('POST', '/definitions', {}, options)).toMatchObject({ status: 415, text: '' })
  })

  test('may come as the field of a form', async () => {
    const form = new FormData()
    form.set('file', new Blob([`\uFEFF${JSON.stringify({ vhosts: [{ name: 'from-form' }] })}`]), 'definitions.json')
    const encoded = new Response(form)
    const headers = { 'content-type': encoded.headers.get('content-type') ?? '' }
    expect(await call('POST', '/definitions', await encoded.text(), { headers })).toMatchObject({ status: 204 })
    expect(await call('GET', '/vhosts/from-form')).toMatchObject({ status: 200 })
    for (const body of ['', 'nonsense', '--x\r\n\r\n--x--']) {
      for (const type of ['multipart/form-data', 'multipart/form-data; boundary=x']) {
        const answer = await call('POST', '/definitions', body, { headers: { 'content-type': type } })
        expect(answer).toMatchObject({ status: 400 })
      }
    }
  })

  test('names vhosts that exist or are in it', async () => {
    expect(await post({ queues: [{ name: 'q' }] })).toMatchObject({
      status: 400,
      text: expect.stringContaining('invalid_definitions_file: queues[0].vhost is missing'),
    })
    expect(await post({ queues: [{ name: 'q', vhost: 'zz' }] })).toMatchObject(
      badRequest('Please create virtual host "zz" prior to importing definitions.'),
    )
    expect(await post({}, 'zz')).toMatchObject(VHOST_NOT_FOUND)
  })
})

describe('an export that is asked for', () => {
  test('of a vhost that is not there is a bad request', async () => {
    expect(await call('GET', '/definitions/zz')).toMatchObject(badRequest('vhost_not_found'))
  })

  test('has an older path too', async () => {
    expect((await call('GET', '/all-configuration')).body).toEqual((await call('GET', '/definitions')).body)
    expect((await call('GET', '/all-configuration/%2F')).body).toEqual((await call('GET', '/definitions/%2F')).body)
  })

  test('is saved under the name that is asked for, whatever is in it', async () => {
    const disposition = async (query: string) => (await call('GET', `/definitions?${query}`)).headers
    expect(await disposition('download=rabbit_1.json')).toMatchObject({
      'content-disposition': 'attachment; filename=rabbit_1.json',
    })
    expect(await disposition('download=a%22%0D%0Ab;%E2%82%AC')).toMatchObject({
      'content-disposition': 'attachment; filename=a___b__',
    })
    expect(await disposition('')).not.toHaveProperty('content-disposition')
  })
})

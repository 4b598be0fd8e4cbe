import { beforeAll, describe, expect, test } from 'vitest'
import { useApi } from './support/client.ts'

const { call } = useApi()

const message = (more: object = {}) => ({
  properties: {},
  routing_key: 'q',
  payload: 'p',
  payload_encoding: 'string',
  ...more,
})
const get = (more: object = {}) => ({ count: 10, ackmode: 'ack_requeue_false', encoding: 'auto', ...more })
const badRequest = (reason: unknown) => ({ status: 400, body: { error: 'bad_request', reason } })

const publish = (more: object = {}, exchange = 'amq.default') =>
  call('POST', `/exchanges/%2F/${exchange}/publish`, message(more))
const messagesIn = async (queue: string, more: object = {}) =>
  (await call('POST', `/queues/%2F/${queue}/get`, get(more))).body as { payload: string; delivery_tag: string }[]

beforeAll(async () => {
  for (const queue of ['q', 'other', 'manual']) await call('PUT', `/queues/%2F/${queue}`, { durable: true })
  await call('PUT', '/exchanges/%2F/inner', { type: 'direct', internal: true })
})

describe('publish', () => {
  test('tells whether a queue was reached', async () => {
    expect(await publish()).toMatchObject({ status: 200, text: '{"routed":true}' })
    expect(await publish({}, '')).toMatchObject({ status: 200, text: '{"routed":true}' })
    expect(await publish({ routing_key: 'zzz' })).toMatchObject({ status: 200, text: '{"routed":false}' })
    expect(await messagesIn('q')).toHaveLength(2)
  })

  test('to what is not there, or not for publishing, is refused', async () => {
    expect(await publish({}, 'zz')).toMatchObject({
      status: 404,
      body: { error: 'not_found', reason: "NOT_FOUND - no exchange 'zz' in vhost '/'" },
    })
    expect(await publish({}, 'inner')).toMatchObject({
      status: 401,
      body: {
        error: 'not_authorised',
        reason: "ACCESS_REFUSED - cannot publish to internal exchange 'inner' in vhost '/'",
      },
    })
    expect(await publish({ properties: { expiration: '1.5' } })).toMatchObject(
      badRequest('406 PRECONDITION_FAILED - invalid expiration \'1.5\': {leftover_string,".5"}'),
    )
    expect(await call('POST', '/exchanges/zz/x/publish', message())).toMatchObject({
      status: 404,
      body: { reason: 'vhost_not_found' },
    })
  })

  test('of a body that is too large is refused in words', async () => {
    const answer = await publish({ payload: 'x'.repeat(4_500_000) })
    expect(answer).toMatchObject(badRequest('the request body is larger than 4500000 bytes: send less at a time'))
  })

  test('of a batch answers each entry at its place', async () => {
    const entries = [
      message(),
      message({ routing_key: 'zzz' }),
      1,
      message({ payload: 1 }),
      message({ payload: 'last' }),
    ]
    const { status, body } = await call('POST', '/exchanges/%2F/amq.default/publish/batch', entries)
    expect(status).toBe(200)
    expect(body).toEqual([
      { routed: true },
      { routed: false },
      { error: 'bad_request', reason: 'an entry must be a JSON object' },
      { error: 'bad_request', reason: 'payload_not_string' },
      { routed: true },
    ])
    expect((await messagesIn('q')).map(({ payload }) => payload).toSorted()).toEqual(['last', 'p'])
  })

  test('of a batch takes an array of at most a thousand', async () => {
    for (const body of [{}, '', 'x']) {
      expect(await call('POST', '/exchanges/%2F/amq.default/publish/batch', body)).toMatchObject({ status: 400 })
    }
    const many = Array.from({ length: 1001 }, () => 0)
    expect(await call('POST', '/exchanges/%2F/amq.default/publish/batch', many)).toMatchObject(
      badRequest('one request takes 1000 entries at most'),
    )
    expect((await call('POST', '/exchanges/%2F/amq.default/publish/batch', [])).body).toEqual([])
  })
})

describe('route', () => {
  test('tells where a message would go and why, and sends nothing', async () => {
    await call('POST', '/bindings/%2F/e/amq.topic/q/other', { routing_key: 'a.*' })
    const { body } = await call('POST', '/exchanges/%2F/amq.topic/route', { routing_key: 'a.b', properties: {} })
    expect(body).toEqual({
      queues: ['other'],
      via: [
        {
          source: 'amq.topic',
          destination: 'other',
          destination_type: 'queue',
          routing_key: 'a.*',
          arguments: {},
          alternate: false,
        },
      ],
    })
    expect(await messagesIn('other')).toEqual([])
  })
})

describe('get', () => {
  test('answers the fields of RabbitMQ in their order', async () => {
    await publish({ properties: { headers: { a: 1 }, type: 't' }, payload: 'é' })
    const { text } = await call('POST', '/queues/%2F/q/get', get())
    expect(text).toBe(
      '[{"payload_bytes":2,"redelivered":false,"exchange":"","routing_key":"q","message_count":0,' +
        '"properties":{"headers":{"a":1},"type":"t"},"payload":"é","payload_encoding":"string"}]',
    )
  })

  test('gives properties that are none as an empty object, and payloads cut as asked', async () => {
    await publish({ payload: 'long' })
    expect(await messagesIn('q', { truncate: '2', ackmode: 'ack_requeue_true' })).toMatchObject([
      { payload: 'lo', payload_bytes: 4, properties: {} },
    ])
    expect(await messagesIn('q', { encoding: 'base64' })).toMatchObject([{ payload: 'bG9uZw==', redelivered: true }])
  })

  test('names the fields that are missing', async () => {
    expect(await call('POST', '/queues/%2F/q/get', '')).toMatchObject(
      badRequest('[{key_missing,ackmode},{key_missing,count},{key_missing,encoding}]'),
    )
  })

  test('refuses values that mean nothing', async () => {
    const answer = (more: object) => call('POST', '/queues/%2F/q/get', get(more))
    for (const count of ['a', 1.5, null, true, ''])
      expect(await answer({ count })).toMatchObject(badRequest(['not_integer', count]))
    expect(await answer({ count: -1 })).toMatchObject({ status: 400 })
    for (const ackmode of ['nope', 1])
      expect((await answer({ ackmode })).text).toContain(`Invalid ackmode value: ${ackmode}`)
    for (const encoding of ['nope', 1]) {
      expect(await answer({ encoding })).toMatchObject(badRequest('Unsupported encoding. Please use auto or base64.'))
    }
    for (const more of [{ truncate: 'a' }, { truncate: -1 }, { wait: 21 }, { visibility: 43_201 }]) {
      expect(await answer(more)).toMatchObject({ status: 400 })
    }
  })

  test('of nothing, and of a queue that is not there, say so', async () => {
    expect(await messagesIn('q', { count: '0' })).toEqual([])
    expect(await call('POST', '/queues/%2F/zz/get', get())).toMatchObject({ status: 404, body: { error: 'not_found' } })
  })
})

describe('settle', () => {
  test('answers each entry at its place, with its tag', async () => {
    for (const payload of ['1', '2']) await publish({ routing_key: 'manual', payload })
    const [first, second] = await messagesIn('manual', { ackmode: 'manual', visibility: 60 })
    expect(first).toMatchObject({ delivery_count: 1, delivery_tag: expect.any(String) })
    const entries = [
      { delivery_tag: first?.delivery_tag, action: 'ack' },
      { delivery_tag: 'nonsense', action: 'ack' },
      { delivery_tag: second?.delivery_tag, action: 'dance' },
      { action: 'ack' },
      1,
      { delivery_tag: second?.delivery_tag, action: 'nack', requeue: 'true', delay: '0' },
    ]
    const { status, body } = await call('POST', '/queues/%2F/manual/settle', entries)
    expect(status).toBe(200)
    expect(body).toEqual([
      { delivery_tag: first?.delivery_tag, status: 'ok' },
      { delivery_tag: 'nonsense', error: 'bad_request', reason: expect.any(String) },
      { delivery_tag: second?.delivery_tag, error: 'bad_request', reason: expect.stringContaining('ack, nack') },
      { error: 'bad_request', reason: '[{key_missing,delivery_tag}]' },
      { error: 'bad_request', reason: 'an entry must be a JSON object' },
      { delivery_tag: second?.delivery_tag, status: 'ok' },
    ])
    expect(await messagesIn('manual')).toMatchObject([{ payload: second?.payload, redelivered: true }])
  })

  test('takes an array, of a queue that is there', async () => {
    expect(await call('POST', '/queues/%2F/manual/settle', {})).toMatchObject({ status: 400 })
    expect(await call('POST', '/queues/%2F/zz/settle', [])).toMatchObject({ status: 404 })
  })
})

test('a queue that is to be synchronised with its mirrors is, having none', async () => {
  const act = (body: object, queue = 'q') => call('POST', `/queues/%2F/${queue}/actions`, body)
  expect(await act({ action: 'sync' })).toMatchObject({ status: 204 })
  expect(await act({ action: 'sync' }, 'zz')).toMatchObject({ status: 404 })
  expect(await act({ action: 'nope' })).toMatchObject(badRequest(['unknown', 'nope']))
  expect(await act({})).toMatchObject(badRequest('[{key_missing,action}]'))
})

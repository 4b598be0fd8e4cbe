import { beforeAll, describe, expect, test } from 'vitest'
import { useApi } from './support/client.ts'

const client = useApi()
const { call } = client

const NOT_FOUND = { status: 404, body: { error: 'Object Not Found', reason: 'Not Found' } }
const badRequest = (reason: unknown) => ({ status: 400, body: { error: 'bad_request', reason } })
const REFUSED = { status: 401, body: { error: 'not_authorised', reason: 'Access refused.' } }

const namesIn = (body: unknown): unknown[] => (body as { name: unknown }[]).map(({ name }) => name)

beforeAll(async () => {
  await call('PUT', '/vhosts/dv', {})
  for (const [name, type] of [
    ['xd', 'direct'],
    ['xt', 'topic'],
    ['xh', 'headers'],
  ]) {
    await call('PUT', `/exchanges/dv/${name}`, { type, durable: true })
  }
  await call('PUT', '/queues/dv/q', { durable: true })
})

describe('bodies', () => {
  test('that say nothing count as an empty object', async () => {
    for (const body of ['', 'null', 'undefined', '{}']) {
      expect((await call('PUT', '/exchanges/dv/empty-body', body)).status).toBeOneOf([201, 204])
    }
  })

  test('that are no object are refused', async () => {
    for (const body of ['{', '[]', '1', ' ', '{"durable":true']) {
      expect(await call('PUT', '/queues/dv/b', body)).toMatchObject(badRequest('not_json'))
    }
    for (const body of ['"x"', '"{}"']) {
      expect(await call('PUT', '/queues/dv/b', body)).toMatchObject({
        status: 400,
        text: expect.stringContaining('doubly'),
      })
    }
  })

  test('take booleans as strings, and nothing else for them', async () => {
    expect(await call('PUT', '/exchanges/dv/strings', { durable: 'true', auto_delete: 'false' })).toMatchObject({
      status: 201,
    })
    for (const durable of ['troo', 1, null]) {
      expect(await call('PUT', '/exchanges/dv/b', { durable })).toMatchObject(badRequest(['not_boolean', durable]))
    }
  })

  test('have arguments that are an object without nulls, or an empty list', async () => {
    expect(await call('PUT', '/exchanges/dv/listed', { arguments: [] })).toMatchObject({ status: 201 })
    for (const args of ['x', [1], null, 1]) {
      expect(await call('PUT', '/exchanges/dv/b', { arguments: args })).toMatchObject(
        badRequest('arguments must be a JSON object'),
      )
    }
    expect(await call('PUT', '/queues/dv/b', { arguments: { x: [null] } })).toMatchObject(
      badRequest('null_not_allowed'),
    )
  })

  test('that would not fit one change are refused in words', async () => {
    const answer = await call('PUT', '/exchanges/dv/huge', { arguments: { x: 'y'.repeat(400_000) } })
    expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('too large') })
  })
})

describe('exchanges', () => {
  test('are made once and found after that', async () => {
    expect(await call('PUT', '/exchanges/dv/once', { type: 'fanout' })).toMatchObject({ status: 201, text: '' })
    expect(await call('PUT', '/exchanges/dv/once', { type: 'fanout' })).toMatchObject({ status: 204, text: '' })
    expect(await call('DELETE', '/exchanges/dv/once')).toMatchObject({ status: 204, text: '' })
    expect(await call('DELETE', '/exchanges/dv/once')).toMatchObject(NOT_FOUND)
  })

  test('are shown as RabbitMQ shows them, the default one too', async () => {
    const item = { arguments: {}, auto_delete: false, durable: true, internal: false, vhost: 'dv' }
    expect((await call('GET', '/exchanges/dv/xt')).body).toEqual({
      ...item,
      name: 'xt',
      type: 'topic',
      user_who_performed_action: 'guest',
      incoming: [],
      outgoing: [],
    })
    expect((await call('GET', '/exchanges/dv/amq.default?columns=name,type')).body).toEqual({
      name: '',
      type: 'direct',
    })
    expect((await call('GET', '/exchanges/dv//')).body).toMatchObject({ name: '', type: 'direct' })
    expect(await call('GET', '/exchanges/dv/zz')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/exchanges/zz')).toMatchObject(NOT_FOUND)
  })

  test('are listed by name, the default one first', async () => {
    const names = namesIn((await call('GET', '/exchanges/dv')).body)
    expect(names.slice(0, 3)).toEqual(['', 'amq.direct', 'amq.fanout'])
    expect(names).toEqual(names.toSorted())
    const page = (await call('GET', '/exchanges/dv?page=1&page_size=2&name=amq&columns=name')).body
    expect(page).toMatchObject({ items: [{ name: 'amq.direct' }, { name: 'amq.fanout' }], filtered_count: 6 })
  })

  test('with a type that is none are refused', async () => {
    expect(await call('PUT', '/exchanges/dv/b', { type: null })).toMatchObject(
      badRequest("invalid exchange type 'null'"),
    )
    expect(await call('PUT', '/exchanges/dv/b', { type: '' })).toMatchObject(badRequest("invalid exchange type ''"))
    expect(await call('PUT', '/exchanges/dv/b', { type: 'nope' })).toMatchObject(
      badRequest("unknown exchange type 'nope'"),
    )
  })

  test("of the reserved names, and the default one, are nobody's to change", async () => {
    expect(await call('PUT', '/exchanges/dv/amq.foo', {})).toMatchObject(REFUSED)
    expect(await call('DELETE', '/exchanges/dv/amq.direct')).toMatchObject(REFUSED)
    expect(await call('PUT', '/exchanges/dv/amq.default', { durable: true })).toMatchObject(REFUSED)
    expect(await call('DELETE', '/exchanges/dv/amq.default')).toMatchObject(REFUSED)
  })

  test('that are used are kept where if-unused says true, and only then', async () => {
    await call('PUT', '/exchanges/dv/used', {})
    await call('POST', '/bindings/dv/e/used/q/q', {})
    expect(await call('DELETE', '/exchanges/dv/used?if-unused=true')).toMatchObject(
      badRequest("exchange 'used' in vhost 'dv' in use"),
    )
    expect(await call('DELETE', '/exchanges/dv/used?if-unused=1')).toMatchObject({ status: 204 })
  })

  test('in a vhost that is not there are told so by what is missing', async () => {
    expect(await call('PUT', '/exchanges/zz/x', {})).toMatchObject({
      status: 404,
      body: { error: 'not_found', reason: 'vhost_not_found' },
    })
  })
})

describe('queues', () => {
  test('are made, shown with counts and addresses, and deleted', async () => {
    const args = { 'x-queue-type': 'quorum', 'x-double': 1.5 }
    expect(await call('PUT', '/queues/dv/made', { durable: true, arguments: args })).toMatchObject({ status: 201 })
    const { body } = await call('GET', '/queues/dv/made')
    expect(body).toMatchObject({
      name: 'made',
      vhost: 'dv',
      type: 'quorum',
      durable: true,
      auto_delete: false,
      exclusive: false,
      arguments: args,
      state: 'running',
      consumers: 0,
      messages: 0,
      messages_ready: 0,
      messages_unacknowledged: 0,
      incoming: [],
      deliveries: [],
      consumer_details: [],
      sqs_urls: [expect.stringMatching(/^http:\/\/sqs\/000000000000\/leveret-test-made-/)],
      sqs_arns: [expect.stringMatching(/^arn:aws:sqs:us-east-1:000000000000:leveret-test-made-/)],
    })
    expect(await call('DELETE', '/queues/dv/made')).toMatchObject({ status: 204 })
    expect(await call('GET', '/queues/dv/made')).toMatchObject(NOT_FOUND)
  })

  test('show rates as fractions, which typed clients expect', async () => {
    expect((await call('GET', '/queues/dv/q?columns=messages_details.rate')).text).toBe(
      '{"messages_details":{"rate":0.0}}',
    )
  })

  test('keep integers of 64 bits and doubles as they were written', async () => {
    await call('PUT', '/queues/dv/numbers', '{"arguments":{"max":9223372036854775807,"one":1.0,"int":1}}')
    const { text } = await call('GET', '/queues/dv/numbers?columns=arguments')
    expect(text).toBe('{"arguments":{"max":9223372036854775807,"one":1.0,"int":1}}')
  })

  test('are listed with counts unless the statistics are disabled', async () => {
    const first = async (query: string) => ((await call('GET', `/queues/dv${query}`)).body as object[])[0]
    expect(await first('')).toMatchObject({ messages: 0, state: 'running' })
    expect(await first('?disable_stats=true')).not.toHaveProperty('messages')
    expect(await first('?disable_stats=true&enable_queue_totals=true')).toHaveProperty('messages_ready')
    expect(namesIn((await call('GET', '/queues?sort=messages&sort_reverse=true')).body)).toContain('q')
    expect(namesIn((await call('GET', '/queues/detailed')).body)).toContain('q')
  })

  test('take any name that a path can hold', async () => {
    for (const name of ['a/b', '%', 'a b', 'a+b', '?', '#', '..', 'é😀', '//', 'a~b', '__proto__']) {
      const path = `/queues/dv/${encodeURIComponent(name)}`
      expect(await call('PUT', path, {})).toMatchObject({ status: 201 })
      expect((await call('GET', `${path}?columns=name`)).body).toEqual({ name })
      expect(await call('DELETE', path)).toMatchObject({ status: 204 })
    }
  })

  test('of too long or broken names are refused', async () => {
    expect(await call('PUT', `/queues/dv/${'a'.repeat(255)}`, {})).toMatchObject({ status: 201 })
    for (const name of ['a'.repeat(256), 'a%00b', 'a%zz', '%FF', '%']) {
      expect(await call('PUT', `/queues/dv/${name}`, {})).toMatchObject({ status: 400 })
    }
  })
})

describe('bindings', () => {
  const locationOf = async (path: string, body: unknown) => {
    const { status, text, headers } = await call('POST', `/bindings/dv/e/${path}`, body)
    expect({ status, text }).toEqual({ status: 201, text: '' })
    return headers.location
  }

  test('are answered with a relative location whose key is quoted twice', async () => {
    expect(await locationOf('xt/q/q', { routing_key: 'a~b' })).toBe('q/a%257Eb')
    expect(await locationOf('xt/q/q', { routing_key: 'a~b' })).toBe('q/a%257Eb')
    expect(await locationOf('xt/q/q', '')).toBe('q/~')
    expect(await locationOf('xt/q/q', { routing_key: 'a b é/*' })).toBe('q/a%2Bb%2B%25C3%25A9%252F%252A')
    expect(await locationOf('xt/e/xd', { routing_key: 'k' })).toBe('xd/k')
    expect(await locationOf('xt/q/q', { routing_key: '#', arguments: { a: 1 } })).toMatch(/^q\/%2523~[\w-]+$/)
    await call('PUT', '/queues/dv/a%2Fb%20c', {})
    expect(await locationOf('xt/q/a%2Fb%20c', { routing_key: 'k' })).toBe('a%2Fb+c/k')
  })

  test('are found and deleted by the key that the list shows', async () => {
    await call('PUT', '/queues/dv/keyed', {})
    await locationOf('xh/q/keyed', { routing_key: 'a/b %', arguments: { 'x-match': 'any', a: 1 } })
    const { body } = await call('GET', '/bindings/dv/e/xh/q/keyed')
    const [binding] = body as { properties_key: string }[]
    const path = `/bindings/dv/e/xh/q/keyed/${encodeURIComponent(binding?.properties_key ?? '')}`
    expect((await call('GET', path)).body).toEqual({
      source: 'xh',
      vhost: 'dv',
      destination: 'keyed',
      destination_type: 'queue',
      routing_key: 'a/b %',
      arguments: { 'x-match': 'any', a: 1 },
      properties_key: binding?.properties_key,
    })
    expect(await call('DELETE', path)).toMatchObject({ status: 204 })
    expect(await call('GET', path)).toMatchObject(NOT_FOUND)
    expect(await call('DELETE', path)).toMatchObject(NOT_FOUND)
  })

  test('begin with the default one in lists of a queue and of a vhost', async () => {
    const implied = {
      source: '',
      vhost: 'dv',
      destination: 'q',
      destination_type: 'queue',
      routing_key: 'q',
      arguments: {},
      properties_key: 'q',
    }
    await locationOf('xd/q/q', { routing_key: 'k' })
    const [first, second] = (await call('GET', '/queues/dv/q/bindings')).body as object[]
    expect(first).toEqual(implied)
    expect(second).toMatchObject({ source: 'xd', routing_key: 'k' })
    for (const path of ['/bindings', '/bindings/dv', '/exchanges/dv/amq.default/bindings/source']) {
      expect((await call('GET', path)).body).toContainEqual(implied)
    }
    expect((await call('GET', '/bindings/dv/e/amq.default/q/q')).body).toEqual([implied])
    expect((await call('GET', '/bindings/dv/e//q/q/q')).body).toEqual(implied)
  })

  test('are listed by either end', async () => {
    await call('PUT', '/exchanges/dv/end', { type: 'fanout' })
    await locationOf('xd/e/end', { routing_key: 'k' })
    const item = { source: 'xd', destination: 'end', destination_type: 'exchange', routing_key: 'k' }
    expect((await call('GET', '/exchanges/dv/end/bindings/destination')).body).toMatchObject([item])
    expect((await call('GET', '/exchanges/dv/xd/bindings/source')).body).toContainEqual(expect.objectContaining(item))
    expect((await call('GET', '/bindings/dv/e/xd/e/end')).body).toMatchObject([item])
  })

  test('are listed by name, queues and exchanges mixed, whole or in pages', async () => {
    await call('PUT', '/exchanges/dv/mixed', { type: 'direct' })
    await call('PUT', '/exchanges/dv/zz-last', { type: 'fanout' })
    await locationOf('mixed/e/zz-last', {})
    await locationOf('mixed/q/q', {})
    const { body } = await call('GET', '/exchanges/dv/mixed/bindings/source')
    expect(body).toMatchObject([{ destination: 'q' }, { destination: 'zz-last' }])
    const page = (query: string) => call('GET', `/exchanges/dv/mixed/bindings/source?${query}`)
    expect((await page('page=2&page_size=1')).body).toMatchObject({
      total_count: 2,
      items: [{ destination: 'zz-last' }],
    })
    expect((await page('page=1&name=ZZ')).body).toMatchObject({ filtered_count: 1 })
    expect(await page('page=1&name=(&use_regex=true')).toMatchObject({ status: 400 })
    expect(await call('GET', '/bindings/dv?page=a')).toMatchObject(badRequest('Pagination parameters are invalid'))
  })

  test('from the default exchange are there as long as their queues are', async () => {
    for (const method of ['GET', 'DELETE']) {
      expect(await call(method, '/bindings/dv/e/amq.default/q/never/never')).toMatchObject(NOT_FOUND)
    }
    expect(await call('DELETE', '/bindings/dv/e/amq.default/q/q/q')).toMatchObject(REFUSED)
  })

  test('between ends that are missing are none', async () => {
    expect((await call('GET', '/bindings/dv/e/zz/q/q')).body).toEqual([])
    expect((await call('GET', '/bindings/dv/e/xt/q/zz')).body).toEqual([])
    expect((await call('GET', '/exchanges/dv/zz/bindings/source')).body).toEqual([])
    expect(await call('GET', '/bindings/zz')).toMatchObject(NOT_FOUND)
  })

  test('to or from what is missing, or the default exchange, are refused', async () => {
    const missing = (what: string) => ({
      status: 404,
      body: { error: 'not_found', reason: `no ${what} in vhost 'dv'` },
    })
    expect(await call('POST', '/bindings/dv/e/zz/q/q', {})).toMatchObject(missing("exchange 'zz'"))
    expect(await call('POST', '/bindings/dv/e/xt/q/zz', {})).toMatchObject(missing("queue 'zz'"))
    for (const path of ['amq.default/q/q', '/q/q', 'xt/e/amq.default']) {
      expect(await call('POST', `/bindings/dv/e/${path}`, { routing_key: 'k' })).toMatchObject(REFUSED)
    }
    expect(await call('DELETE', '/bindings/dv/e/amq.default/q/q/q')).toMatchObject(REFUSED)
  })

  test('have a routing key that is a string', async () => {
    expect(await call('POST', '/bindings/dv/e/xt/q/q', { routing_key: 1 })).toMatchObject(
      badRequest(['not_string', 'routing_key']),
    )
  })
})

describe('vhosts', () => {
  test('are made, changed, and deleted', async () => {
    const declaration = { description: 'd', tags: 'a, b', default_queue_type: 'quorum', tracing: 'true' }
    expect(await call('PUT', '/vhosts/made', declaration)).toMatchObject({ status: 201 })
    expect(await call('PUT', '/vhosts/made', { description: 'e' })).toMatchObject({ status: 204 })
    expect((await call('GET', '/vhosts/made')).body).toMatchObject({
      name: 'made',
      description: 'e',
      tags: [],
      default_queue_type: 'quorum',
      tracing: true,
      protected_from_deletion: false,
      metadata: { description: 'e', tags: [], default_queue_type: 'quorum' },
    })
    expect(await call('DELETE', '/vhosts/made')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/vhosts/made')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/vhosts/made')).toMatchObject(NOT_FOUND)
  })

  test('that are protected stay', async () => {
    await call('PUT', '/vhosts/kept', {})
    expect(await call('POST', '/vhosts/kept/deletion/protection')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/vhosts/kept')).toMatchObject({ status: 412, body: { error: 'precondition_failed' } })
    expect(await call('DELETE', '/vhosts/kept/deletion/protection')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/vhosts/kept')).toMatchObject({ status: 204 })
  })

  test('with wrong types are refused', async () => {
    for (const body of [
      { tags: 1 },
      { tags: [1] },
      { description: 1 },
      { tracing: 'troo' },
      { default_queue_type: 'x' },
    ]) {
      expect(await call('PUT', '/vhosts/bad', body)).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    }
    expect(await call('PUT', '/vhosts/', {})).toMatchObject({ status: 405 })
  })

  test('are listed by name', async () => {
    expect(namesIn((await call('GET', '/vhosts?columns=name')).body)).toEqual(['/', 'dv'])
  })
})

describe('the journal', () => {
  test('tells who changed what, with names, a page at a time, and shows the vhost as it was', async () => {
    await call('PUT', '/vhosts/told', {})
    await call('PUT', '/queues/told/q', {})
    await call('POST', '/bindings/told/e/amq.topic/q/q', { routing_key: 'k' })
    await call('DELETE', '/queues/told/q')
    const { body } = await call('GET', '/journal/told')
    const entries = body as { version: number; who: string; events: { type: string; binding?: object }[] }[]
    expect(entries.map(({ events }) => events.map(({ type }) => type))).toEqual([
      ['vhost-opened'],
      ['queue-declared'],
      ['bound'],
      ['queue-deleted'],
    ])
    expect(entries[2]).toMatchObject({ version: 3, who: 'guest' })
    expect(entries[2]?.events[0]?.binding).toEqual({
      source: 'amq.topic',
      destination: 'q',
      destination_type: 'queue',
      routing_key: 'k',
      arguments: {},
    })
    expect((await call('GET', '/journal/told?after=2&limit=1')).body).toEqual([entries[2]])
    expect((await call('GET', '/journal/told?after=4')).body).toEqual([])
    expect((await call('GET', '/journal/told?version=3')).body).toMatchObject({
      queues: [{ name: 'q' }],
      bindings: [{ source: 'amq.topic', destination: 'q' }],
    })
    expect((await call('GET', '/journal/told?version=4')).body).toMatchObject({ queues: [], bindings: [] })
  })

  test('has no versions that were not, and pages of no odd size', async () => {
    expect(await call('GET', '/journal/dv?version=9999')).toMatchObject({ status: 404 })
    for (const query of ['version=0', 'version=x', 'after=-1', 'limit=0', 'limit=1001', 'limit=']) {
      expect(await call('GET', `/journal/dv?${query}`)).toMatchObject({ status: 400 })
    }
  })
})

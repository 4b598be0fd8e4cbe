import { ListQueuesCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, describe, expect, test } from 'vitest'
import { IS_DEPLOYED } from '../support/deployed.ts'
import { type ApiAnswer, useLeveret } from '../support/embedded.ts'
import { Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const NOT_FOUND = { error: 'Object Not Found', reason: 'Not Found' }
const DURABLE = { durable: true }

let opened: SQSClient | undefined
afterAll(() => opened?.destroy())

/** The URLs of every SQS queue there is that belongs to the broker. */
async function sqsQueueUrls(): Promise<string[]> {
  opened ??= new SQSClient({
    endpoint: leveret.running.sqsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  })
  const { QueueUrls = [] } = await opened.send(new ListQueuesCommand({ QueueNamePrefix: 'leveret-' }))
  return QueueUrls
}

async function sqsUrlsOf(inVhost: Story, queue: string): Promise<string[]> {
  const { status, body } = await inVhost.call('GET', inVhost.path('queues', queue))
  expect(status).toBe(200)
  return (body as { sqs_urls: string[] }).sqs_urls
}

const statusOf = async (answer: Promise<ApiAnswer>): Promise<number> => (await answer).status

describe('declaring', () => {
  test.each([
    ['exchanges', { type: 'topic', ...DURABLE }, { type: 'topic', durable: false }, "inequivalent arg 'durable'"],
    ['queues', DURABLE, { durable: false }, "inequivalent arg 'durable'"],
    ['queues', DURABLE, { ...DURABLE, arguments: { 'x-message-ttl': 1 } }, "inequivalent arg 'x-message-ttl'"],
    ['exchanges', { type: 'topic', ...DURABLE }, { type: 'fanout', ...DURABLE }, "inequivalent arg 'type'"],
  ])('%s %j twice is no change, %j afterwards is refused', async (resource, body, other, reason) => {
    const path = story.path(resource, unique('declared'))
    expect(await story.call('GET', path)).toMatchObject({ status: 404, body: NOT_FOUND })
    expect(await story.call('PUT', path, body)).toMatchObject({ status: 201, body: undefined })
    expect(await story.call('PUT', path, body)).toMatchObject({ status: 204, body: undefined })
    const before = (await story.call('GET', path)).body
    const refusal = await story.call('PUT', path, other)
    expect(refusal).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect((refusal.body as { reason: string }).reason).toContain(reason)
    expect((await story.call('GET', path)).body).toEqual(before)
    expect(await story.call('DELETE', path)).toMatchObject({ status: 204, body: undefined })
    expect(await story.call('DELETE', path)).toMatchObject({ status: 404, body: NOT_FOUND })
    expect(await story.call('GET', path)).toMatchObject({ status: 404, body: NOT_FOUND })
  })

  test.each([
    ['queues', { ...DURABLE, arguments: { 'x-queue-type': 'stream' } }, 'x-queue-type'],
    ['queues', { ...DURABLE, arguments: { 'x-message-ttl': '60000' } }, 'x-message-ttl'],
    ['queues', { ...DURABLE, arguments: { 'x-message-ttl': -1 } }, 'x-message-ttl'],
    ['queues', { ...DURABLE, arguments: { 'x-max-age': '1D' } }, 'x-max-age'],
    ['queues', { durable: false, arguments: { 'x-queue-type': 'quorum' } }, 'durable'],
    ['queues', { ...DURABLE, arguments: { 'x-dead-letter-routing-key': 'k' } }, 'routing_key_but_no_dlx_defined'],
    ['queues', { ...DURABLE, arguments: { any: null } }, 'null_not_allowed'],
    ['queues', { ...DURABLE, arguments: 7 }, 'arguments'],
    ['queues', { durable: 'troo' }, 'not_boolean'],
    ['queues', '{', 'not_json'],
    ['queues', '[]', 'not_json'],
    ['exchanges', { type: 'no-such-type' }, 'no-such-type'],
    ['exchanges', { type: 7 }, 'type'],
    ['exchanges', { type: 'fanout', arguments: { 'alternate-exchange': 7 } }, 'alternate-exchange'],
  ])('%s %j is a 400 that names %s, and makes nothing', async (resource, body, named) => {
    const path = story.path(resource, unique('refused'))
    const answer = await story.call('PUT', path, body)
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(JSON.stringify((answer.body as { reason: unknown }).reason)).toContain(named)
    expect(await statusOf(story.call('GET', path))).toBe(404)
  })

  test.each(['exchanges', 'queues'])('%s: a name of 255 bytes is taken, a longer one refused', async (resource) => {
    const longest = `${'é'.repeat(127)}x`
    const body = { type: 'direct', ...DURABLE }
    expect(await statusOf(story.call('PUT', story.path(resource, longest), body))).toBe(201)
    const tooLong = story.path(resource, `${longest}x`)
    expect(await story.call('PUT', tooLong, body)).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(await statusOf(story.call('GET', tooLong))).toBe(404)
    expect(await statusOf(story.call('DELETE', story.path(resource, longest)))).toBe(204)
  })

  test.each([
    ['PUT', 'exchanges', 'amq.mine', { type: 'direct' }],
    ['PUT', 'queues', 'amq.mine', {}],
    ['DELETE', 'exchanges', 'amq.topic', undefined],
    ['DELETE', 'exchanges', 'amq.default', undefined],
    ['PUT', 'exchanges', 'amq.default', { type: 'direct', durable: true }],
  ])('%s %s %s is refused with 401', async (method, resource, name, body) => {
    const answer = await story.call(method, story.path(resource, name), body)
    expect(answer).toMatchObject({ status: 401, body: { error: 'not_authorised' } })
  })

  test('in a vhost that is not there finds no vhost; reading and deleting find no object', async () => {
    for (const resource of ['queues', 'exchanges']) {
      const path = `/api/${resource}/nowhere/x`
      expect(await story.call('PUT', path, { type: 'direct' })).toMatchObject({
        status: 404,
        body: { error: 'not_found' },
      })
      expect(await story.call('GET', path)).toMatchObject({ status: 404, body: NOT_FOUND })
      expect(await story.call('DELETE', path)).toMatchObject({ status: 404, body: NOT_FOUND })
    }
  })

  test.each([
    ['PATCH', '/api/queues/%2F/any', 'GET'],
    ['POST', '/api/queues/%2F/any/contents', 'DELETE'],
    ['GET', '/api/queues/%2F/any/contents', 'DELETE'],
    ['PUT', '/api/queues/%2F/', 'GET'],
    ['PUT', '/api/bindings/%2F/e/any/q/any', 'POST'],
    ['PUT', '/api/overview', 'GET'],
    ['PUT', '/api/exchanges/%2F/any/publish', 'POST'],
  ])('%s %s is a method that is not allowed; %s is', async (method, path, allowed) => {
    const answer = await story.call(method, path, method === 'GET' ? undefined : {})
    expect(answer).toMatchObject({ status: 405, body: { error: 'method_not_allowed' } })
    expect(answer.headers.allow?.split(', ')).toContain(allowed)
  })
})

/** What paths are easily ruined by. `%23` is a name that a second decoding would turn into `#`. */
const NAMES = [
  'a/b',
  '/',
  '%',
  '%2F',
  '%23',
  '..',
  '.',
  'a?b=c',
  '#',
  'a+b',
  ' a b ',
  'Zwölf ☃ 🐇',
  'a;b&c',
  '"\\\'',
  '\t',
]

describe('a name', () => {
  test.each(NAMES)('%j means the same in every path', async (name) => {
    const inVhost = await story.inVhost(`${unique('names')}${name}`)
    await inVhost.queue(name)
    await inVhost.exchange(name, 'topic')
    await inVhost.bind(name, name, 'k')
    expect((await inVhost.call('GET', inVhost.path('queues', name))).body).toMatchObject({ name, vhost: inVhost.vhost })
    expect((await inVhost.call('GET', inVhost.path('exchanges', name))).body).toMatchObject({ name })
    expect(await inVhost.bindings()).toMatchObject([{ source: name, destination: name, routing_key: 'k' }])
    expect(await inVhost.publish(name, { routing_key: 'k', payload: 'x' })).toBe(true)
    expect(await inVhost.publish('', { routing_key: name, payload: 'y' })).toBe(true)
    expect(await inVhost.get(name)).toHaveLength(2)
    for (const path of [inVhost.path('queues', name), inVhost.path('exchanges', name)]) {
      expect(await statusOf(inVhost.call('DELETE', path))).toBe(204)
    }
    expect(await statusOf(story.call('DELETE', `/api/vhosts/${encodeURIComponent(inVhost.vhost)}`))).toBe(204)
  })

  test('is decoded once: %2523 in a path is the name %23', async () => {
    expect(await statusOf(story.call('PUT', '/api/queues/%2f/once%2523', DURABLE))).toBe(201)
    expect((await story.call('GET', '/api/queues/%2F/once%2523')).body).toMatchObject({ name: 'once%23' })
    expect(await statusOf(story.call('GET', '/api/queues/%2F/once%23'))).toBe(404)
  })

  test('with a plus sign in a path is a plus sign', async () => {
    expect(await statusOf(story.call('PUT', '/api/queues/%2F/one+one', DURABLE))).toBe(201)
    expect((await story.call('GET', '/api/queues/%2F/one%2Bone')).body).toMatchObject({ name: 'one+one' })
  })

  test.each(['', 'amq.default'])('%j is the default exchange where an exchange is meant', async (segment) => {
    const queue = await story.queue(unique('default'))
    expect((await story.call('GET', `/api/exchanges/%2F/${segment}`)).status).toBe(200)
    expect(await story.publish(segment, { routing_key: queue })).toBe(true)
    const between = await story.call('GET', `/api/bindings/%2F/e/${segment}/q/${queue}`)
    expect(between).toMatchObject({ status: 200, body: [{ source: '', destination: queue, properties_key: queue }] })
    const bound = await story.call('POST', `/api/bindings/%2F/e/${segment}/q/${queue}`, { routing_key: 'k' })
    expect(bound).toMatchObject({ status: 401, body: { error: 'not_authorised' } })
  })

  test('may be followed by a slash and by an empty query', async () => {
    for (const path of [
      '/api/overview/',
      '/api/vhosts/',
      '/api/bindings/',
      '/api/queues/%2F/',
      '/api/exchanges/%2F/amq.topic/',
    ]) {
      expect(await statusOf(story.call('GET', path)), path).toBe(200)
    }
    const queue = await story.queue(unique('slash'))
    expect(await statusOf(story.call('DELETE', `${story.path('queues', queue)}/?`))).toBe(204)
  })
})

describe('a binding', () => {
  test.each([
    ['', {}, '~'],
    ['#', {}, '%23'],
    ['#', { 'x-a': 1 }, /^%23~[\w-]+$/],
    ['a~b', {}, 'a%7Eb'],
    ['a b', {}, 'a+b'],
    ['a/b%2F?', {}, 'a%2Fb%252F%3F'],
    ['größe ☃', { 'x-match': 'all', list: [1, 'é'] }, /^gr%C3%B6%C3%9Fe\+%E2%98%83~[\w-]+$/],
    ['', { 'x-a': 0 }, /^~[\w-]+$/],
  ])(
    'with key %j and arguments %j is found under its properties key, listed, in the Location and in a path',
    async (routingKey, args, expected) => {
      const [source, queue] = [await story.exchange(unique('source'), 'headers'), await story.queue(unique('a/b'))]
      const path = story.bindingPath(source, 'q', queue)
      const created = await story.call('POST', path, { routing_key: routingKey, arguments: args })
      expect(created.status).toBe(201)
      const listed = (await story.call('GET', path)).body as { properties_key: string }[]
      expect(listed).toMatchObject([{ source, destination: queue, routing_key: routingKey, arguments: args }])
      const key = listed[0]?.properties_key ?? ''
      if (typeof expected === 'string') expect(key).toBe(expected)
      else expect(key).toMatch(expected)
      // rabbit-hole and Terraform read the Location in these two ways.
      const [destination = '', inLocation = ''] = created.headers.location?.split('/') ?? []
      expect(decodeURIComponent(destination)).toBe(queue)
      expect(decodeURIComponent(inLocation)).toBe(key)
      const one = story.bindingPath(source, 'q', queue, key)
      expect(await story.call('GET', one)).toMatchObject({ status: 200, body: listed[0] })
      expect(await statusOf(story.call('DELETE', one))).toBe(204)
      expect(await story.call('GET', one)).toMatchObject({ status: 404, body: NOT_FOUND })
      expect(await statusOf(story.call('DELETE', one))).toBe(404)
      expect((await story.call('GET', path)).body).toEqual([])
    },
  )

  test('made again is answered as the first time and there once; other arguments make another one', async () => {
    const [source, queue] = [await story.exchange(unique('twice'), 'direct'), await story.queue(unique('twice'))]
    const path = story.bindingPath(source, 'q', queue)
    const [first, second] = [await story.call('POST', path, {}), await story.call('POST', path, {})]
    expect([first.status, second.status]).toEqual([201, 201])
    expect(second.headers.location).toBe(first.headers.location)
    expect((await story.call('GET', path)).body).toHaveLength(1)
    expect(await statusOf(story.call('POST', path, { arguments: { x: 1 } }))).toBe(201)
    expect((await story.call('GET', path)).body).toHaveLength(2)
  })

  test.each([
    ['headers', { 'x-match': 'sometimes' }, 'x-match'],
    ['x-consistent-hash', {}, 'must be an integer'],
  ])('of a %s exchange with arguments %j is refused', async (type, args, named) => {
    const [source, queue] = [await story.exchange(unique('strict'), type), await story.queue(unique('strict'))]
    const answer = await story.call('POST', story.bindingPath(source, 'q', queue), {
      routing_key: 'no number',
      arguments: args,
    })
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(JSON.stringify(answer.body)).toContain(named)
    expect((await story.call('GET', story.bindingPath(source, 'q', queue))).body).toEqual([])
  })

  test('needs both of its ends', async () => {
    const [source, queue] = [await story.exchange(unique('ends'), 'direct'), await story.queue(unique('ends'))]
    for (const path of [story.bindingPath('nowhere', 'q', queue), story.bindingPath(source, 'q', 'nothing')]) {
      expect(await story.call('POST', path, {})).toMatchObject({ status: 404, body: { error: 'not_found' } })
    }
  })

  test('of a queue comes after the one that the default exchange has with it', async () => {
    const [source, queue] = [await story.exchange(unique('order'), 'direct'), await story.queue(unique('order'))]
    await story.bind(source, queue, 'k')
    const { body } = await story.call('GET', `${story.path('queues', queue)}/bindings`)
    expect(body).toMatchObject([
      { source: '', routing_key: queue, properties_key: queue },
      { source, routing_key: 'k', properties_key: 'k' },
    ])
  })
})

describe('deleting', () => {
  test('the last binding takes auto-delete exchanges away, one after the other', async () => {
    const inVhost = await story.inVhost(unique('cascade'))
    const [outer, inner] = ['outer', 'inner']
    for (const name of [outer, inner]) {
      const body = { type: 'fanout', durable: true, auto_delete: true }
      expect(await statusOf(inVhost.call('PUT', inVhost.path('exchanges', name), body))).toBe(201)
    }
    await inVhost.queue('queue')
    await inVhost.bind(inner, 'queue')
    expect(await statusOf(inVhost.call('POST', inVhost.bindingPath(outer, 'e', inner), {}))).toBe(201)
    expect(await statusOf(inVhost.call('DELETE', inVhost.bindingPath(inner, 'q', 'queue', '~')))).toBe(204)
    for (const name of [outer, inner]) {
      expect(await statusOf(inVhost.call('GET', inVhost.path('exchanges', name)))).toBe(404)
    }
    expect(await inVhost.bindings()).toEqual([])
  })

  test('and making again a queue starts it empty and unbound', async () => {
    const [source, queue] = [await story.exchange(unique('again'), 'fanout'), await story.queue(unique('again'))]
    await story.bind(source, queue)
    await story.publish(source, { payload: 'old' })
    const before = await sqsUrlsOf(story, queue)
    expect(await statusOf(story.call('DELETE', story.path('queues', queue)))).toBe(204)
    await story.queue(queue)
    expect(await sqsUrlsOf(story, queue)).not.toEqual(before)
    expect(await story.publish(source, { payload: 'new' })).toBe(false)
    expect(await story.get(queue)).toEqual([])
    expect((await story.call('GET', `${story.path('queues', queue)}/bindings`)).body).toHaveLength(1)
  })

  test('and making again an exchange starts it unbound', async () => {
    const [source, queue] = [await story.exchange(unique('again'), 'fanout'), await story.queue(unique('again'))]
    await story.bind(source, queue)
    expect(await statusOf(story.call('DELETE', story.path('exchanges', source)))).toBe(204)
    await story.exchange(source, 'fanout')
    expect(await story.publish(source, {})).toBe(false)
  })

  test('a queue deletes its SQS queue', async () => {
    const queue = await story.queue(unique('physical'))
    const [url] = await sqsUrlsOf(story, queue)
    expect(await sqsQueueUrls()).toContain(url)
    expect(await statusOf(story.call('DELETE', story.path('queues', queue)))).toBe(204)
    expect(await sqsQueueUrls()).not.toContain(url)
  })

  test('what is in use or not empty is refused where that is asked for', async () => {
    const [source, queue] = [await story.exchange(unique('used'), 'direct'), await story.queue(unique('used'))]
    await story.bind(source, queue, 'k')
    const unused = await story.call('DELETE', `${story.path('exchanges', source)}?if-unused=true`)
    expect(unused).toMatchObject({ status: 400, body: { reason: expect.stringContaining('in use') } })
    await story.publish(source, { routing_key: 'k' })
    const empty = await story.call('DELETE', `${story.path('queues', queue)}?if-empty=true`)
    expect(empty).toMatchObject({ status: 400, body: { reason: expect.stringContaining('not empty') } })
    expect(await statusOf(story.call('DELETE', `${story.path('queues', queue)}/contents`))).toBe(204)
    expect(await statusOf(story.call('DELETE', `${story.path('queues', queue)}?if-empty=true&if-unused=true`))).toBe(
      204,
    )
    expect(await statusOf(story.call('DELETE', `${story.path('exchanges', source)}?if-unused=true`))).toBe(204)
  })

  test('a vhost takes everything in it away, SQS queues too', async () => {
    const word = unique('whole')
    const ownUrls = async () => (await sqsQueueUrls()).filter((url) => url.includes(word))
    const inVhost = await story.inVhost(word)
    await Promise.all(Array.from({ length: 10 }, (_, index) => inVhost.queue(`${word}-${index}`)))
    const fifo = await inVhost.queue(`${word}-fifo`, { 'x-single-active-consumer': true })
    await inVhost.exchange('events', 'topic')
    await inVhost.bind('events', fifo, '#')
    expect(await ownUrls()).toHaveLength(11)
    const vhostPath = `/api/vhosts/${inVhost.vhost}`
    expect(await statusOf(story.call('DELETE', vhostPath))).toBe(204)
    expect(await ownUrls()).toEqual([])
    expect(await statusOf(story.call('GET', vhostPath))).toBe(404)
    expect(await statusOf(story.call('GET', inVhost.path('queues')))).toBe(404)
    expect((await story.call('GET', '/api/queues')).body).not.toContainEqual(
      expect.objectContaining({ vhost: inVhost.vhost }),
    )
    expect(await statusOf(story.call('PUT', vhostPath, {}))).toBe(201)
    expect((await story.call('GET', inVhost.path('queues'))).body).toEqual([])
    expect(await inVhost.bindings()).toEqual([])
  })

  test('a protected vhost is refused with 412 until it is protected no more', async () => {
    const { vhost } = await story.inVhost(unique('protected'))
    const protection = `/api/vhosts/${vhost}/deletion/protection`
    expect(await statusOf(story.call('POST', protection))).toBe(204)
    expect(await story.call('DELETE', `/api/vhosts/${vhost}`)).toMatchObject({
      status: 412,
      body: { error: 'precondition_failed' },
    })
    expect(await statusOf(story.call('DELETE', protection))).toBe(204)
    expect(await statusOf(story.call('DELETE', `/api/vhosts/${vhost}`))).toBe(204)
    expect(await statusOf(story.call('DELETE', `/api/vhosts/${vhost}`))).toBe(404)
  })
})

describe('a vhost', () => {
  test('has the predefined exchanges from the start, the default one first', async () => {
    const inVhost = await story.inVhost(unique('fresh'))
    const { body } = await inVhost.call('GET', inVhost.path('exchanges'))
    expect((body as { name: string }[]).map(({ name }) => name)).toEqual([
      '',
      'amq.direct',
      'amq.fanout',
      'amq.headers',
      'amq.match',
      'amq.rabbitmq.trace',
      'amq.topic',
    ])
  })

  test('put again takes what is new of it, and says that it was there', async () => {
    const { vhost } = await story.inVhost(unique('described'))
    const path = `/api/vhosts/${vhost}`
    expect(await statusOf(story.call('PUT', path, { description: 'shop', tags: 'a, b' }))).toBe(204)
    expect((await story.call('GET', path)).body).toMatchObject({ name: vhost, description: 'shop', tags: ['a', 'b'] })
  })

  test('keeps its names apart from those of others', async () => {
    const [one, other] = [await story.inVhost(unique('one')), await story.inVhost(unique('other'))]
    for (const inVhost of [one, other]) await inVhost.queue('same')
    await one.publish('', { routing_key: 'same', payload: 'one' })
    expect(await other.get('same')).toEqual([])
    expect(await one.get('same')).toMatchObject([{ payload: 'one' }])
  })
})

test('every change is obeyed by the next publish and seen by the next read', async () => {
  const [source, queue] = [await story.exchange(unique('loop'), 'direct'), await story.queue(unique('loop'))]
  const path = story.bindingPath(source, 'q', queue)
  const rounds = IS_DEPLOYED ? 30 : 100
  for (let round = 0; round < rounds; round += 1) {
    const key = `key-${round % 3}`
    await story.bind(source, queue, key)
    expect(await story.publish(source, { routing_key: key, payload: String(round) })).toBe(true)
    expect((await story.call('GET', path)).body).toHaveLength(1)
    expect(await statusOf(story.call('DELETE', `${path}/${key}`))).toBe(204)
    expect(await story.publish(source, { routing_key: key, payload: 'lost' })).toBe(false)
    expect((await story.call('GET', path)).body).toEqual([])
  }
  const got = await story.get(queue, { count: 200 })
  expect(got.map(({ payload }) => Number(payload)).sort((a, b) => a - b)).toEqual([...Array(rounds).keys()])
})

test('a queue that is deleted and declared again at the same time is there and works, or is not there', async () => {
  const contend = async (name: string): Promise<void> => {
    const path = story.path('queues', name)
    await story.call('PUT', path, DURABLE)
    const calls = [story.call('DELETE', path), story.call('PUT', path, DURABLE), story.call('PUT', path, DURABLE)]
    for (const { status } of await Promise.all(calls)) expect([201, 204]).toContain(status)
    if ((await statusOf(story.call('GET', path))) === 404) return
    expect(await story.publish('', { routing_key: name, payload: 'x' })).toBe(true)
    expect(await story.get(name)).toHaveLength(1)
  }
  const names = Array.from({ length: 8 }, () => unique('contended'))
  for (let round = 0; round < 5; round += 1) await Promise.all(names.map(contend))
})

import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

describe('a message', () => {
  test('reaches the queue that its routing key names through the default exchange', async () => {
    const queue = await story.queue(unique('plain'))
    expect(await story.publish('amq.default', { routing_key: queue, payload: 'hello' })).toBe(true)
    expect(await story.get(queue)).toEqual([
      {
        payload_bytes: 5,
        redelivered: false,
        exchange: '',
        routing_key: queue,
        message_count: 0,
        properties: {},
        payload: 'hello',
        payload_encoding: 'string',
      },
    ])
    expect(await story.get(queue)).toEqual([])
  })

  test('reaches each queue once, however many bindings lead there', async () => {
    const exchange = await story.exchange(unique('topic'), 'topic')
    const [first, second] = [await story.queue(unique('first')), await story.queue(unique('second'))]
    for (const key of ['a.*', 'a.#', '#']) await story.bind(exchange, first, key)
    await story.bind(exchange, second, '*.b')
    expect(await story.publish(exchange, { routing_key: 'a.b', payload: 'x' })).toBe(true)
    expect(await story.get(first)).toHaveLength(1)
    expect(await story.get(second)).toHaveLength(1)
  })

  test('that reaches no queue is told so, and kept nowhere', async () => {
    const exchange = await story.exchange(unique('direct'), 'direct')
    expect(await story.publish(exchange, { routing_key: 'nobody', payload: 'x' })).toBe(false)
  })

  test('keeps its properties and the types of its headers', async () => {
    const queue = await story.queue(unique('typed'))
    const headers = { int: 1, negative: -7, text: 'é☃', flag: true, list: [1, 'two', { three: 3 }], fraction: 1.5 }
    const properties = { content_type: 'text/plain', delivery_mode: 2, priority: 3, timestamp: 1_700_000_000, headers }
    await story.publish('amq.default', { routing_key: queue, properties })
    expect((await story.get(queue))[0]?.properties).toEqual(properties)
  })

  test.each([
    ['empty', Buffer.alloc(0)],
    ['binary', Buffer.from([0, 1, 2, 255, 254])],
    ['what SQS carries no text with', Buffer.from('nul \0 and \u{fffe}')],
    ['an emoji', Buffer.from('🐇')],
    ['larger than an SQS message', Buffer.alloc(2_000_000, 7)],
  ])('carries any payload: %s', async (_what, payload) => {
    const queue = await story.queue(unique('bytes'))
    const body = { routing_key: queue, payload: payload.toString('base64'), payload_encoding: 'base64' as const }
    expect(await story.publish('amq.default', body)).toBe(true)
    const [got] = await story.get(queue, { encoding: 'base64' })
    expect(Buffer.from(got?.payload ?? '', 'base64').equals(payload)).toBe(true)
    expect(got?.payload_bytes).toBe(payload.length)
  })

  test('that is too large for a request is refused with a 400 that says so', async () => {
    const queue = await story.queue(unique('huge'))
    const message = { properties: {}, routing_key: queue, payload: 'x'.repeat(4_800_000), payload_encoding: 'string' }
    const answer = await story.call('POST', `${story.path('exchanges', 'amq.default')}/publish`, message)
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(await story.get(queue)).toEqual([])
  })

  test('fans out to more queues than one publish sends to itself', async () => {
    const exchange = await story.exchange(unique('wide'), 'fanout')
    const queues = await Promise.all(Array.from({ length: 60 }, () => story.queue(unique('wide'))))
    await Promise.all(queues.map((queue) => story.bind(exchange, queue)))
    expect(await story.publish(exchange, { payload: 'to all' })).toBe(true)
    for (const queue of queues) {
      const got = await eventually(
        () => story.get(queue),
        (messages) => messages.length > 0,
      )
      expect(got).toMatchObject([{ payload: 'to all', exchange }])
    }
  })
})

describe('get', () => {
  test('puts back what it was told to, redelivered, and takes away what it was told to', async () => {
    const queue = await story.queue(unique('modes'))
    await story.publish('amq.default', { routing_key: queue, payload: 'x' })
    expect(await story.get(queue, { ackmode: 'ack_requeue_true' })).toMatchObject([{ redelivered: false }])
    expect(await story.get(queue, { ackmode: 'reject_requeue_true' })).toMatchObject([{ redelivered: true }])
    expect(await story.get(queue, { ackmode: 'reject_requeue_false' })).toHaveLength(1)
    expect(await story.get(queue)).toEqual([])
  })

  test('never answers the same message twice in one call', async () => {
    const queue = await story.queue(unique('many'))
    for (let index = 0; index < 25; index += 1) {
      await story.publish('amq.default', { routing_key: queue, payload: String(index) })
    }
    const got = await story.get(queue, { ackmode: 'ack_requeue_true', count: 100 })
    expect(new Set(got.map(({ payload }) => payload)).size).toBe(25)
    expect(got).toHaveLength(25)
    expect(await story.get(queue, { count: 10 })).toHaveLength(10)
    expect(await story.get(queue)).toHaveLength(15)
  })

  test('answers no more than an answer may hold, and leaves the rest in the queue', async () => {
    const queue = await story.queue(unique('budget'))
    const payload = 'x'.repeat(1_500_000)
    for (let index = 0; index < 4; index += 1) await story.publish('amq.default', { routing_key: queue, payload })
    const first = await story.get(queue)
    expect(first.length).toBeGreaterThan(0)
    expect(first.length).toBeLessThan(4)
    const second = await story.get(queue)
    expect(first.length + second.length).toBe(4)
  })

  test('passes a rejected message on to the dead-letter exchange with its history', async () => {
    const dead = await story.queue(unique('dead'))
    const queue = await story.queue(unique('work'), {
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
    })
    await story.publish('amq.default', { routing_key: queue, payload: 'bad', properties: { headers: { kept: 1 } } })
    await story.get(queue, { ackmode: 'reject_requeue_false' })
    expect(await story.get(queue)).toEqual([])
    const [got] = await story.get(dead)
    expect(got).toMatchObject({ payload: 'bad', exchange: '', routing_key: dead })
    expect(got?.properties.headers).toMatchObject({
      kept: 1,
      'x-first-death-queue': queue,
      'x-death': [{ count: 1, reason: 'rejected', queue, exchange: '', 'routing-keys': [queue] }],
    })
  })
})

describe('a batch', () => {
  test('has an outcome for each message at its place, whatever becomes of the others', async () => {
    const queue = await story.queue(unique('batch'))
    const good = { properties: {}, routing_key: queue, payload: 'x', payload_encoding: 'string' }
    const entries = [good, { ...good, payload: 1 }, { ...good, routing_key: 'nobody' }, good]
    const answer = await story.call('POST', `${story.path('exchanges', 'amq.default')}/publish/batch`, entries)
    expect(answer).toMatchObject({
      status: 200,
      body: [
        { routed: true },
        { error: 'bad_request', reason: 'payload_not_string' },
        { routed: false },
        { routed: true },
      ],
    })
    expect(await story.get(queue)).toHaveLength(2)
  })
})

describe('a dry run', () => {
  test('says where a message would go and why, and sends nothing', async () => {
    const [outer, inner] = [
      await story.exchange(unique('outer'), 'topic'),
      await story.exchange(unique('inner'), 'fanout'),
    ]
    const queue = await story.queue(unique('dry'))
    const between = `${story.path('bindings', 'e')}/${outer}/e/${inner}`
    await story.call('POST', between, { routing_key: 'a.#' })
    await story.bind(inner, queue)
    const answer = await story.call('POST', `${story.path('exchanges', outer)}/route`, {
      routing_key: 'a.b',
      properties: {},
    })
    expect(answer).toMatchObject({ status: 200, body: { queues: [queue] } })
    expect((answer.body as { via: unknown[] }).via).toMatchObject([
      { source: outer, destination: inner, routing_key: 'a.#' },
      { source: inner, destination: queue },
    ])
    expect(await story.get(queue)).toEqual([])
  })
})

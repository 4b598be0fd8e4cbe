import { beforeAll, describe, expect, test } from 'vitest'
import { createHandler } from '../../functions/manage.ts'
import { eventFor, useApi } from './support/client.ts'

const client = useApi()

beforeAll(async () => {
  const { call } = client
  await call('PUT', '/users/mon', { password: 'mon', tags: 'monitoring' })
  await call('PUT', '/users/man', { password: 'man', tags: 'management' })
  await call('PUT', '/queues/%2F/a', { durable: true })
  await call('PUT', '/queues/%2F/b%22%5C', { durable: true })
  for (const key of ['a', 'a', 'b"\\']) {
    const message = { routing_key: key, properties: {}, payload: '', payload_encoding: 'string' }
    await call('POST', '/exchanges/%2F/amq.default/publish', message)
  }
})

/** Of a handler of its own: answers are kept for a minute. */
async function scrape(path: string, as = 'guest:guest') {
  const event = eventFor('GET', '/', undefined, { as })
  return createHandler(client.broker)({ ...event, path })
}

describe('GET /metrics', () => {
  test('counts in RabbitMQ’s names, totals and queues apart', async () => {
    const { statusCode, headers, body } = await scrape('/api/metrics')
    expect(statusCode).toBe(200)
    expect(headers?.['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(samples).toEqual(
      expect.arrayContaining([
        'rabbitmq_queues 2',
        'rabbitmq_connections 0',
        'rabbitmq_queue_messages 3',
        'rabbitmq_queue_messages_ready 3',
        'rabbitmq_queue_messages_unacked 0',
        'rabbitmq_detailed_queue_messages{vhost="/",queue="a"} 2',
        'rabbitmq_detailed_queue_messages{vhost="/",queue="b\\"\\\\"} 1',
      ]),
    )
    for (const sample of samples)
      expect(sample).toMatch(/^[a-z_]+(\{[a-z_]+="(\\.|[^"\\])*"(,[a-z_]+="(\\.|[^"\\])*")*\})? \d+$/)
  })

  test('is also where scrapers look by themselves', async () => {
    for (const path of ['/metrics', '/prefix/metrics/']) {
      expect(await scrape(path)).toMatchObject({ statusCode: 200, body: expect.stringContaining('rabbitmq_queues 2') })
    }
    expect(await scrape('/nothing')).toMatchObject({ statusCode: 404 })
  })

  test('takes the tag monitoring, and shows the vhosts that the user may enter', async () => {
    expect(await scrape('/metrics', 'mon:mon')).toMatchObject({ body: expect.stringContaining('rabbitmq_queues 0') })
    expect(await scrape('/metrics', 'man:man')).toMatchObject({ statusCode: 401 })
  })

  test('answers the same for a minute', async () => {
    const event = { ...eventFor('GET', '/', undefined, {}), path: '/metrics' }
    const handle = createHandler(client.broker)
    const first = await handle(event)
    await client.call('PUT', '/queues/%2F/c', { durable: true })
    expect((await handle(event)).body).toBe(first.body)
    expect(await scrape('/metrics')).toMatchObject({ body: expect.stringContaining('rabbitmq_queues 3') })
  })
})

import { beforeAll, describe, expect, test } from 'vitest'
import { createHandler } from '../../functions/manage.ts'
import { totalKey } from '../../lib/delivery/statistics-item.ts'
import { eventFor, useApi } from './support/client.ts'

const client = useApi()
const call = (...args: Parameters<typeof client.call>) => client.call(...args)

const message = (routingKey: string) => ({
  routing_key: routingKey,
  properties: {},
  payload: 'x',
  payload_encoding: 'string',
})
const get = (queue: string, ackmode: string, count = 1) =>
  call('POST', `/queues/%2F/${queue}/get`, { count, ackmode, encoding: 'auto' })

type Stats = Record<string, unknown>

async function statsOf(path: string): Promise<Stats | undefined> {
  const { message_stats: stats } = (await call('GET', path)).body as { message_stats?: Stats }
  return stats
}

const countsOf = (stats: Stats | undefined) =>
  Object.fromEntries(Object.entries(stats ?? {}).filter(([name]) => !name.endsWith('_details')))

beforeAll(async () => {
  for (const queue of ['a', 'b', 'idle', 'dead']) await call('PUT', `/queues/%2F/${queue}`, { durable: true })
  const toDead = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
  await call('PUT', '/queues/%2F/source', { durable: true, arguments: toDead })
  await call('PUT', '/exchanges/%2F/x', { type: 'fanout', durable: true })
  for (const queue of ['a', 'b']) await call('POST', `/bindings/%2F/e/x/q/${queue}`, {})
  for (let number = 0; number < 4; number += 1) await call('POST', '/exchanges/%2F/x/publish', message('k'))
  await call('POST', '/exchanges/%2F/amq.direct/publish', message('nowhere'))
  await call('POST', '/exchanges/%2F//publish', message('b'))
  for (const mode of ['ack_requeue_true', 'ack_requeue_false', 'reject_requeue_true', 'reject_requeue_false']) {
    await get('a', mode)
  }
  await get('b', 'ack_requeue_false', 10)
  await get('b', 'ack_requeue_false')
})

describe('message_stats', () => {
  // What a RabbitMQ 3.10.8 answered to the same requests.
  test('are what RabbitMQ counts', async () => {
    expect(countsOf(await statsOf('/queues/%2F/a'))).toEqual({
      ack: 0,
      deliver: 0,
      deliver_get: 4,
      deliver_no_ack: 0,
      get: 3,
      get_empty: 0,
      get_no_ack: 1,
      publish: 4,
      redeliver: expect.any(Number),
    })
    expect(countsOf(await statsOf('/queues/%2F/b'))).toMatchObject({
      deliver_get: 5,
      get: 0,
      get_empty: 2,
      get_no_ack: 5,
      publish: 5,
    })
    expect(countsOf(await statsOf('/exchanges/%2F/x'))).toEqual({ publish_in: 4, publish_out: 8 })
    expect(countsOf(await statsOf('/exchanges/%2F/amq.default'))).toEqual({ publish_in: 1, publish_out: 1 })
    expect(countsOf(await statsOf('/exchanges/%2F/amq.direct'))).toEqual({ publish_in: 1 })
    const total = { publish: 6, confirm: 6, return_unroutable: 1, drop_unroutable: 0, deliver_get: 9, get_no_ack: 6 }
    expect(countsOf(await statsOf('/overview'))).toMatchObject({ ...total, get: 3, get_empty: 2 })
    expect(countsOf(await statsOf('/vhosts/%2F'))).toMatchObject(total)
  })

  test('are left out where nothing happened, and empty in the overview', async () => {
    expect(await statsOf('/queues/%2F/idle')).toBeUndefined()
    expect(await statsOf('/exchanges/%2F/amq.fanout')).toBeUndefined()
    await call('PUT', '/vhosts/quiet', {})
    expect(await statsOf('/vhosts/quiet')).toBeUndefined()
    expect((await call('GET', '/overview', undefined, { headers: { 'x-vhost': 'quiet' } })).body).toMatchObject({
      message_stats: {},
    })
  })

  test('count what publishers send, not what the broker sends on', async () => {
    await call('POST', '/exchanges/%2F//publish', message('source'))
    await get('source', 'reject_requeue_false')
    expect(countsOf(await statsOf('/queues/%2F/source'))).toMatchObject({ publish: 1, get: 1 })
    expect((await get('dead', 'ack_requeue_true')).body).toMatchObject([{ payload: 'x' }])
    expect(await statsOf('/queues/%2F/dead')).not.toHaveProperty('publish')
  })

  test('count acknowledgements by tag', async () => {
    await call('PUT', '/queues/%2F/settled', { durable: true })
    for (let number = 0; number < 2; number += 1) await call('POST', '/exchanges/%2F//publish', message('settled'))
    const got = (await get('settled', 'manual', 2)).body as { delivery_tag: string }[]
    await call('POST', '/queues/%2F/settled/settle', [
      { delivery_tag: got[0]?.delivery_tag, action: 'ack' },
      { delivery_tag: got[1]?.delivery_tag, action: 'reject', requeue: false },
      { delivery_tag: 'forged', action: 'ack' },
    ])
    expect(countsOf(await statsOf('/queues/%2F/settled'))).toMatchObject({ get: 2, ack: 1, deliver_get: 2 })
  })

  test('have a rate beside every count', async () => {
    const stats = (await statsOf('/queues/%2F/a')) ?? {}
    const names = Object.keys(countsOf(stats))
    for (const name of names) expect(stats[`${name}_details`]).toEqual({ rate: expect.any(Number) })
    expect(stats.publish_details).toEqual({ rate: expect.closeTo(4 / 60) })
    expect((await call('GET', '/queues/%2F/a')).text).toContain('"deliver_details":{"rate":0.0}')
  })

  test('have samples where they are asked for, newest first', async () => {
    const { publish_details: details } = (await statsOf('/queues/%2F/a?msg_rates_age=600&msg_rates_incr=60')) as {
      publish_details: { samples: { sample: number; timestamp: number }[]; avg: number; avg_rate: number }
    }
    const { samples, avg_rate: averageRate } = details
    expect(samples).toHaveLength(11)
    expect(samples.at(-1)?.sample).toBe(0)
    expect(samples.every(({ timestamp }) => timestamp % 60_000 === 0)).toBe(true)
    expect(averageRate).toBeCloseTo(((samples[0]?.sample ?? 0) - 0) / 600)
    const { messages_details: lengths } = (await call('GET', '/queues/%2F/a?lengths_age=60&lengths_incr=5')).body as {
      messages_details: { samples: object[] }
    }
    expect(lengths.samples).toEqual([{ sample: 2, timestamp: expect.any(Number) }])
  })

  test('are in lists, sorted by, and gone with disable_stats', async () => {
    const { body } = await call(
      'GET',
      '/queues?sort=message_stats.publish&sort_reverse=true&columns=name,message_stats.publish',
    )
    expect((body as object[]).slice(0, 2)).toEqual([
      { name: 'b', message_stats: { publish: 5 } },
      { name: 'a', message_stats: { publish: 4 } },
    ])
    const exchanges = (await call('GET', '/exchanges/%2F?columns=name,message_stats.publish_in')).body
    expect(exchanges).toContainEqual({ name: 'x', message_stats: { publish_in: 4 } })
    for (const path of [
      '/queues',
      '/queues/%2F/a',
      '/exchanges',
      '/exchanges/%2F/x',
      '/vhosts',
      '/vhosts/%2F',
      '/overview',
    ]) {
      expect((await call('GET', `${path}?disable_stats=true`)).text).not.toMatch(/message_stats|messages_ready"/)
    }
    expect((await call('GET', '/queues/%2F/a?disable_stats=true&enable_queue_totals=true')).body).toMatchObject({
      messages: 2,
    })
  })

  test('are not read where no column needs them', async () => {
    const read: string[] = []
    const { broker } = client
    const items = new Proxy(broker.delivery.items, {
      get: (target, method) => {
        const call = Reflect.get(target, method).bind(target)
        return (place: string | { partition: string }, ...rest: unknown[]) => {
          const partition = typeof place === 'string' ? place : place.partition
          if (partition === totalKey().partition) read.push(String(method))
          return call(place, ...rest)
        }
      },
    })
    const handle = createHandler({ ...broker, delivery: { ...broker.delivery, items } })
    for (const path of [
      '/queues?columns=name,messages',
      '/exchanges?columns=name',
      '/overview?columns=object_totals',
    ]) {
      await handle(eventFor('GET', path, undefined, {}))
    }
    expect(read).toEqual([])
    await handle(eventFor('GET', '/queues', undefined, {}))
    expect(read).toEqual(['get', 'list'])
  })

  test('are counters in the metrics', async () => {
    const { body } = await createHandler(client.broker)(eventFor('GET', '/metrics', undefined, {}))
    expect(body).toMatch(/^# TYPE rabbitmq_global_messages_received_total counter$/m)
    expect(body).toMatch(/^rabbitmq_global_messages_unroutable_returned_total\{protocol="amqp091"\} 1$/m)
    expect(body).toMatch(/^rabbitmq_detailed_queue_messages_published_total\{vhost="\/",queue="b"\} 5$/m)
  })

  test('of a deleted queue are not those of the next of its name', async () => {
    await call('PUT', '/queues/%2F/again', { durable: true })
    await call('POST', '/exchanges/%2F//publish', message('again'))
    await call('DELETE', '/queues/%2F/again')
    await call('PUT', '/queues/%2F/again', { durable: true })
    expect(await statsOf('/queues/%2F/again')).toBeUndefined()
  })
})

describe('a vhost', () => {
  test('has the lengths of its queues together', async () => {
    const { body } = await call('GET', '/vhosts?columns=name,messages,messages_ready')
    const { body: queues } = await call('GET', '/queues/%2F?columns=messages')
    const sum = (queues as { messages: number }[]).reduce((total, { messages }) => total + messages, 0)
    expect(body).toContainEqual({ name: '/', messages: sum, messages_ready: expect.any(Number) })
  })
})

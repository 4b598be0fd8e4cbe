import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { bindTo } from '../../lib/broker/bind.ts'
import { declareExchange } from '../../lib/broker/declare-exchange.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { publishBatch } from '../../lib/broker/publish-batch.ts'
import type { AmqpTable, AmqpValue } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  faulty.fault = () => undefined
  faulty.aheadMs = 0
})

let count = 0

async function newQueue(args: AmqpTable = {}): Promise<string> {
  count += 1
  const name = `dedup-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  return name
}

async function newExchange(exchangeType: string, args: AmqpTable = {}): Promise<string> {
  count += 1
  const name = `${exchangeType}-${count}`
  const flags = { durable: true, autoDelete: false, internal: false }
  await declareExchange(await faulty.session(), { name, exchangeType, ...flags, arguments: args })
  return name
}

const bind = async (source: string, destination: string, destinationType: 'queue' | 'exchange' = 'queue') =>
  bindTo(await faulty.session(), { source, destinationType, destination, routingKey: '', arguments: {} })

/** A deduplicating exchange with queues behind it. */
async function deduplicating(args: AmqpTable = {}, queueCount = 1): Promise<{ exchange: string; queues: string[] }> {
  const exchange = await newExchange('x-message-deduplication', args)
  const queues: string[] = []
  for (let index = 0; index < queueCount; index += 1) {
    const queue = await newQueue()
    queues.push(queue)
    await bind(exchange, queue)
  }
  return { exchange, queues }
}

const message = (id: AmqpValue | undefined, headers: AmqpTable = {}, routingKey = '') => ({
  routingKey,
  properties: { headers: { ...(id !== undefined && { 'x-deduplication-header': id }), ...headers } },
  payload: Buffer.from('x'),
})

const send = async (exchange: string, id?: AmqpValue, headers?: AmqpTable, routingKey?: string) =>
  publish(await faulty.session(), { exchange, ...message(id, headers, routingKey) })

async function countIn(queue: string): Promise<number> {
  const input = { queue, count: 100, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
  return (await getMessages(await faulty.session(), input)).length
}

describe('a deduplicating exchange', () => {
  test('passes one message of those with the same header, and confirms the others as routed', async () => {
    const { exchange, queues } = await deduplicating({}, 2)
    for (let turn = 0; turn < 3; turn += 1) expect(await send(exchange, 'a')).toEqual({ routed: true })
    await send(exchange, 'b')
    expect(await Promise.all(queues.map(countIn))).toEqual([2, 2])
  })

  test('passes every message without the header', async () => {
    const { exchange, queues } = await deduplicating()
    await send(exchange)
    await send(exchange)
    expect(await countIn(queues[0] ?? '')).toBe(2)
  })

  test('tells values apart as headers do: 1 and "1" differ', async () => {
    const { exchange, queues } = await deduplicating()
    for (const id of [1, '1', 1, '1', true]) await send(exchange, id)
    expect(await countIn(queues[0] ?? '')).toBe(3)
  })

  test.each([
    ['its own argument', { 'x-cache-ttl': 60_000 }, {}],
    ['the message', {}, { 'x-cache-ttl': 60_000 }],
  ])('forgets a message after the time that %s says', async (_, args, headers) => {
    const { exchange, queues } = await deduplicating(args)
    await send(exchange, 'a', headers)
    faulty.aheadMs = 59_000
    await send(exchange, 'a', headers)
    faulty.aheadMs = 61_000
    await send(exchange, 'a', headers)
    expect(await countIn(queues[0] ?? '')).toBe(2)
  })

  test('does the same behind another exchange, and next to a queue that is reached directly', async () => {
    const { exchange, queues } = await deduplicating()
    const [front, direct] = [await newExchange('fanout'), await newQueue()]
    await bind(front, exchange, 'exchange')
    await bind(front, direct)
    await send(front, 'a')
    await send(front, 'a')
    expect([await countIn(queues[0] ?? ''), await countIn(direct)]).toEqual([1, 2])
  })

  test('passes a message again whose delivery failed, whole', async () => {
    const { exchange, queues } = await deduplicating({}, 2)
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('planted')
    }
    await expect(send(exchange, 'a')).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.fault = () => undefined
    expect(await send(exchange, 'a')).toEqual({ routed: true })
    expect(await Promise.all(queues.map(countIn))).toEqual([1, 1])
  })

  test('confirms none of two at once before the one that passes is stored', async () => {
    const { exchange, queues } = await deduplicating()
    const outcomes = await Promise.allSettled(['a', 'a', 'a'].map((id) => send(exchange, id)))
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(0)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'unavailable' })
    }
    expect(await countIn(queues[0] ?? '')).toBe(1)
  })

  test('passes one of those in one batch, and confirms the others with it', async () => {
    const { exchange, queues } = await deduplicating()
    const entries = ['a', 'b', 'a'].map((id) => message(id))
    expect(await publishBatch(await faulty.session(), exchange, entries)).toEqual(Array(3).fill({ routed: true }))
    expect(await countIn(queues[0] ?? '')).toBe(2)
  })

  test('fails those in one batch together whose only message fails', async () => {
    const { exchange } = await deduplicating()
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('planted')
    }
    const outcomes = await publishBatch(
      await faulty.session(),
      exchange,
      ['a', 'a'].map((id) => message(id)),
    )
    expect(outcomes).toMatchObject(Array(2).fill({ error: { kind: 'unavailable' } }))
  })

  test('is taken over after whoever was at work has died', async () => {
    const { exchange, queues } = await deduplicating()
    const { items } = faulty.broker.delivery
    const put = items.put.bind(items)
    let puts = 0
    items.put = (item, revision) => {
      puts += 1
      return puts === 1 ? put(item, revision) : Promise.reject(new Error('died'))
    }
    await send(exchange, 'a').finally(() => {
      items.put = put
    })
    await expect(send(exchange, 'a')).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.aheadMs = 71_000
    expect(await send(exchange, 'a')).toEqual({ routed: true })
    expect(await countIn(queues[0] ?? '')).toBe(2)
  })

  test.each([{ 'x-cache-size': 0 }, { 'x-cache-ttl': 'long' }])('is refused with %j', async (args) => {
    await expect(newExchange('x-message-deduplication', args)).rejects.toMatchObject({ kind: 'precondition-failed' })
  })
})

describe('a deduplicating queue', () => {
  test('takes one message of those with the same header; other queues take all', async () => {
    const [queue, other, exchange] = [
      await newQueue({ 'x-message-deduplication': true }),
      await newQueue(),
      await newExchange('fanout'),
    ]
    await bind(exchange, queue)
    await bind(exchange, other)
    for (let turn = 0; turn < 3; turn += 1) expect(await send(exchange, 'a')).toEqual({ routed: true })
    expect([await countIn(queue), await countIn(other)]).toEqual([1, 3])
  })

  test('that failed takes the next of its kind, which comes to a FIFO queue beside it like any other', async () => {
    const [queue, beside, within, exchange] = [
      await newQueue({ 'x-message-deduplication': true }),
      await newQueue({ 'x-fifo-group': 'queue' }),
      await newQueue({ 'x-fifo-group': 'queue', 'x-message-deduplication': true }),
      await newExchange('fanout'),
    ]
    for (const name of [queue, beside, within]) await bind(exchange, name)
    faulty.fault = (method, input) => {
      const { QueueUrl = '' } = input as { QueueUrl?: string }
      if (method === 'sendMessageBatch' && !QueueUrl.endsWith('.fifo')) throw new Error('planted')
    }
    await expect(send(exchange, 'a')).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.fault = () => undefined
    expect(await send(exchange, 'a')).toEqual({ routed: true })
    expect([await countIn(queue), await countIn(beside), await countIn(within)]).toEqual([1, 2, 1])
  })

  test('remembers none of a queue of the same name that was there before', async () => {
    const name = await newQueue({ 'x-message-deduplication': true })
    await send('', 'a', {}, name)
    expect(await countIn(name)).toBe(1)
    await deleteQueue(await faulty.session(), { name, ifEmpty: false })
    count -= 1
    await newQueue({ 'x-message-deduplication': true })
    await send('', 'a', {}, name)
    expect(await countIn(name)).toBe(1)
  })
})

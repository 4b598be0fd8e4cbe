import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deliverWithinLengths } from '../../lib/broker/deliver-within-lengths.ts'
import type { AckMode } from '../../lib/broker/get-input.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { publishBatch } from '../../lib/broker/publish-batch.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
/** How often a queue was counted. */
let countings: number

beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  countings = 0
  faulty.fault = (method) => {
    if (method === 'getQueueAttributes') countings += 1
  }
})

let count = 0
async function newQueue(args: AmqpTable = {}): Promise<string> {
  count += 1
  const name = `length-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  return name
}

const limited = (args: AmqpTable = {}) => newQueue({ 'x-max-length': 2, 'x-overflow': 'reject-publish', ...args })

const send = async (routingKey: string, payload = 'x', headers: AmqpTable = {}) =>
  publish(await faulty.session(), { exchange: '', routingKey, properties: { headers }, payload: Buffer.from(payload) })

async function got(queue: string, ackMode: AckMode = 'ack_requeue_false') {
  const input = { queue, count: 100, ackMode, waitS: 0, encodedSizeOf: () => 1 }
  return (await getMessages(await faulty.session(), input)).map(({ message }) => message)
}

const payloads = async (queue: string) => (await got(queue)).map(({ payload }) => String(payload)).toSorted()

const REFUSED = 'rejected Unable to publish message. Check queue limits.'

describe('a full queue that rejects what is published', () => {
  test('takes no more, in the words of RabbitMQ, until there is room', async () => {
    const queue = await limited()
    for (const payload of ['a', 'b']) expect(await send(queue, payload)).toEqual({ routed: true })
    await expect(send(queue, 'c')).rejects.toMatchObject({ kind: 'full', reason: REFUSED })
    expect(await payloads(queue)).toEqual(['a', 'b'])
    expect(await send(queue, 'd')).toEqual({ routed: true })
    expect(await payloads(queue)).toEqual(['d'])
  })

  test('does not keep the others from their copies', async () => {
    const [full, other, fifo] = [await limited({ 'x-max-length': 0 }), await newQueue(), await newQueue(FIFO)]
    await expect(send(full, 'x', { CC: [other, fifo] })).rejects.toMatchObject({ reason: REFUSED })
    expect([await payloads(full), await payloads(other), await payloads(fifo)]).toEqual([[], ['x'], ['x']])
  })
  const FIFO = { 'x-fifo-group': 'queue' }

  test('leaves the outcome unknown where another copy could not be stored', async () => {
    const [full, fifo] = [await limited({ 'x-max-length': 0 }), await newQueue(FIFO)]
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('SQS is down')
    }
    await expect(send(full, 'x', { CC: [fifo] })).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('takes of a batch what it has room for, each entry with its own outcome', async () => {
    const queue = await limited({ 'x-max-length': 3 })
    const entries = ['a', 'b', 'c', 'd', 'e'].map((payload) => ({
      routingKey: queue,
      properties: {},
      payload: Buffer.from(payload),
    }))
    const outcomes = await publishBatch(await faulty.session(), '', entries)
    expect(outcomes.slice(0, 3)).toEqual(Array(3).fill({ routed: true }))
    expect(outcomes.slice(3)).toMatchObject(Array(2).fill({ error: { reason: REFUSED } }))
    expect(await payloads(queue)).toEqual(['a', 'b', 'c'])
    expect(countings).toBeLessThanOrEqual(2)
  })

  test('counts what is ready in all its bands, and nothing that is held', async () => {
    const queue = await limited({ 'x-max-priority': 4 })
    for (const priority of [0, 4]) {
      const properties = { priority }
      await publish(await faulty.session(), { exchange: '', routingKey: queue, properties, payload: Buffer.from('x') })
    }
    await expect(send(queue)).rejects.toMatchObject({ reason: REFUSED })
    expect(await got(queue, 'manual')).toHaveLength(2)
    expect(await send(queue)).toEqual({ routed: true })
  })

  test('takes what was accepted once: a dead letter', async () => {
    const full = await limited({ 'x-max-length': 0 })
    const queue = await newQueue({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': full })
    await send(queue, 'dead')
    await got(queue, 'reject_requeue_false')
    expect(await payloads(full)).toEqual(['dead'])
  })

  test('takes what comes where SQS does not count', async () => {
    const queue = await limited({ 'x-max-length': 0 })
    faulty.fault = (method) => {
      if (method === 'getQueueAttributes') throw new Error('throttled')
    }
    expect(await send(queue)).toEqual({ routed: true })
  })
})

describe('a full queue that dead-letters what it rejects', () => {
  const args = { 'x-max-length': 0, 'x-overflow': 'reject-publish-dlx' }

  test('passes it on with its history, and tells the publisher', async () => {
    const dead = await newQueue()
    const full = await newQueue({ ...args, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead })
    await expect(send(full)).rejects.toMatchObject({ reason: REFUSED })
    expect(await got(full)).toEqual([])
    expect(await got(dead)).toMatchObject([
      { properties: { headers: { 'x-death': [{ queue: full, reason: 'maxlen', count: 1 }] } } },
    ])
  })

  test('drops it without a dead-letter exchange', async () => {
    const full = await newQueue(args)
    await expect(send(full)).rejects.toMatchObject({ reason: REFUSED })
    expect((await faulty.session()).vhost.queueByName(full)?.deadLetters).toBeUndefined()
  })

  test('says that the outcome is unknown where it cannot be passed on', async () => {
    const dead = await newQueue()
    const full = await newQueue({ ...args, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead })
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('SQS is down')
    }
    await expect(send(full)).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('is not a quorum queue, which takes the word for drop-head', async () => {
    const full = await newQueue({ ...args, 'x-queue-type': 'quorum' })
    expect(await send(full)).toEqual({ routed: true })
  })
})

describe('a limit on the length of a queue', () => {
  test.each<AmqpTable>([
    { 'x-max-length': 0 },
    { 'x-max-length': 0, 'x-overflow': 'drop-head' },
    { 'x-max-length-bytes': 0, 'x-overflow': 'reject-publish' },
  ])('is stored without effect where SQS cannot keep it: %j', async (args) => {
    const queue = await newQueue(args)
    expect(await send(queue)).toEqual({ routed: true })
  })

  test('costs nothing where there is none', async () => {
    const queue = await newQueue()
    countings = 0
    await send(queue)
    expect(countings).toBe(0)
  })

  test('costs one count a second, and holds in between for what is sent from here', async () => {
    const queue = await limited({ 'x-max-length': 5 })
    const session = await faulty.session()
    const node = session.vhost.queueByName(queue)
    if (!node) throw new Error('the queue is missing')
    let elapsedMs = 0
    const clock = { ...faulty.broker.clock, monotonicMs: () => elapsedMs }
    const broker = { ...faulty.broker, clock, config: { ...faulty.config, countsCacheMs: 5000 } }
    const publications = (ids: string[]) =>
      ids.map((publishId) => ({
        publishId,
        hop: 0,
        message: { exchange: '', routingKey: queue, properties: {}, payload: Buffer.from('x') },
        queues: [node],
        effects: [],
        version: session.version,
      }))
    const refused = async (...ids: string[]) =>
      (await deliverWithinLengths({ ...session, broker }, publications(ids))).filter(Boolean).length
    countings = 0
    expect([await refused('a', 'b', 'c'), await refused('d', 'e', 'f'), await refused('g')]).toEqual([0, 1, 1])
    expect(countings).toBe(1)
    await got(queue)
    expect(await refused('h')).toBe(1)
    elapsedMs = 1000
    expect(await refused('i')).toBe(0)
  })
})

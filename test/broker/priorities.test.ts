import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import type { AckMode, GetInput, GotMessage } from '../../lib/broker/get-input.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { purgeQueue } from '../../lib/broker/purge-queue.ts'
import { queueCounts } from '../../lib/broker/queue-counts.ts'
import { relay } from '../../lib/broker/relay.ts'
import { settle } from '../../lib/broker/settle.ts'
import { sweepQueues } from '../../lib/broker/sweep.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
/** What was put into the internal queues, by the end of their names. */
let internal: { to: string; body: string }[]

beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  internal = []
  faulty.random = 0.5
  faulty.aheadMs = 0
  faulty.fault = watch
})

function watch(method: string, input: unknown): void {
  const { QueueUrl = '', Entries = [] } = input as { QueueUrl?: string; Entries?: { MessageBody: string }[] }
  const [, to] = /-(relay|sweep)$/.exec(QueueUrl) ?? []
  if (method === 'sendMessageBatch' && to) internal.push(...Entries.map(({ MessageBody: body }) => ({ to, body })))
}

const recordsFor = (to: string) =>
  internal.filter((entry) => entry.to === to).map(({ body }, index) => ({ id: String(index), body }))

let count = 0
async function newQueue(args: AmqpTable = { 'x-max-priority': 4 }): Promise<string> {
  count += 1
  const name = `prio-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  return name
}

async function send(routingKey: string, priority?: number, headers: AmqpTable = {}): Promise<void> {
  const properties = { headers, ...(priority !== undefined && { priority }) }
  const payload = Buffer.from(String(priority))
  await publish(await faulty.session(), { exchange: '', routingKey, properties, payload })
}

async function get(queue: string, options: Partial<GetInput> = {}): Promise<readonly GotMessage[]> {
  const ackMode: AckMode = 'ack_requeue_false'
  return getMessages(await faulty.session(), {
    queue,
    count: 100,
    ackMode,
    waitS: 0,
    encodedSizeOf: () => 1,
    ...options,
  })
}

const payloads = (messages: readonly GotMessage[]): string[] => messages.map(({ message }) => String(message.payload))

async function sqsNamesOf(name: string): Promise<string[]> {
  return ((await faulty.session()).vhost.queueByName(name)?.sqsQueues ?? []).map((sqsQueue) => sqsQueue.name)
}

describe('a get of a queue with priorities', () => {
  test('answers the most important messages first, whenever they came', async () => {
    const queue = await newQueue()
    for (const priority of [1, 4, undefined, 3, 0, 200, 2]) await send(queue, priority)
    const got = payloads(await get(queue))
    expect(got.slice(0, 2).toSorted()).toEqual(['200', '4'])
    expect(got.slice(2, 5)).toEqual(['3', '2', '1'])
    expect(got.slice(5).toSorted()).toEqual(['0', 'undefined'])
  })

  test('takes no more than it was asked for out of the lower bands', async () => {
    const queue = await newQueue()
    for (const priority of [0, 1, 2, 3, 4]) await send(queue, priority)
    expect(payloads(await get(queue, { count: 2 }))).toEqual(['4', '3'])
    expect(await get(queue)).toMatchObject([{ redelivered: false }, { redelivered: false }, { redelivered: false }])
  })

  test('counts what is left in all bands', async () => {
    const queue = await newQueue()
    for (const priority of [0, 1, 4, 4]) await send(queue, priority)
    expect(await get(queue, { count: 1 })).toMatchObject([{ messageCount: 3 }])
  })

  test('begins with a lower band now and then, so that none is starved', async () => {
    const queue = await newQueue()
    for (const priority of [0, 4]) await send(queue, priority)
    faulty.random = 0
    expect(payloads(await get(queue, { count: 1 }))).toEqual(['0'])
  })

  test('that waits sees a message in whichever band it comes', async () => {
    for (const priority of [0, 2]) {
      const queue = await newQueue()
      const waiting = get(queue, { count: 1, waitS: 10 })
      await send(queue, priority)
      expect(payloads(await waiting)).toEqual([String(priority)])
    }
  })

  test('gives back at once what it receives beyond what it was asked for while it waits', async () => {
    const queue = await newQueue()
    const looks: string[] = []
    faulty.fault = (method, input) => {
      const { QueueUrl = '', WaitTimeSeconds = 0 } = input as { QueueUrl?: string; WaitTimeSeconds?: number }
      if (method === 'receiveMessage' && WaitTimeSeconds > 0) looks.push(QueueUrl)
    }
    const waiting = get(queue, { count: 1, waitS: 10, ackMode: 'manual', visibilityS: 43_200 })
    await expect.poll(() => looks.length).toBeGreaterThanOrEqual(5)
    await Promise.all([0, 1, 2, 3].map((priority) => send(queue, priority)))
    expect(await waiting).toHaveLength(1)
    expect(await get(queue)).toHaveLength(3)
  })

  test('answers nothing once its wait is over', async () => {
    const queue = await newQueue()
    expect(await get(queue, { waitS: 1 })).toEqual([])
  })

  test('fails, and gives back, where a band cannot be read', async () => {
    const queue = await newQueue()
    const [lowest = ''] = await sqsNamesOf(queue)
    faulty.fault = (method, input) => {
      const { QueueUrl = '' } = input as { QueueUrl?: string }
      if (method === 'receiveMessage' && QueueUrl.endsWith(lowest)) throw new Error('throttled')
    }
    await expect(get(queue)).rejects.toMatchObject({ kind: 'unavailable' })
    await send(queue, 4)
    expect(payloads(await get(queue))).toEqual(['4'])
  })
})

describe('the bands of a queue', () => {
  test('are SQS queues in the order of their priorities', async () => {
    const names = await sqsNamesOf(await newQueue({ 'x-max-priority': 255 }))
    expect(names.map((name) => /priority-(\d)-prio/.exec(name)?.[1])).toEqual(['0', '1', '2', '3', '4'])
  })

  test('are one without priorities', async () => {
    expect(await sqsNamesOf(await newQueue({}))).toHaveLength(1)
    expect(await sqsNamesOf(await newQueue({ 'x-max-priority': 0 }))).toHaveLength(1)
  })

  test('are settled each by itself: a tag knows where its message is', async () => {
    const queue = await newQueue({
      'x-max-priority': 4,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': '?',
    })
    for (const priority of [0, 2, 4]) await send(queue, priority)
    const got = await get(queue, { ackMode: 'manual' })
    const tags = got.map(({ deliveryTag = '' }) => deliveryTag)
    const outcomes = await settle(await faulty.session(), queue, [
      { deliveryTag: tags[0] ?? '', action: 'ack' },
      { deliveryTag: tags[1] ?? '', action: 'nack' },
      { deliveryTag: tags[2] ?? '', action: 'reject', requeue: false },
    ])
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, true])
    expect(payloads(await get(queue))).toEqual(['2'])
  })

  test('are purged, counted and looked into together', async () => {
    const queue = await newQueue()
    for (const priority of [0, 2, 4]) await send(queue, priority)
    const session = await faulty.session()
    const declared = session.vhost.queueByName(queue)
    const counts = await queueCounts(session, declared ? [declared] : [])
    expect(counts.get(declared?.id ?? '')).toEqual({ ready: 3, unacknowledged: 0, state: 'running' })
    await purgeQueue(session, queue)
    expect(await get(queue)).toEqual([])
    await send(queue, 3)
    await expect(deleteQueue(session, { name: queue, ifEmpty: true })).rejects.toThrow('not empty')
  })

  test('go with the queue', async () => {
    const queue = await newQueue()
    const names = await sqsNamesOf(queue)
    await deleteQueue(await faulty.session(), { name: queue, ifEmpty: true })
    const found = await Promise.all(names.map((name) => faulty.broker.delivery.queues.attributes(name)))
    expect(found).toEqual(Array(5).fill(undefined))
  })

  test('all dead-letter what is received too often', async () => {
    const names = await sqsNamesOf(await newQueue())
    const attributes = await Promise.all(names.map((name) => faulty.broker.delivery.queues.attributes(name)))
    for (const found of attributes) expect(found?.RedrivePolicy).toContain('-dead"')
  })

  test('are all looked through for what has expired', async () => {
    const dead = await newQueue()
    const queue = await newQueue({
      'x-max-priority': 4,
      'x-message-ttl': 1000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
    })
    for (const priority of [0, 2, 4]) await send(queue, priority)
    faulty.aheadMs = 2500
    expect(await sweepQueues(faulty.broker, recordsFor('sweep'))).toEqual([])
    // A dead letter keeps its priority.
    expect(payloads(await get(dead))).toEqual(['4', '2', '0'])
  })

  test('are chosen by the relay as well', async () => {
    const queue = await newQueue()
    const others = await Promise.all(Array.from({ length: 50 }, () => newQueue({})))
    await send(queue, 4, { CC: others })
    expect(await relay(faulty.broker, recordsFor('relay'))).toEqual([])
    const highest = (await sqsNamesOf(queue)).at(-1) ?? ''
    expect(await faulty.broker.delivery.counter.countNow(highest)).toMatchObject({ ready: 1 })
  })

  test('are deleted again where the queue is declared by somebody else meanwhile', async () => {
    const names = new Set<string>()
    faulty.fault = (method, input) => {
      if (method === 'createQueue') names.add((input as { QueueName: string }).QueueName)
    }
    const declaration = { name: 'raced', durable: true, autoDelete: false, arguments: { 'x-max-priority': 2 } }
    const [left, right] = await Promise.all([faulty.session(), faulty.session()])
    await Promise.all([declareQueue(left, declaration), declareQueue(right, declaration)])
    const owned = await sqsNamesOf('raced')
    expect(owned).toHaveLength(3)
    for (const name of names) {
      expect((await faulty.broker.delivery.queues.attributes(name)) !== undefined).toBe(owned.includes(name))
    }
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import type { AckMode, GetInput } from '../../lib/broker/get-input.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { type Settlement, settle } from '../../lib/broker/settle.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
/** For how long copies were hidden, s, in the order of the calls. */
let hidden: number[]
/** Of the copy that was hidden last. */
let lastHandle: string

beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  hidden = []
  faulty.random = 0
  faulty.aheadMs = 0
  faulty.fault = (method, input) => {
    if (method !== 'changeMessageVisibilityBatch') return
    const { Entries } = input as { Entries: { ReceiptHandle: string; VisibilityTimeout: number }[] }
    hidden.push(...Entries.map((entry) => entry.VisibilityTimeout))
    lastHandle = Entries.at(-1)?.ReceiptHandle ?? ''
  }
})

let count = 0
async function queueWith(args: AmqpTable): Promise<string> {
  count += 1
  const name = `retry-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  await send(name)
  return name
}

const send = async (routingKey: string) =>
  publish(await faulty.session(), { exchange: '', routingKey, properties: {}, payload: Buffer.from('x') })

async function get(queue: string, ackMode: AckMode, options: Partial<GetInput> = {}) {
  const input = { queue, count: 1, ackMode, waitS: 0, encodedSizeOf: () => 1, ...options }
  const [got] = await getMessages(await faulty.session(), input)
  return got
}

/** Gets a message and settles it; answers for how long it was hidden then. */
async function settled(queue: string, settlement: Omit<Settlement, 'deliveryTag'>): Promise<number | undefined> {
  const got = await get(queue, 'manual')
  const outcomes = await settle(await faulty.session(), queue, [{ deliveryTag: got?.deliveryTag ?? '', ...settlement }])
  expect(outcomes).toMatchObject([{ ok: true }])
  return hidden.at(-1)
}

/** Makes what is hidden visible again, as if its time had come. */
async function passTime(queue: string): Promise<void> {
  const name = (await faulty.session()).vhost.queueByName(queue)?.sqsQueues[0]?.name ?? ''
  const { receiver } = faulty.broker.delivery
  await receiver.changeVisibilityBatch(name, [{ receiptHandle: lastHandle, visibilityS: 0 }])
}

describe('a queue with a back-off', () => {
  const args = { 'x-retry-backoff': { 'base-ms': 2000, factor: 3, 'max-ms': 15_000, jitter: 0.5 } }

  test('hides what is put back for longer after each delivery, up to its maximum', async () => {
    const queue = await queueWith(args)
    const delays: (number | undefined)[] = []
    for (const action of ['nack', 'reject', 'nack', 'nack'] as const) {
      delays.push(await settled(queue, { action }))
      expect(await get(queue, 'ack_requeue_false')).toBeUndefined()
      await passTime(queue)
    }
    expect(delays).toEqual([2, 6, 15, 15])
  })

  test('lets chance take away what its jitter says', async () => {
    faulty.random = 1
    expect(await settled(await queueWith(args), { action: 'nack' })).toBe(1)
  })

  test('gives way to the delay that the receiver asks for, be it none', async () => {
    const queue = await queueWith(args)
    expect(await settled(queue, { action: 'nack', delayS: 0 })).toBe(0)
    expect(await settled(queue, { action: 'nack', delayS: 40 })).toBe(40)
  })

  test('takes a rejecting get for a reject, and one that looks for a look', async () => {
    const queue = await queueWith(args)
    expect(await get(queue, 'ack_requeue_true')).toMatchObject({ deliveryCount: 1 })
    expect(await get(queue, 'reject_requeue_true')).toMatchObject({ deliveryCount: 2 })
    expect(hidden).toEqual([0, 6])
    expect(await get(queue, 'ack_requeue_false')).toBeUndefined()
  })

  test('does not come into what is acknowledged or extended', async () => {
    const queue = await queueWith(args)
    expect(await settled(queue, { action: 'extend' })).toBe(30)
    const other = await queueWith(args)
    await settled(other, { action: 'ack' })
    expect(hidden).toEqual([30])
  })

  test('stays within the 12 hours for which SQS hides a message in all', async () => {
    const queue = await queueWith({ 'x-retry-backoff': { 'base-ms': 43_200_000 } })
    const got = await get(queue, 'manual', { visibilityS: 43_200 })
    faulty.aheadMs = 3_600_000
    const settlement = { deliveryTag: got?.deliveryTag ?? '', action: 'nack' } as const
    expect(await settle(await faulty.session(), queue, [settlement])).toMatchObject([{ ok: true }])
    expect(hidden[0]).toBeGreaterThan(39_590)
    expect(hidden[0]).toBeLessThan(39_600)
  })

  test('without one hides nothing', async () => {
    expect(await settled(await queueWith({}), { action: 'nack' })).toBe(0)
  })
})

describe('a manual get of a queue with a consumer timeout', () => {
  async function visibilityOf(timeoutMs: number, options: Partial<GetInput> = {}): Promise<unknown> {
    const queue = await queueWith({ 'x-consumer-timeout': timeoutMs })
    let visibilityS: unknown
    faulty.fault = (method, input) => {
      if (method === 'receiveMessage') visibilityS = (input as { VisibilityTimeout: number }).VisibilityTimeout
    }
    await get(queue, 'manual', options)
    return visibilityS
  }

  test.each([
    [1_800_000, 1800],
    [1500, 2],
    [0, 1],
    [100_000_000, 43_200],
  ])('of %i ms hides messages for %i s', async (timeoutMs, visibilityS) => {
    expect(await visibilityOf(timeoutMs)).toBe(visibilityS)
  })

  test('hides them for as long as the caller says, where it does', async () => {
    expect(await visibilityOf(1_800_000, { visibilityS: 7 })).toBe(7)
  })
})

import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import type { AckMode, GetInput, GotMessage } from '../../lib/broker/get-input.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { settle } from '../../lib/broker/settle.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  faulty.fault = () => undefined
})

let count = 0
async function queue(args: AmqpTable = {}): Promise<string> {
  count += 1
  const name = `queue-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  return name
}

async function send(routingKey: string, payload: string): Promise<void> {
  await publish(await faulty.session(), { exchange: '', routingKey, properties: {}, payload: Buffer.from(payload) })
}

async function get(name: string, ackMode: AckMode, options: Partial<GetInput> = {}): Promise<readonly GotMessage[]> {
  const input = { queue: name, count: 100, ackMode, waitS: 0, encodedSizeOf: () => 100, ...options }
  return getMessages(await faulty.session(), input)
}

const payloadsOf = (messages: readonly GotMessage[]): string[] => messages.map(({ message }) => String(message.payload))

/** Puts something in the queue whose envelope no version of Leveret has written. */
async function sendUnreadable(name: string): Promise<void> {
  const sqsQueueName = (await faulty.session()).vhost.queueByName(name)?.sqsQueues[0]?.name ?? ''
  const message = { body: 'x', attribute: '{"v":99}', sizeBytes: 10 }
  await faulty.broker.delivery.sender.send([{ sqsQueueName, message }])
}

describe('a get', () => {
  test('that fails after it has received gives everything back at once', async () => {
    const name = await queue()
    await send(name, 'x')
    const fails = () => {
      throw new Error('the door cannot render this')
    }
    const options = { visibilityS: 43_200, encodedSizeOf: fails }
    await expect(get(name, 'manual', options)).rejects.toThrow('the door cannot render this')
    expect(payloadsOf(await get(name, 'ack_requeue_false'))).toEqual(['x'])
  })

  test('does not fail because the queue cannot be counted', async () => {
    const name = await queue()
    await send(name, 'x')
    faulty.fault = (method) => {
      if (method === 'getQueueAttributes') throw new Error('throttled')
    }
    expect(payloadsOf(await get(name, 'ack_requeue_false'))).toEqual(['x'])
  })

  test('takes nothing out of the queue once nobody can be waiting for its answer', async () => {
    const name = await queue()
    await send(name, 'late')
    const session = await faulty.session()
    const late = { ...session, arrival: { ...session.arrival, monotonicMs: session.arrival.monotonicMs - 26_000 } }
    const input = { queue: name, count: 1, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
    await expect(getMessages(late, input)).rejects.toMatchObject({ kind: 'unavailable' })
    expect(payloadsOf(await get(name, 'ack_requeue_false'))).toEqual(['late'])
  })

  test.each([
    { agoMs: 0, when: 'while it is counted, where there is time for both', removes: 1 },
    { agoMs: 12_000, when: 'only after the count, where that may take all the time there is', removes: 0 },
  ])('removes $when', async ({ agoMs, removes }) => {
    const name = await queue()
    await send(name, 'x')
    const session = await faulty.session()
    const arrival = { ...session.arrival, monotonicMs: session.arrival.monotonicMs - agoMs }
    const { counter } = faulty.broker.delivery
    const counting = Promise.withResolvers<void>()
    const counted = Promise.withResolvers<void>()
    const count = vi.spyOn(counter, 'count').mockImplementation(async () => {
      counting.resolve()
      await counted.promise
      return []
    })
    let removed = 0
    faulty.fault = (method) => {
      if (method === 'deleteMessageBatch') removed += 1
    }
    const input = { queue: name, count: 1, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
    const got = getMessages({ ...session, arrival }, input)
    await counting.promise
    await new Promise((resolve) => setImmediate(resolve))
    expect(removed).toBe(removes)
    counted.resolve()
    expect(payloadsOf(await got)).toEqual(['x'])
    expect(removed).toBe(1)
    count.mockRestore()
  })

  test('answers what fits, exactly as the door measures it, and removes no more', async () => {
    const name = await queue()
    for (const payload of ['a', 'b', 'c']) await send(name, payload)
    const first = await get(name, 'ack_requeue_false', { encodedSizeOf: () => 2_000_000 })
    expect(first).toHaveLength(2)
    expect(await get(name, 'ack_requeue_false')).toHaveLength(1)
  })

  test('passes over what it cannot read, and leaves it visible for those that can', async () => {
    const name = await queue()
    await sendUnreadable(name)
    await send(name, 'readable')
    expect(payloadsOf(await get(name, 'manual', { visibilityS: 43_200 }))).toEqual(['readable'])
    const sqsQueueName = (await faulty.session()).vhost.queueByName(name)?.sqsQueues[0]?.name ?? ''
    const counts = await faulty.broker.delivery.counter.countNow(sqsQueueName)
    expect(counts).toMatchObject({ ready: 1, unacknowledged: 1 })
  })

  test('whose receives outlast the visibility answers a message once, with a tag that is good', async () => {
    const name = await queue({ 'x-single-active-consumer': true })
    const payloads = Array.from({ length: 10 }, (_, index) => `payload ${index}`)
    for (const payload of payloads) await send(name, payload)
    const { receiver } = faulty.broker.delivery
    const receive = receiver.receive.bind(receiver)
    const tooSlow = { visibilityS: 0 }
    let options: object = tooSlow
    receiver.receive = async (sqsQueueName, given) => {
      const received = await receive(sqsQueueName, { ...given, ...options })
      options = {}
      return received
    }
    const got = await get(name, 'manual', { count: 20 }).finally(() => {
      receiver.receive = receive
    })
    expect(payloadsOf(got)).toEqual(payloads)
    const settlements = got.map(({ deliveryTag = '' }) => ({ deliveryTag, action: 'ack' as const }))
    const outcomes = await settle(await faulty.session(), name, settlements)
    expect(outcomes.filter(({ ok }) => ok)).toHaveLength(10)
  })

  test('with a visibility of a second does not answer a message over and over', async () => {
    const name = await queue()
    await send(name, 'once')
    expect(await get(name, 'manual', { visibilityS: 1, count: 500 })).toHaveLength(1)
  })
})

describe('a reject', () => {
  test('of the copies of one publish in two queues reaches a FIFO dead-letter queue twice', async () => {
    const dead = await queue({ 'x-fifo-group': 'queue' })
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead }
    const [first, second] = [await queue(args), await queue(args)]
    const properties = { headers: { CC: [second] } }
    const payload = Buffer.from('x')
    await publish(await faulty.session(), { exchange: '', routingKey: first, properties, payload })
    await get(first, 'reject_requeue_false')
    await get(second, 'reject_requeue_false')
    expect(await get(dead, 'ack_requeue_false')).toHaveLength(2)
  })

  test('keeps the order of a FIFO queue on the way to another', async () => {
    const dead = await queue({ 'x-fifo-group': 'queue' })
    const args = { 'x-fifo-group': 'queue', 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead }
    const name = await queue(args)
    const payloads = ['0', '1', '2', '3', '4', '5']
    for (const payload of payloads) await send(name, payload)
    const got = await get(name, 'manual')
    const settlements = got.map(({ deliveryTag = '' }) => ({ deliveryTag, action: 'reject', requeue: false }) as const)
    expect((await settle(await faulty.session(), name, settlements)).every(({ ok }) => ok)).toBe(true)
    expect(payloadsOf(await get(dead, 'ack_requeue_false'))).toEqual(payloads)
  })

  test('counts once, however often its tag is named, and never after the delivery was settled', async () => {
    const dead = await queue()
    const name = await queue({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead })
    await send(name, 'x')
    const [got] = await get(name, 'manual')
    const reject = { deliveryTag: got?.deliveryTag ?? '', action: 'reject', requeue: false } as const
    const outcomes = await settle(await faulty.session(), name, [reject, reject, reject])
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, false])
    expect((await settle(await faulty.session(), name, [reject])).map(({ ok }) => ok)).toEqual([false])
    expect(await get(dead, 'ack_requeue_false')).toHaveLength(1)
  })

  test('that cannot be passed on leaves the message in its queue', async () => {
    const dead = await queue()
    const name = await queue({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead })
    await send(name, 'x')
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('SQS is down')
    }
    await expect(get(name, 'reject_requeue_false')).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.fault = () => undefined
    expect(payloadsOf(await get(name, 'ack_requeue_false'))).toEqual(['x'])
  })
})

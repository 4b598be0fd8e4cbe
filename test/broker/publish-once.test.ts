import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import type { PublishOutcome } from '../../lib/broker/publish-many.ts'
import { publishOnce } from '../../lib/broker/publish-once.ts'
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
async function newQueue(): Promise<string> {
  count += 1
  const name = `once-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: {} })
  return name
}

/** A request of as many messages as there are queues named, to the default exchange. */
async function request(key: string, queues: readonly string[]): Promise<readonly PublishOutcome[]> {
  const entries = queues.map((routingKey) => ({ routingKey, properties: {}, payload: Buffer.from(key) }))
  return publishOnce(await faulty.session(), { key, exchange: '', body: JSON.stringify(queues) }, entries)
}

async function countIn(queue: string): Promise<number> {
  const input = { queue, count: 100, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
  return (await getMessages(await faulty.session(), input)).length
}

const DAY_MS = 86_400_000

describe('a publish with a key', () => {
  test('is done once, however often it is repeated, and answered as the first time', async () => {
    const queue = await newQueue()
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await request('a', [queue, 'nowhere'])).toEqual([{ routed: true }, { routed: false }])
    }
    expect(await countIn(queue)).toBe(1)
  })

  test('under another key is another publish', async () => {
    const queue = await newQueue()
    await request('b1', [queue])
    await request('b2', [queue])
    expect(await countIn(queue)).toBe(2)
  })

  test('is refused where the key stood for another body, and publishes nothing', async () => {
    const [queue, other] = [await newQueue(), await newQueue()]
    await request('c', [queue])
    await expect(request('c', [other])).rejects.toMatchObject({ kind: 'invalid' })
    expect(await countIn(other)).toBe(0)
  })

  test('is forgotten after a day', async () => {
    const queue = await newQueue()
    await request('d', [queue])
    faulty.aheadMs = DAY_MS + 1000
    await request('d', [queue])
    expect(await countIn(queue)).toBe(2)
  })

  test('publishes on repetition what failed, and nothing else', async () => {
    const [good, bad] = [await newQueue(), await newQueue()]
    const sqsName = (await faulty.session()).vhost.queueByName(bad)?.sqsQueues[0]?.name ?? '?'
    faulty.fault = (method, input) => {
      const { QueueUrl = '' } = input as { QueueUrl?: string }
      if (method === 'sendMessageBatch' && (QueueUrl.endsWith(sqsName) || QueueUrl.endsWith('-relay'))) {
        throw new Error('planted')
      }
    }
    expect(await request('e', [good, bad])).toMatchObject([{ routed: true }, { error: { kind: 'unavailable' } }])
    faulty.fault = () => undefined
    expect(await request('e', [good, bad])).toEqual([{ routed: true }, { routed: true }])
    expect([await countIn(good), await countIn(bad)]).toEqual([1, 1])
  })

  test('is not done by two at once', async () => {
    const queue = await newQueue()
    const outcomes = await Promise.allSettled([request('f', [queue]), request('f', [queue]), request('f', [queue])])
    expect(outcomes.some(({ status }) => status === 'fulfilled')).toBe(true)
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ kind: 'unavailable' })
    }
    expect(await countIn(queue)).toBe(1)
  })

  test('is taken up by a repetition after whoever began it has died', async () => {
    const queue = await newQueue()
    const { items } = faulty.broker.delivery
    const put = items.put.bind(items)
    let puts = 0
    items.put = (item, revision) => {
      puts += 1
      return puts === 1 ? put(item, revision) : Promise.reject(new Error('died'))
    }
    await request('g', [queue]).finally(() => {
      items.put = put
    })
    await expect(request('g', [queue])).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.aheadMs = 36_000
    expect(await request('g', [queue])).toEqual([{ routed: true }])
  })
})

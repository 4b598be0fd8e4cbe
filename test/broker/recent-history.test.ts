import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { bindTo, unbindFrom } from '../../lib/broker/bind.ts'
import { declareExchange } from '../../lib/broker/declare-exchange.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deliverOnce } from '../../lib/broker/deliver-once.ts'
import { finishIntents } from '../../lib/broker/finish-intents.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { routePublication } from '../../lib/broker/publication.ts'
import { publish } from '../../lib/broker/publish.ts'
import { publishBatch } from '../../lib/broker/publish-batch.ts'
import { historyPartition } from '../../lib/delivery/kept-message.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
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

async function newExchange(args: AmqpTable = {}, exchangeType = 'x-recent-history'): Promise<string> {
  count += 1
  const name = `history-${count}`
  const flags = { durable: true, autoDelete: false, internal: false }
  await declareExchange(await faulty.session(), { name, exchangeType, ...flags, arguments: args })
  return name
}

async function newQueue(args: AmqpTable = {}): Promise<string> {
  count += 1
  const name = `history-queue-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  return name
}

const bind = async (source: string, destination: string, destinationType: 'queue' | 'exchange' = 'queue') =>
  bindTo(await faulty.session(), { source, destinationType, destination, routingKey: '', arguments: {} })

async function send(exchange: string, payload: string, headers: AmqpTable = {}) {
  // Messages are kept in the order of their milliseconds.
  faulty.aheadMs += 2
  return publish(await faulty.session(), input(exchange, payload, headers))
}

const input = (exchange: string, payload: string, headers: AmqpTable = {}) => ({
  exchange,
  routingKey: 'key',
  properties: { headers },
  payload: Buffer.from(payload),
})

async function payloads(queue: string): Promise<string[]> {
  const input = { queue, count: 100, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
  return (await getMessages(await faulty.session(), input)).map(({ message }) =>
    Buffer.from(message.payload).toString(),
  )
}

const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => String(from + index))

describe('an exchange that keeps its recent history', () => {
  test('brings its last messages to a queue that is bound, in their order, and later ones as they come', async () => {
    const [exchange, queue] = [await newExchange(), await newQueue({ 'x-fifo-group': 'queue' })]
    for (const payload of numbers(1, 25)) await send(exchange, payload)
    await bind(exchange, queue)
    await send(exchange, '26')
    // SQS hands out ten messages of a group at most.
    const got = [...(await payloads(queue)), ...(await payloads(queue)), ...(await payloads(queue))]
    expect(got).toEqual(numbers(6, 26))
  })

  test('keeps the last messages of a batch, in the order of the batch, though they are of one millisecond', async () => {
    const [exchange, queue] = [await newExchange(), await newQueue({ 'x-fifo-group': 'queue' })]
    faulty.stoppedAtMs = Date.now()
    const batch = numbers(1, 30).map((payload) => input(exchange, payload))
    await publishBatch(await faulty.session(), exchange, batch).finally(() => {
      faulty.stoppedAtMs = undefined
    })
    await bind(exchange, queue)
    expect([...(await payloads(queue)), ...(await payloads(queue))]).toEqual(numbers(11, 30))
  })

  test('keeps as many as its argument says', async () => {
    const [exchange, queue] = [await newExchange({ 'x-recent-history-length': 3 }), await newQueue()]
    const { clock } = faulty.broker
    const { random } = clock
    // Each publish has a tenth of a chance to be the one that clears away.
    for (const payload of numbers(1, 40)) {
      if (payload === '30') Object.assign(clock, { random: () => 0 })
      await send(exchange, payload).finally(() => Object.assign(clock, { random }))
    }
    await bind(exchange, queue)
    expect((await payloads(queue)).sort()).toEqual(['38', '39', '40'])
    const id = (await faulty.session()).vhost.exchangeByName(exchange)?.exchange.id ?? ''
    const kept = await faulty.broker.delivery.items.list(historyPartition(id), { limit: 1000 })
    expect(kept.length).toBeLessThan(40)
  })

  test('routes what is not to be kept, and keeps it not', async () => {
    const [exchange, bound, late] = [await newExchange(), await newQueue(), await newQueue()]
    await bind(exchange, bound)
    await send(exchange, 'secret', { 'x-recent-history-no-store': true })
    await bind(exchange, late)
    expect([await payloads(bound), await payloads(late)]).toEqual([['secret'], []])
  })

  test('brings nothing to a queue that is bound already, and all of it again to one that is bound anew', async () => {
    const [exchange, queue] = [await newExchange(), await newQueue()]
    await send(exchange, 'x')
    await bind(exchange, queue)
    await bind(exchange, queue)
    expect(await payloads(queue)).toEqual(['x'])
    const ends = { source: exchange, destinationType: 'queue', destination: queue } as const
    await unbindFrom(await faulty.session(), { ...ends, propertiesKey: '~' })
    await bind(exchange, queue)
    expect(await payloads(queue)).toEqual(['x'])
  })

  test('brings its history through an exchange that is bound, as that one routes', async () => {
    const [exchange, next, queue] = [await newExchange(), await newExchange({}, 'topic'), await newQueue()]
    const ends = { source: next, destinationType: 'queue', destination: queue } as const
    await bindTo(await faulty.session(), { ...ends, routingKey: 'key', arguments: {} })
    await send(exchange, 'x')
    await bind(exchange, next, 'exchange')
    expect(await payloads(queue)).toEqual(['x'])
  })

  test('says that a message which reached no queue is not routed, and keeps it', async () => {
    const exchange = await newExchange()
    expect(await send(exchange, 'x')).toEqual({ routed: false })
    const queue = await newQueue()
    await bind(exchange, queue)
    expect(await payloads(queue)).toEqual(['x'])
  })

  test('brings also what a publish left that did not know of the binding yet, whatever the clocks say', async () => {
    const [exchange, queue] = [await newExchange(), await newQueue()]
    const before = await faulty.session()
    const { version } = before
    faulty.aheadMs = 60_000
    const publication = { ...routePublication(before, input(exchange, 'late')), version }
    expect(await deliverOnce(before, [publication])).toEqual([undefined])
    faulty.aheadMs = 0
    await bind(exchange, queue)
    await send(exchange, 'after')
    expect((await payloads(queue)).sort()).toEqual(['after', 'late'])
  })

  test('refuses what it keeps too late for a queue that was bound meanwhile, and takes it the next time', async () => {
    const [exchange, other, queue] = [await newExchange(), await newExchange(), await newQueue()]
    const resume = Promise.withResolvers<void>()
    const { items } = faulty.broker.delivery
    const { put } = items
    let waiting = 0
    // A process that is frozen, or whose request comes late.
    const putLate: typeof put = async (...item) => {
      waiting += 1
      await resume.promise
      return put.apply(items, item)
    }
    Object.assign(items, { put: putLate })
    const late = send(exchange, 'x').catch((error: unknown) => error)
    const beside = send(other, 'x')
    try {
      await vi.waitUntil(() => waiting === 2)
      await bind(exchange, queue)
    } finally {
      resume.resolve()
      Object.assign(items, { put })
    }
    expect(await late).toMatchObject({ kind: 'unavailable', message: expect.stringMatching(/publish it again/) })
    expect(await beside).toEqual({ routed: false })
    expect(await payloads(queue)).toEqual([])
    await send(exchange, 'x')
    expect(await payloads(queue)).toEqual(['x'])
  })

  test('brings its history later when it could not be sent at once', async () => {
    const [exchange, queue] = [await newExchange(), await newQueue()]
    await send(exchange, 'x')
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('planted')
    }
    expect(await bind(exchange, queue)).toBe('created')
    faulty.fault = () => undefined
    expect(await payloads(queue)).toEqual([])
    faulty.aheadMs += 11 * 60_000
    await finishIntents(faulty.broker)
    expect(await payloads(queue)).toEqual(['x'])
    await finishIntents(faulty.broker)
    expect(await payloads(queue)).toEqual([])
  })

  test.each([0, -1, 'many', 1001])('is refused with a length of %j', async (length) => {
    await expect(newExchange({ 'x-recent-history-length': length })).rejects.toMatchObject({
      kind: 'precondition-failed',
    })
  })
})

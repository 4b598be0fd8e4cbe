import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { bindTo } from '../../lib/broker/bind.ts'
import { declareExchange } from '../../lib/broker/declare-exchange.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteExchange } from '../../lib/broker/delete-exchange.ts'
import { fireScheduled } from '../../lib/broker/fire.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { HORIZON, handOverScheduled } from '../../lib/broker/hand-over.ts'
import { publish } from '../../lib/broker/publish.ts'
import { cancelScheduled, listScheduled } from '../../lib/broker/scheduled.ts'
import { scheduledKey } from '../../lib/delivery/scheduled-message.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
/** What was put into the delay queue: pointers, and for how long SQS hides each. */
let pointers: { body: string; delayS: number }[]

beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(async () => {
  pointers = []
  // Each test begins at the present; the clock of the one before may have looked into its future.
  await faulty.broker.delivery.items.remove(HORIZON)
  faulty.aheadMs = 0
  faulty.fault = (method, input) => {
    const { QueueUrl = '', Entries = [] } = input as {
      QueueUrl?: string
      Entries?: { MessageBody: string; DelaySeconds?: number }[]
    }
    if (method !== 'sendMessageBatch' || !QueueUrl.endsWith('-delay')) return
    pointers.push(...Entries.map(({ MessageBody, DelaySeconds = 0 }) => ({ body: MessageBody, delayS: DelaySeconds })))
  }
})

let count = 0

/** A delayed exchange with a queue bound to it by the key `key`; answers the name that both have. */
async function delayedExchange(): Promise<string> {
  count += 1
  const name = `delayed-${count}`
  await declareExchange(await faulty.session(), {
    name,
    exchangeType: 'x-delayed-message',
    durable: true,
    autoDelete: false,
    internal: false,
    arguments: { 'x-delayed-type': 'direct' },
  })
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: {} })
  const ends = { source: name, destinationType: 'queue', destination: name } as const
  await bindTo(await faulty.session(), { ...ends, routingKey: 'key', arguments: {} })
  return name
}

const publishLater = async (exchange: string, delayMs: number, headers: AmqpTable = {}, payload = 'later') =>
  publish(await faulty.session(), {
    exchange,
    routingKey: 'key',
    properties: { headers: { 'x-delay': delayMs, ...headers } },
    payload: Buffer.from(payload),
  })

async function got(queue: string) {
  const input = { queue, count: 100, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
  return (await getMessages(await faulty.session(), input)).map(({ message }) => message)
}

const listed = async (exchange: string) => listScheduled(await faulty.session(), exchange, { limit: 1000 })

/** Fires what the delay queue was given, as if its time had come. */
async function firePointers(): Promise<readonly string[]> {
  const due = pointers.splice(0)
  return fireScheduled(
    faulty.broker,
    due.map(({ body }, index) => ({ id: String(index), body })),
  )
}

describe('a delayed message', () => {
  test('is confirmed as routed, is listed and in no queue until it is due, and is then delivered with its delay negated', async () => {
    const name = await delayedExchange()
    expect(await publishLater(name, 30_000, { mine: 1 })).toEqual({ routed: true })
    expect(await got(name)).toEqual([])
    expect(await listed(name)).toHaveLength(1)
    expect(pointers).toMatchObject([{ delayS: 30 }])
    faulty.aheadMs = 30_000
    expect(await firePointers()).toEqual([])
    expect(await got(name)).toMatchObject([
      { exchange: name, routingKey: 'key', properties: { headers: { 'x-delay': -30_000, mine: 1 } } },
    ])
    expect(await listed(name)).toEqual([])
  })

  test('is not delivered early: a pointer that comes too soon is sent again for what is left', async () => {
    const name = await delayedExchange()
    await publishLater(name, 30_000)
    faulty.aheadMs = 20_000
    await firePointers()
    expect(await got(name)).toEqual([])
    expect(pointers).toMatchObject([{ delayS: 10 }])
  })

  test('waits for whole seconds: SQS knows nothing shorter', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1)
    await publishLater(name, 29_500)
    expect(pointers.map(({ delayS }) => delayS)).toEqual([expect.toBeOneOf([0, 1]), 30])
  })

  test('is routed by the bindings of the time at which it is due', async () => {
    const [name, other] = [await delayedExchange(), await delayedExchange()]
    await publishLater(name, 1000)
    const ends = { source: name, destinationType: 'queue', destination: other } as const
    await bindTo(await faulty.session(), { ...ends, routingKey: 'key', arguments: {} })
    faulty.aheadMs = 1000
    await firePointers()
    expect([(await got(name)).length, (await got(other)).length]).toEqual([1, 1])
  })

  test('without a delay is delivered at once', async () => {
    const name = await delayedExchange()
    await publishLater(name, 0)
    expect(await got(name)).toHaveLength(1)
    expect(pointers).toEqual([])
  })

  test('is held by a delayed exchange behind another exchange', async () => {
    const name = await delayedExchange()
    const ends = { source: 'amq.fanout', destinationType: 'exchange', destination: name } as const
    await bindTo(await faulty.session(), { ...ends, routingKey: '', arguments: {} })
    await publishLater('amq.fanout', 1000)
    expect(await listed(name)).toHaveLength(1)
    faulty.aheadMs = 1000
    await firePointers()
    expect(await got(name)).toMatchObject([{ exchange: 'amq.fanout' }])
  })

  test('of an exchange that is gone is dropped, also where another has its name', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    await deleteExchange(await faulty.session(), { name, ifUnused: false })
    count -= 1
    await delayedExchange()
    faulty.aheadMs = 1000
    expect(await firePointers()).toEqual([])
    expect(await got(name)).toEqual([])
    expect(await listed(name)).toEqual([])
  })

  test('with a large payload is delivered whole', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000, {}, 'x'.repeat(200_000))
    faulty.aheadMs = 1000
    await firePointers()
    expect((await got(name))[0]?.payload.length).toBe(200_000)
  })

  test('that could not be stored is not confirmed', async () => {
    const name = await delayedExchange()
    const { items } = faulty.broker.delivery
    const put = items.put.bind(items)
    items.put = () => Promise.reject(new Error('planted'))
    try {
      await expect(publishLater(name, 1000)).rejects.toMatchObject({ kind: 'unavailable' })
    } finally {
      items.put = put
    }
    expect(await listed(name)).toEqual([])
  })
})

describe('a scheduled message that nobody delivers', () => {
  test('stays when its delivery fails, and is tried again later', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    faulty.aheadMs = 1000
    const watch = faulty.fault
    faulty.fault = (method, input) => {
      watch(method, input)
      const { QueueUrl = '' } = input as { QueueUrl?: string }
      if (method === 'sendMessageBatch' && !QueueUrl.endsWith('-delay')) throw new Error('planted')
    }
    expect(await firePointers()).toEqual([])
    expect(await listed(name)).toHaveLength(1)
    expect(pointers).toMatchObject([{ delayS: 2 }])
    faulty.fault = watch
    await firePointers()
    expect(await got(name)).toHaveLength(1)
  })

  test('is handed over by the clock when its pointer was lost', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    pointers = []
    faulty.aheadMs = 62_000
    await handOverScheduled(faulty.broker)
    await firePointers()
    expect(await got(name)).toHaveLength(1)
  })

  test('is handed over by the clock once, though it comes by each minute', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    pointers = []
    faulty.aheadMs = 62_000
    await handOverScheduled(faulty.broker)
    faulty.aheadMs = 122_000
    await handOverScheduled(faulty.broker)
    expect(pointers).toHaveLength(1)
    faulty.aheadMs = 700_000
    await handOverScheduled(faulty.broker)
    expect(pointers).toHaveLength(2)
    await firePointers()
    expect(await got(name)).toHaveLength(1)
  })

  test('is left to whoever has claimed it, and delivered again when that one died', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    const [pointer] = pointers
    faulty.aheadMs = 1000
    const { items } = faulty.broker.delivery
    const remove = items.remove.bind(items)
    items.remove = () => Promise.reject(new Error('died'))
    await firePointers().finally(() => {
      items.remove = remove
    })
    expect(await got(name)).toHaveLength(1)
    pointers = pointer ? [pointer] : []
    await firePointers()
    expect(await got(name)).toHaveLength(0)
    faulty.aheadMs = 200_000
    await handOverScheduled(faulty.broker)
    await firePointers()
    expect(await got(name)).toHaveLength(1)
    expect(await listed(name)).toEqual([])
  })
})

describe('a scheduled message at which two work at once', () => {
  /** Does something between the next read of the item at `key` and what its reader does then. */
  function afterNextGet(work: () => Promise<unknown>): void {
    const { items } = faulty.broker.delivery
    const get = items.get.bind(items)
    items.get = async (key) => {
      items.get = get
      const item = await get(key)
      await work()
      return item
    }
  }

  test('is delivered at once though the clock notes meanwhile that it is late', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    const [pointer] = pointers.splice(0)
    faulty.aheadMs = 62_000
    afterNextGet(() => handOverScheduled(faulty.broker))
    expect(await fireScheduled(faulty.broker, [{ id: '1', body: pointer?.body ?? '' }])).toEqual([])
    expect(await got(name)).toHaveLength(1)
  })

  test('is not said to be cancelled when it was delivered just before', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    const [held] = await listed(name)
    faulty.aheadMs = 1000
    afterNextGet(() => firePointers())
    await expect(cancelScheduled(await faulty.session(), name, held?.id ?? '')).rejects.toMatchObject({
      kind: 'not-found',
    })
    expect(await got(name)).toHaveLength(1)
  })

  test('can be cancelled though the clock notes meanwhile that it is late', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    const [held] = await listed(name)
    faulty.aheadMs = 62_000
    afterNextGet(() => handOverScheduled(faulty.broker))
    await cancelScheduled(await faulty.session(), name, held?.id ?? '')
    await firePointers()
    expect(await got(name)).toEqual([])
  })
})

describe('a scheduled message whose put arrives once more, late', () => {
  /** Publishes, and answers what puts the item as it was put first. */
  async function putAgainAfter(name: string): Promise<() => Promise<unknown>> {
    const { items } = faulty.broker.delivery
    const puts = vi.spyOn(items, 'put')
    await publishLater(name, 1000)
    const [call] = puts.mock.calls
    puts.mockRestore()
    if (!call) throw new Error('nothing was put')
    return () => items.put(...call)
  }

  test('stays cancelled, and is forgotten an hour later', async () => {
    const name = await delayedExchange()
    const putAgain = await putAgainAfter(name)
    const [held] = await listed(name)
    await cancelScheduled(await faulty.session(), name, held?.id ?? '')
    await putAgain()
    expect(await listed(name)).toEqual([])
    faulty.aheadMs = 62_000
    await handOverScheduled(faulty.broker)
    await firePointers()
    expect(await got(name)).toEqual([])
    const { id = '' } = (await faulty.session()).vhost.exchangeByName(name)?.exchange ?? {}
    const key = scheduledKey(id, held?.id ?? '')
    if (!key) throw new Error('a held message has a key')
    expect(await faulty.broker.delivery.items.get(key)).toBeDefined()
    faulty.aheadMs = 3_700_000
    await handOverScheduled(faulty.broker)
    expect(await faulty.broker.delivery.items.get(key)).toBeUndefined()
  })

  test('stays claimed by whoever delivers it', async () => {
    const name = await delayedExchange()
    const putAgain = await putAgainAfter(name)
    const { items } = faulty.broker.delivery
    const remove = items.remove.bind(items)
    items.remove = async (key, revision) => {
      await putAgain()
      return remove(key, revision)
    }
    faulty.aheadMs = 1000
    await firePointers().finally(() => {
      items.remove = remove
    })
    expect(await listed(name)).toEqual([])
    expect(await got(name)).toHaveLength(1)
  })
})

describe('a message that was accepted once', () => {
  test('is delivered though its headers are as long as a publish may have them', async () => {
    const name = await delayedExchange()
    const publishWith = (bytes: number) => publishLater(name, 1000, { long: 'x'.repeat(bytes) })
    // As long as it goes; what the envelope itself takes is its own matter.
    let [most, tooMany] = [100_000, 140_000]
    while (tooMany - most > 1) {
      const middle = Math.floor((most + tooMany) / 2)
      const isTaken = await publishWith(middle).then(
        () => true,
        () => false,
      )
      if (isTaken) most = middle
      else tooMany = middle
    }
    for (const { id } of await listed(name)) await cancelScheduled(await faulty.session(), name, id)
    pointers = []
    await publishWith(most)
    faulty.aheadMs = 1000
    await firePointers()
    expect(await got(name)).toHaveLength(1)
  })

  test('is held for a year where it dies into a delayed exchange with a delay that a publish is refused for', async () => {
    const name = await delayedExchange()
    const queue = `${name}-source`
    const args = { 'x-dead-letter-exchange': name, 'x-dead-letter-routing-key': 'key' }
    await declareQueue(await faulty.session(), { name: queue, durable: true, autoDelete: false, arguments: args })
    const send = async (exchange: string, delayMs: number) =>
      publish(await faulty.session(), {
        exchange,
        routingKey: queue,
        properties: { headers: { 'x-delay': delayMs } },
        payload: Buffer.from('x'),
      })
    await expect(send(name, 1e12)).rejects.toMatchObject({ kind: 'precondition-failed' })
    await send('', 1e12)
    await send('', 1000)
    const reject = { queue, count: 2, ackMode: 'reject_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
    expect(await getMessages(await faulty.session(), reject)).toHaveLength(2)
    const [soon, late] = (await listed(name)).map(({ dueMs }) => dueMs - Date.now())
    expect(soon).toBeLessThanOrEqual(1000)
    expect(late).toBeCloseTo(31_536_000_000, -5)
    faulty.aheadMs = 1000
    await firePointers()
    expect(await got(name)).toHaveLength(1)
  })
})

describe('a delay that SQS cannot span', () => {
  test('is waited for in the table, until the clock hands it over in time', async () => {
    const name = await delayedExchange()
    await publishLater(name, 3_600_000)
    expect(pointers).toEqual([])
    await handOverScheduled(faulty.broker)
    expect(pointers).toEqual([])
    faulty.aheadMs = 3_600_000 - 800_000
    await handOverScheduled(faulty.broker)
    expect(pointers).toMatchObject([{ delayS: expect.closeTo(800, -1) }])
    faulty.aheadMs = 3_600_000
    await firePointers()
    expect(await got(name)).toHaveLength(1)
  })

  test('is handed over in time though the clock had no time for all of them', async () => {
    const name = await delayedExchange()
    await handOverScheduled(faulty.broker)
    pointers = []
    const id = (await faulty.session()).vhost.exchangeByName(name)?.exchange.id ?? '?'
    for (let index = 0; index < 250; index += 1) await publishLater(name, 1_000_000 + index)
    faulty.aheadMs = 1_000_000 - 800_000
    const { clock } = faulty.broker
    const monotonicMs = clock.monotonicMs
    let elapsedMs = 0
    const seen: number[] = []
    try {
      // No page is followed by another within a minute's work.
      Object.assign(clock, { monotonicMs: () => elapsedMs })
      const watch = faulty.fault
      faulty.fault = (method, input) => {
        watch(method, input)
        if (pointers.some(({ body }) => body.includes(id))) elapsedMs += 31_000
      }
      for (let minute = 0; minute < 3; minute += 1) {
        await handOverScheduled(faulty.broker)
        seen.push(new Set(pointers.map(({ body }) => body).filter((body) => body.includes(id))).size)
      }
    } finally {
      Object.assign(clock, { monotonicMs })
    }
    expect(seen).toEqual([100, 199, 250])
  })

  test('is caught up with after the clock was away', async () => {
    const name = await delayedExchange()
    for (const minutes of [20, 40, 60, 80]) await publishLater(name, minutes * 60_000)
    faulty.aheadMs = 59 * 60_000
    await handOverScheduled(faulty.broker)
    const id = (await faulty.session()).vhost.exchangeByName(name)?.exchange.id ?? '?'
    const own = pointers.filter(({ body }) => body.includes(id))
    expect(own.map(({ delayS }) => Math.round(delayS / 60)).sort()).toEqual([0, 0, 1])
  })
})

describe('the list of scheduled messages', () => {
  test('has them in the order in which they are due, a page at a time, and those of its exchange only', async () => {
    const [name, other] = [await delayedExchange(), await delayedExchange()]
    for (const delayMs of [50_000, 10_000, 30_000, 20_000, 40_000]) await publishLater(name, delayMs)
    await publishLater(other, 15_000)
    const all = await listed(name)
    expect(all.map(({ message }) => message.properties.headers?.['x-delay'])).toEqual([
      10_000, 20_000, 30_000, 40_000, 50_000,
    ])
    const page = await listScheduled(await faulty.session(), name, { after: all[1]?.id, limit: 2 })
    expect(page).toEqual(all.slice(2, 4))
  })

  test('loses what is cancelled, which is then never delivered', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    const [held] = await listed(name)
    await cancelScheduled(await faulty.session(), name, held?.id ?? '')
    expect(await listed(name)).toEqual([])
    faulty.aheadMs = 1000
    await firePointers()
    expect(await got(name)).toEqual([])
    await expect(cancelScheduled(await faulty.session(), name, held?.id ?? '')).rejects.toMatchObject({
      kind: 'not-found',
    })
  })

  test('knows no id of another exchange, and says what is no id', async () => {
    const [name, other] = [await delayedExchange(), await delayedExchange()]
    await publishLater(name, 1000)
    const [held] = await listed(name)
    await expect(cancelScheduled(await faulty.session(), other, held?.id ?? '')).rejects.toMatchObject({
      kind: 'not-found',
    })
    await expect(cancelScheduled(await faulty.session(), name, 'x')).rejects.toMatchObject({ kind: 'invalid' })
    expect(await listed(name)).toHaveLength(1)
  })

  test('does not let go of what is being delivered', async () => {
    const name = await delayedExchange()
    await publishLater(name, 1000)
    const [held] = await listed(name)
    faulty.aheadMs = 1000
    const { items } = faulty.broker.delivery
    const remove = items.remove.bind(items)
    let refusal: unknown
    items.remove = async (key, revision) => {
      refusal = await cancelScheduled(await faulty.session(), name, held?.id ?? '').catch((error: unknown) => error)
      return remove(key, revision)
    }
    await firePointers().finally(() => {
      items.remove = remove
    })
    expect(refusal).toMatchObject({ kind: 'precondition-failed' })
    expect(await got(name)).toHaveLength(1)
  })
})

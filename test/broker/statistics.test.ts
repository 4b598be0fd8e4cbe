import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Broker } from '../../lib/broker/broker.ts'
import { foldNow, foldStatistics } from '../../lib/broker/fold-statistics.ts'
import { readStatistics } from '../../lib/broker/read-statistics.ts'
import { Statistics } from '../../lib/broker/statistics.ts'
import { countingHandler, writeStatistics } from '../../lib/broker/write-statistics.ts'
import type { ItemStore } from '../../lib/delivery/item-store.ts'
import { batchesFrom, MAX_COUNTED, toBatchItem } from '../../lib/delivery/statistics-item.ts'
import type { Queue } from '../../lib/model/queue.ts'
import { MemoryItemStore } from '../support/memory-item-store.ts'

const START_MS = 1_700_000_000_000
const MINUTE_MS = 60_000

/** What the statistics need of brokers: environments of one broker, which share a table and a clock. */
function startWorld({ lagMs = 0 } = {}) {
  let nowMs = START_MS
  const clock = {
    wallMs: () => nowMs,
    monotonicMs: () => nowMs,
    random: () => Math.random(),
    sleep: () => new Promise<void>(() => undefined),
  }
  const items = new MemoryItemStore()
  const config = { countsCacheMs: 0, statisticsLagMs: lagMs }
  const environment = (store: ItemStore = items): Broker =>
    ({ clock, config, delivery: { items: store }, statistics: new Statistics(clock) }) as unknown as Broker
  const written = () => {
    const { partition, range } = batchesFrom(0)
    return items.list(partition, { ...range, limit: 1e6 })
  }
  return {
    environment,
    items,
    written,
    advance: (ms: number) => {
      nowMs += ms
    },
  }
}

const queue = (id: string) => ({ id }) as Queue

describe('what one environment counts', () => {
  test('is of the vhost, the exchange and the queues', async () => {
    const { environment } = startWorld()
    const broker = environment()
    broker.statistics.published('v', 'x', true)
    broker.statistics.copied('v', 'x', [queue('a'), queue('b')])
    broker.statistics.published('v', '', false)
    broker.statistics.delivered('v', 'a', 'get', 2, 1)
    broker.statistics.delivered('v', 'a', 'deliver', 0, 0)
    broker.statistics.acknowledged('v', 'a', 1)
    broker.statistics.foundEmpty('v', 'b')
    const view = await readStatistics(broker)
    expect(view.counts('vhosts', 'v')).toMatchObject({
      publish: 2,
      confirm: 2,
      return_unroutable: 1,
      get: 2,
      redeliver: 1,
      ack: 1,
      get_empty: 1,
    })
    expect(view.counts('objects', 'x')).toMatchObject({ publish_in: 1, publish_out: 2 })
    expect(view.counts('objects', 'v')).toMatchObject({ publish_in: 1, publish_out: 0 })
    expect(view.counts('objects', 'a')).toMatchObject({ publish: 1, get: 2, redeliver: 1, ack: 1 })
    expect(view.counts('objects', 'b')).toMatchObject({ publish: 1, get_empty: 1 })
    expect(view.counts('objects', 'c')).toBeUndefined()
  })

  test('is of so many objects as an item has room for, whatever their counts; of the others their vhosts tell', async () => {
    const { environment, written } = startWorld()
    const broker = environment()
    const id = (number: number) => String(number).padStart(26, '0')
    for (let vhost = 0; vhost <= MAX_COUNTED.vhosts; vhost += 1) {
      broker.statistics.published(`v${id(vhost)}`, 'x', true)
    }
    for (let number = 0; number <= MAX_COUNTED.objects; number += 1) {
      for (const kind of ['get', 'get_no_ack', 'deliver', 'deliver_no_ack'] as const) {
        broker.statistics.delivered(`v${id(0)}`, id(number), kind, 9_999_999_999, 9_999_999_999)
      }
    }
    const { vhosts, objects } = broker.statistics.peek()
    expect([vhosts.size, objects.size]).toEqual([MAX_COUNTED.vhosts, MAX_COUNTED.objects])
    expect(vhosts.get(`v${id(0)}`)?.get).toBe(9_999_999_999 * (MAX_COUNTED.objects + 1))
    await writeStatistics(broker)
    const [item] = await written()
    expect(item?.data.length).toBeLessThan(400_000)
  })
})

describe('writing down what was counted', () => {
  const publishing = (broker: Broker) =>
    countingHandler(broker, async () => broker.statistics.published('v', 'x', true))

  test('happens once a minute: at the end of a request after silence, beside the next where requests go on', async () => {
    const { environment, written, advance } = startWorld()
    const broker = environment()
    const publish = publishing(broker)
    await publish(undefined)
    expect(await written()).toHaveLength(1)
    for (let second = 0; second < 59; second += 1) {
      advance(1000)
      await publish(undefined)
    }
    expect(await written()).toHaveLength(1)
    expect(broker.statistics.peek().vhosts.get('v')?.publish).toBe(59)
    advance(1000)
    await publish(undefined)
    expect(await written()).toHaveLength(2)
    expect(broker.statistics.peek().vhosts.get('v')?.publish).toBe(1)
  })

  test('does not happen where nothing was counted', async () => {
    const { environment, written } = startWorld()
    await countingHandler(environment(), async () => undefined)(undefined)
    expect(await written()).toEqual([])
  })

  test('that fails, or does not end, takes nothing from the request', async () => {
    const { environment } = startWorld()
    const failing = Object.assign(new MemoryItemStore(), { put: () => Promise.reject(new Error('throttled')) })
    await publishing(environment(failing))(undefined)
    const hanging = Object.assign(new MemoryItemStore(), { put: () => new Promise<string>(() => undefined) })
    const broker = environment(hanging)
    const clock = { ...broker.clock, sleep: async () => undefined }
    await publishing({ ...broker, clock })(undefined)
  })

  test('happens as well where the request fails, whose error is answered', async () => {
    const { environment, written } = startWorld()
    const broker = environment()
    const handle = countingHandler(broker, async () => {
      broker.statistics.published('v', 'x', true)
      throw new Error('refused')
    })
    await expect(handle(undefined)).rejects.toThrow('refused')
    expect(await written()).toHaveLength(1)
  })
})

describe('what is read', () => {
  test('is all that was counted, whenever whichever environment wrote it and however often it was added up', async () => {
    const steps = fc.array(
      fc.record({
        environment: fc.nat(2),
        count: fc.nat(5),
        advanceMs: fc.constantFrom(0, 1, 1000, MINUTE_MS, 3 * MINUTE_MS),
        afterwards: fc.constantFrom('write', 'fold', 'nothing'),
      }),
      { maxLength: 30 },
    )
    await fc.assert(
      fc.asyncProperty(steps, async (script) => {
        const { environment, advance } = startWorld()
        const environments = [environment(), environment(), environment()]
        let total = 0
        for (const { environment: index, count, advanceMs, afterwards } of script) {
          const broker = environments[index]
          if (!broker) continue
          advance(advanceMs)
          broker.statistics.delivered('v', 'q', 'get', count, 0)
          total += count
          if (afterwards === 'write') await writeStatistics(broker)
          if (afterwards === 'fold') await foldNow(broker)
        }
        for (const broker of environments) await writeStatistics(broker)
        const view = await readStatistics(environment())
        expect(view.counts('objects', 'q')?.get ?? 0).toBe(total)
        expect(view.counts('vhosts', 'v')?.get ?? 0).toBe(total)
      }),
    )
  })

  test('has rates of the last minute', async () => {
    const { environment, advance } = startWorld()
    const broker = environment()
    for (let second = 0; second <= 120; second += 1) {
      broker.statistics.delivered('v', 'q', 'get', 3, 0)
      if (second < 120) advance(1000)
    }
    expect((await readStatistics(broker)).rates('objects', 'q').get).toBeCloseTo(3, 1)
    await writeStatistics(broker)
    expect((await readStatistics(broker)).rates('objects', 'q').get).toBeCloseTo(3, 1)
    advance(2 * MINUTE_MS)
    expect((await readStatistics(broker)).rates('objects', 'q').get).toBe(0)
    expect((await readStatistics(broker)).counts('objects', 'q')?.get).toBe(363)
  })

  test('has rates of a minute that environments have written down, where they write once a minute', async () => {
    const { environment, advance } = startWorld({ lagMs: 65_000 })
    const [worker, reader] = [environment(), environment()]
    const rates: number[] = []
    for (let second = 0; second < 400; second += 1) {
      await countingHandler(worker, async () => worker.statistics.published('v', 'x', true))(undefined)
      if (second >= 200) rates.push((await readStatistics(reader)).rates('objects', 'x').publish_in)
      advance(1000)
    }
    for (const rate of rates) expect(rate).toBeCloseTo(1, 1)
  })

  test('tells what counts were earlier, also of what has been added up', async () => {
    const { environment, advance } = startWorld()
    const broker = environment()
    for (let minute = 0; minute < 10; minute += 1) {
      broker.statistics.delivered('v', 'q', 'get', 10, 0)
      await writeStatistics(broker)
      advance(MINUTE_MS)
    }
    await foldNow(broker)
    const view = await readStatistics(broker, 10 * MINUTE_MS)
    const endMs = START_MS + 10 * MINUTE_MS
    const earlier = [0, 1, 5, 10, 20].map(
      (minutes) => view.countsAt('objects', 'q', endMs - minutes * MINUTE_MS - 1).get,
    )
    expect(earlier).toEqual([100, 90, 50, 0, 0])
  })
})

describe('adding up', () => {
  test('is for every fifth minute, and leaves alone what may still be on its way', async () => {
    const { environment, items, advance } = startWorld()
    const broker = environment()
    broker.statistics.published('v', 'x', true)
    await writeStatistics(broker)
    const total = () => items.get({ partition: 'statistics', sort: 'total' })
    for (let minute = 0; minute < 2; minute += 1) {
      await foldStatistics(broker)
      advance(MINUTE_MS)
    }
    expect(await total()).toBeUndefined()
    for (let minute = 0; minute < 5; minute += 1) {
      await foldStatistics(broker)
      advance(MINUTE_MS)
    }
    const first = await total()
    expect(first).toBeDefined()
    await foldNow(broker)
    expect(await total()).toEqual(first)
  })

  test('by two at once adds everything once', async () => {
    const { environment, advance } = startWorld()
    const broker = environment()
    broker.statistics.delivered('v', 'q', 'get', 7, 0)
    await writeStatistics(broker)
    advance(5 * MINUTE_MS)
    await Promise.all([foldNow(broker), foldNow(environment())])
    expect((await readStatistics(broker)).counts('objects', 'q')?.get).toBe(7)
  })

  test('forgets those of too many objects that have been idle for longest', async () => {
    const { environment, items, advance } = startWorld()
    const writeObjects = async (from: number, to: number) => {
      const { statistics } = environment()
      for (let number = from; number < to; number += 1) statistics.delivered('v', `q${number}`, 'get', 1, 0)
      await items.put(toBatchItem(statistics.peek(), { writtenMs: statistics.peek().toMs, id: `${from}` }))
      advance(1)
    }
    await writeObjects(0, 1000)
    await writeObjects(1000, 2000)
    await writeObjects(0, 1)
    advance(5 * MINUTE_MS)
    await foldNow(environment())
    const view = await readStatistics(environment())
    const known = Array.from({ length: 2000 }, (_, number) => view.counts('objects', `q${number}`)?.get ?? 0)
    expect(known[0]).toBe(2)
    expect(known.slice(1, 501).every((count) => count === 0)).toBe(true)
    expect(known.slice(501).every((count) => count === 1)).toBe(true)
    expect(view.counts('vhosts', 'v')?.get).toBe(2001)
  })
})

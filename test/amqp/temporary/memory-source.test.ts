import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Delivery } from '../../../lib/amqp/consuming/source.ts'
import { MAX_QUEUE_BYTES, type MemorySettings, MemorySource } from '../../../lib/amqp/temporary/memory-source.ts'
import type { DeadCopy } from '../../../lib/broker/dead-copy.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

const copyOf = (
  text: string,
  { expiresAtMs, priority }: { expiresAtMs?: number; priority?: number } = {},
): DeadCopy => ({
  envelope: {
    message: { exchange: '', routingKey: 'q', properties: { priority: priority ?? 0 }, payload: Buffer.from(text) },
    bccKeys: [],
  },
  identity: { publishId: text, queueId: 'q', hop: 0, expiresAtMs },
})

const textsOf = (deliveries: readonly (Delivery | undefined)[]): string[] =>
  deliveries.map((delivery) => String(delivery?.message.payload))

function sourceOf(settings: Partial<MemorySettings> = {}, wanted = 0) {
  const taken: Delivery[] = []
  const buried: string[] = []
  const counts = { delivered: 0, acknowledged: 0 }
  const demand = {
    wanted,
    kind: 'deliver' as const,
    take: (deliveries: readonly Delivery[]) => {
      demand.wanted -= deliveries.length
      taken.push(...deliveries)
    },
  }
  const source = new MemorySource({
    settings: () => ({ keepsOldest: false, maxPriority: 0, ...settings }),
    demand: { kind: 'deliver', wanted: () => demand.wanted, take: demand.take },
    nowMs: () => Date.now(),
    onDelivered: (_kind, deliveries) => {
      counts.delivered += deliveries.length
    },
    onAcknowledged: (count) => {
      counts.acknowledged += count
    },
    bury: async (copies, reason) =>
      buried.push(...copies.map(({ envelope }) => `${reason} ${Buffer.from(envelope.message.payload)}`)),
  })
  return { source, demand, taken, buried, counts }
}

describe('a queue in memory', () => {
  test('hands out as much as is wanted, in order, and takes back what is returned to where it was', async () => {
    const { source, demand, taken, counts } = sourceOf({}, 2)
    for (const text of ['1', '2', '3', '4']) source.accept(copyOf(text))
    expect(textsOf(taken)).toEqual(['1', '2'])
    expect([source.readyCount, source.heldCount]).toEqual([2, 2])
    await source.settle(taken.slice(1) as never, 'requeue')
    await source.settle(taken.slice(0, 1) as never, 'ack')
    demand.wanted = 9
    source.wake()
    expect(textsOf(taken.slice(2))).toEqual(['2', '3', '4'])
    expect(taken.slice(2).map(({ redelivered }) => redelivered)).toEqual([true, false, false])
    expect(counts).toEqual({ delivered: 5, acknowledged: 1 })
    expect(await source.settle(taken.slice(0, 1) as never, 'ack')).toEqual([false])
  })

  test('hands out by priority, up to the one that it was declared with', () => {
    const { source, demand, taken } = sourceOf({ maxPriority: 2 })
    source.accept(copyOf('low'))
    source.accept(copyOf('high', { priority: 2 }))
    source.accept(copyOf('higher', { priority: 9 }))
    demand.wanted = 3
    source.wake()
    expect(textsOf(taken)).toEqual(['high', 'higher', 'low'])
  })

  test('lets messages die at their time, wherever they are, and never hands one out afterwards', async () => {
    const { source, buried } = sourceOf()
    source.accept(copyOf('stays'))
    source.accept(copyOf('later', { expiresAtMs: 2_000 }))
    source.accept(copyOf('soon', { expiresAtMs: 1_000 }))
    const held = (await source.get('get'))?.delivery
    vi.advanceTimersByTime(1_000)
    expect(buried).toEqual(['expired soon'])
    vi.setSystemTime(2_500)
    expect(await source.get('get')).toBeUndefined()
    expect(buried).toEqual(['expired soon', 'expired later'])
    await source.settle([held] as never, 'reject')
    expect(buried.at(-1)).toBe('rejected stays')
  })

  test('drops its oldest beyond its length, or what is new where it is to keep them', () => {
    const dropping = sourceOf({ maxLength: 2 })
    const keeping = sourceOf({ maxLength: 2, keepsOldest: true })
    for (const text of ['1', '2', '3']) {
      dropping.source.accept(copyOf(text))
      keeping.source.accept(copyOf(text))
    }
    expect([dropping.buried, keeping.buried]).toEqual([['maxlen 1'], ['maxlen 3']])
  })

  test('holds no more bytes than there is memory for, whatever is declared', () => {
    const { source, buried } = sourceOf()
    const large = Buffer.alloc(MAX_QUEUE_BYTES / 2).toString('latin1')
    for (const _ of [1, 2, 3]) source.accept(copyOf(large))
    expect([source.readyCount, buried.length]).toEqual([2, 1])
  })

  test('is purged of what is ready, and keeps what is in hand', async () => {
    const { source, taken } = sourceOf({}, 1)
    for (const text of ['1', '2', '3']) source.accept(copyOf(text))
    expect(source.purge()).toBe(2)
    expect([source.readyCount, source.heldCount]).toEqual([0, 1])
    expect(await source.settle(taken as never, 'ack')).toEqual([true])
  })
})

import { describe, expect, test } from 'vitest'
import { Feed, type Recipient } from '../../../lib/amqp/consuming/feed.ts'
import type { Delivery, Settlement, Source } from '../../../lib/amqp/consuming/source.ts'

const delivery = (text: string): Delivery => ({
  message: { exchange: '', routingKey: text, properties: {}, payload: new Uint8Array() },
  redelivered: false,
  deliveryCount: 1,
})

class Taker implements Recipient {
  readonly priority = 0
  readonly group: { credit: number }
  readonly acknowledges = true
  readonly got: string[] = []
  isCancelled = false

  constructor(group: { credit: number }) {
    this.group = group
  }

  credit(): number {
    return 10
  }

  groupCredit(): number {
    return this.group.credit
  }

  deliver({ message }: Delivery): void {
    this.group.credit -= 1
    this.got.push(message.routingKey)
  }

  cancelled(): void {
    this.isCancelled = true
  }
}

function feedOf({ isSingleActive = false } = {}) {
  const settled: string[] = []
  let wakes = 0
  const source: Source = {
    wake: () => {
      wakes += 1
    },
    get: async () => undefined,
    settle: async (deliveries: readonly Delivery[], settlement: Settlement) => {
      settled.push(...deliveries.map(({ message }) => `${settlement} ${message.routingKey}`))
      return deliveries.map(() => true)
    },
    stop: async () => undefined,
  }
  const feed = new Feed('q', { isSingleActive, openSource: () => source })
  return { feed, settled, wakes: () => wakes }
}

describe('the feed of a queue', () => {
  test('keeps what has no taker any more for the next one, and asks for less meanwhile', () => {
    const { feed } = feedOf()
    const channel = { credit: 2 }
    const taker = new Taker(channel)
    feed.add(taker)
    expect(feed.wanted()).toBe(2)
    // Another queue has used up one of the two.
    channel.credit = 1
    feed.take([delivery('1'), delivery('2')])
    expect(taker.got).toEqual(['1'])
    channel.credit = 1
    expect(feed.wanted()).toBe(0)
    feed.wake()
    expect(taker.got).toEqual(['1', '2'])
  })

  test('gives back what it keeps when nobody is left', () => {
    const { feed, settled } = feedOf()
    const taker = new Taker({ credit: 0 })
    feed.add(taker)
    feed.take([delivery('1')])
    feed.remove(taker)
    expect(settled).toEqual(['release 1'])
    feed.take([delivery('2')])
    expect(settled).toEqual(['release 1', 'release 2'])
  })

  test('asks for nothing while it is another gateway’s turn', () => {
    const { feed } = feedOf({ isSingleActive: true })
    const taker = new Taker({ credit: 5 })
    feed.setTurn(false)
    feed.add(taker)
    expect([feed.wanted(), feed.isActive(taker)]).toEqual([0, false])
    feed.setTurn(true)
    expect([feed.wanted(), feed.isActive(taker)]).toEqual([5, true])
  })

  test('tells its recipients when the queue is gone', () => {
    const { feed } = feedOf()
    const takers = [new Taker({ credit: 1 }), new Taker({ credit: 1 })]
    for (const taker of takers) feed.add(taker)
    feed.lost()
    expect([takers.map(({ isCancelled }) => isCancelled), feed.recipients]).toEqual([[true, true], []])
  })
})

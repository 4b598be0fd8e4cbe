import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Candidate, Dispatcher } from '../../../lib/amqp/consuming/dispatcher.ts'

class Taker implements Candidate {
  readonly name: string
  readonly priority: number
  readonly group: { credit: number }
  taken = 0
  readonly #limit: number

  constructor(name: string, limit: number, priority = 0, group = { credit: Number.POSITIVE_INFINITY }) {
    this.name = name
    this.#limit = limit
    this.priority = priority
    this.group = group
  }

  credit(): number {
    return this.#limit - this.taken
  }

  groupCredit(): number {
    return this.group.credit
  }

  take(): void {
    this.taken += 1
    this.group.credit -= 1
  }
}

function dispatcherOf(takers: readonly Taker[], isSingleActive = false): Dispatcher<Taker> {
  const dispatcher = new Dispatcher<Taker>({ isSingleActive })
  for (const taker of takers) dispatcher.add(taker)
  return dispatcher
}

/** Hands out until nobody takes more, or so many are handed out. */
function handOut(dispatcher: Dispatcher<Taker>, atMost = Number.POSITIVE_INFINITY): string[] {
  const names: string[] = []
  while (names.length < atMost) {
    const taker = dispatcher.next()
    if (!taker) break
    taker.take()
    names.push(taker.name)
  }
  return names
}

const groups = fc.array(fc.nat(6), { minLength: 1, maxLength: 3 })
const takers = fc.array(fc.record({ limit: fc.nat(5), priority: fc.integer({ min: -1, max: 1 }), group: fc.nat(2) }), {
  maxLength: 8,
})

describe('a dispatcher', () => {
  test('asks for exactly as many messages as it finds takers for', () => {
    fc.assert(
      fc.property(groups, takers, fc.boolean(), (limits, some, isSingleActive) => {
        const shared = limits.map((credit) => ({ credit }))
        const all = some.map(
          ({ limit, priority, group }, index) =>
            new Taker(String(index), limit, priority, shared[group % shared.length] as { credit: number }),
        )
        const dispatcher = dispatcherOf(all, isSingleActive)
        const demand = dispatcher.demand()
        expect(handOut(dispatcher).length).toBe(demand)
        expect(dispatcher.demand()).toBe(0)
        for (const taker of all) expect(taker.credit()).toBeGreaterThanOrEqual(0)
      }),
    )
  })

  test('goes by turns among equals, by priority among others', () => {
    const dispatcher = dispatcherOf([new Taker('a', 9), new Taker('high', 2, 1), new Taker('b', 9), new Taker('c', 1)])
    expect(handOut(dispatcher, 8)).toEqual(['high', 'high', 'a', 'b', 'c', 'a', 'b', 'a'])
  })

  test('gives all to one where one is active, then to the next by priority and age', () => {
    const [first, second, high] = [new Taker('first', 2), new Taker('second', 2), new Taker('high', 2, 1)]
    const dispatcher = dispatcherOf([first, second, high], true)
    expect(handOut(dispatcher)).toEqual(['first', 'first'])
    expect([first, second, high].map((taker) => dispatcher.isActive(taker))).toEqual([true, false, false])
    dispatcher.remove(first)
    expect(handOut(dispatcher)).toEqual(['high', 'high'])
    dispatcher.remove(high)
    expect(handOut(dispatcher)).toEqual(['second', 'second'])
  })
})

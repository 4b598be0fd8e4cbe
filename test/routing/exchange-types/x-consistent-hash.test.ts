import { describe, expect, it } from 'vitest'
import type { AmqpTable } from '../../../lib/model/amqp-value.ts'
import { Typed } from '../../../lib/model/amqp-value.ts'
import type { Properties } from '../../../lib/model/message.ts'
import type { BindingIndex, RoutableMessage } from '../../../lib/routing/exchange-type.ts'
import { xConsistentHash } from '../../../lib/routing/exchange-types/x-consistent-hash.ts'
import { routableMessage } from '../../../lib/routing/route-message.ts'
import { bindingTo, messageWith } from '../../support/routing-view.ts'

const KEY_COUNT = 20_000
const KEYS = Array.from({ length: KEY_COUNT }, (_, number) => `order.${number}`)

function indexOf(weights: Record<string, number>, args: AmqpTable = {}): BindingIndex {
  const index = xConsistentHash.createIndex(args)
  for (const [queue, weight] of Object.entries(weights)) index.add(bindingTo(queue, String(weight)))
  return index
}

function queueFor(index: BindingIndex, message: RoutableMessage): string {
  const found: string[] = []
  index.match(message, ({ destination }) => found.push(destination.id))
  if (found.length !== 1) throw new Error(`${found.length} bindings found instead of one`)
  return found[0] ?? ''
}

const placementOf = (index: BindingIndex): string[] => KEYS.map((key) => queueFor(index, messageWith(key)))

function countsOf(placement: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const queue of placement) counts.set(queue, (counts.get(queue) ?? 0) + 1)
  return counts
}

/** Pearson's statistic of the counts against shares in proportion to the weights. */
function chiSquare(placement: readonly string[], weights: Record<string, number>): number {
  const counts = countsOf(placement)
  const total = Object.values(weights).reduce((sum, weight) => sum + weight, 0)
  return Object.entries(weights).reduce((sum, [queue, weight]) => {
    const expected = (placement.length * weight) / total
    return sum + ((counts.get(queue) ?? 0) - expected) ** 2 / expected
  }, 0)
}

describe('the shares of x-consistent-hash', () => {
  it('are in proportion to the weights', () => {
    const equal = Object.fromEntries(Array.from({ length: 10 }, (_, number) => [`q${number}`, 1]))
    // The 99.9th percentiles of the distribution for 9 and 3 degrees of freedom.
    expect(chiSquare(placementOf(indexOf(equal)), equal)).toBeLessThan(27.9)
    const weighted = { one: 1, two: 2, three: 3, four: 4 }
    expect(chiSquare(placementOf(indexOf(weighted)), weighted)).toBeLessThan(16.3)
    const extreme = { light: 100, heavy: 10_000 }
    expect(chiSquare(placementOf(indexOf(extreme)), extreme)).toBeLessThan(10.8)
  })

  it('move only to a destination that is added, and as many as it is due', () => {
    const before = placementOf(indexOf({ a: 1, b: 2, c: 3 }))
    const after = placementOf(indexOf({ a: 1, b: 2, c: 3, d: 2 }))
    const moved = after.filter((queue, key) => queue !== before[key])
    expect(new Set(moved)).toEqual(new Set(['d']))
    expect(moved.length / KEY_COUNT).toBeCloseTo(2 / 8, 1)
  })

  it('move only from a destination that is removed', () => {
    const index = indexOf({ a: 1, b: 2, c: 3 })
    const before = placementOf(index)
    index.remove(bindingTo('b', '2'))
    const after = placementOf(index)
    expect(after.filter((queue, key) => queue !== before[key] && before[key] !== 'b')).toEqual([])
    expect(after).not.toContain('b')
  })

  it('only grow when a weight is raised', () => {
    const before = placementOf(indexOf({ a: 1, b: 2, c: 3 }))
    const after = placementOf(indexOf({ a: 5, b: 2, c: 3 }))
    expect(new Set(after.filter((queue, key) => queue !== before[key]))).toEqual(new Set(['a']))
  })

  it('stay where they are from release to release', () => {
    const index = indexOf({ a: 1, b: 2, c: 3 })
    const queues = ['', 'a', 'order.1', 'order.2', 'order.3', 'ü'].map((key) => queueFor(index, messageWith(key)))
    expect(queues).toEqual(['b', 'b', 'c', 'b', 'a', 'a'])
  })
})

describe('several bindings of one destination of x-consistent-hash', () => {
  it('count as the first of them', () => {
    const index = indexOf({ a: 1, b: 1 })
    const before = placementOf(index)
    index.add(bindingTo('a', '100'))
    expect(placementOf(index)).toEqual(before)
  })

  it('keep the destination while one is left, which then counts', () => {
    const index = indexOf({ a: 1, b: 1 })
    index.add(bindingTo('a', '100'))
    index.remove(bindingTo('a', '1'))
    expect(placementOf(index)).toEqual(placementOf(indexOf({ a: 100, b: 1 })))
  })
})

describe('what x-consistent-hash hashes', () => {
  const weights = { a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1 }
  const withProperties = (properties: Properties, routingKey = ''): RoutableMessage =>
    routableMessage({ routingKey, properties, random: () => 0 })
  const spread = (index: BindingIndex, messages: RoutableMessage[]): number =>
    new Set(messages.map((message) => queueFor(index, message))).size
  const numbers = Array.from({ length: 200 }, (_, number) => number)

  it('is the routing key, and no key of CC', () => {
    const index = indexOf(weights)
    for (const key of KEYS.slice(0, 50)) {
      expect(queueFor(index, messageWith(key, { CC: ['x', 'y'] }))).toBe(queueFor(index, messageWith(key)))
    }
    expect(
      spread(
        index,
        numbers.map((number) => messageWith(`${number}`)),
      ),
    ).toBe(8)
  })

  it('is the header that hash-header names, whatever the key and the width of an integer', () => {
    const index = indexOf(weights, { 'hash-header': 'user' })
    expect(
      spread(
        index,
        numbers.map((user) => messageWith('same', { user })),
      ),
    ).toBe(8)
    expect(
      spread(
        index,
        numbers.map((number) => messageWith(`${number}`, { user: 7 })),
      ),
    ).toBe(1)
    expect(spread(index, [messageWith('', { user: 7 }), messageWith('', { user: new Typed('int8', 7) })])).toBe(1)
  })

  it.each(['correlation_id', 'message_id'] as const)('is the %s where hash-property names it', (property) => {
    const index = indexOf(weights, { 'hash-property': property })
    expect(
      spread(
        index,
        numbers.map((number) => withProperties({ [property]: `id-${number}` })),
      ),
    ).toBe(8)
    expect(
      spread(
        index,
        numbers.map((number) => withProperties({ [property]: 'id' }, `${number}`)),
      ),
    ).toBe(1)
  })

  it('is the timestamp where hash-property names it', () => {
    const index = indexOf(weights, { 'hash-property': 'timestamp' })
    expect(
      spread(
        index,
        numbers.map((timestamp) => withProperties({ timestamp })),
      ),
    ).toBe(8)
  })

  it.each<AmqpTable>([{ 'hash-header': 'toString' }, { 'hash-property': 'message_id' }])(
    'is the same for all messages that lack it: %o',
    (args) => {
      const index = indexOf(weights, args)
      expect(
        spread(
          index,
          numbers.map((number) => messageWith(`${number}`)),
        ),
      ).toBe(1)
    },
  )
})

describe('the refusals of x-consistent-hash', () => {
  it('say what RabbitMQ says', () => {
    const declare = (args: AmqpTable) => () => xConsistentHash.assertArguments(args)
    const bind = (routingKey: string) => () => xConsistentHash.assertBinding({ routingKey, arguments: {} }, {})
    expect(declare({ 'hash-header': 'a', 'hash-property': 'message_id' })).toThrow(
      'hash-header and hash-property are mutually exclusive',
    )
    expect(declare({ 'hash-property': 'app_id' })).toThrow('Unsupported property: app_id')
    expect(bind('0')).toThrow('The binding key must be greater than 0')
    expect(bind('x')).toThrow('The binding key must be an integer: <<"x">>')
  })
})

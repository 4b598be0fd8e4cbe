import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Typed } from '../../../lib/model/amqp-value.ts'
import { bandCountOf, lookOrder, MAX_BANDS, sqsQueueFor } from '../../../lib/topology/vhost/priority-bands.ts'

const maxima = fc.integer({ min: 0, max: 255 })

function queueWith(maxPriority: number) {
  const args = { 'x-max-priority': maxPriority }
  const sqsQueues = Array.from({ length: bandCountOf(args) }, (_, band) => ({ name: String(band) }))
  return { name: 'q', arguments: args, sqsQueues }
}

const bandOf = (maxPriority: number, priority?: number): number =>
  Number(sqsQueueFor(queueWith(maxPriority), priority).name)

describe('the bands of a queue with priorities', () => {
  test('are one for each priority up to five, and never more', () => {
    expect([0, 1, 2, 3, 4, 5, 9, 255].map((max) => queueWith(max).sqsQueues.length)).toEqual([1, 2, 3, 4, 5, 5, 5, 5])
    expect(bandCountOf({})).toBe(1)
    expect(bandCountOf({ 'x-max-priority': new Typed('uint8', 2) })).toBe(3)
  })

  test('hold neighbouring priorities together, the more important ones never below', () => {
    expect(Array.from({ length: 10 }, (_, priority) => bandOf(9, priority))).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4])
    fc.assert(
      fc.property(maxima, fc.nat(255), fc.nat(255), (max, left, right) => {
        expect(bandOf(max, Math.min(left, right))).toBeLessThanOrEqual(bandOf(max, Math.max(left, right)))
      }),
    )
  })

  test('are all used: no priority and 0 are the lowest, the maximum and all above are the highest', () => {
    fc.assert(
      fc.property(maxima, (max) => {
        const bands = new Set(Array.from({ length: max + 1 }, (_, priority) => bandOf(max, priority)))
        expect([...bands]).toEqual(queueWith(max).sqsQueues.map((_, band) => band))
        expect(bandOf(max)).toBe(0)
        expect(bandOf(max, 255)).toBe(bands.size - 1)
      }),
    )
  })

  test('are one where the queue is from a time before them', () => {
    const queue = { name: 'q', arguments: { 'x-max-priority': 9 }, sqsQueues: [{ name: 'only' }] }
    expect([undefined, 0, 5, 255].map((priority) => sqsQueueFor(queue, priority).name)).toEqual(Array(4).fill('only'))
  })
})

describe('a look into the bands', () => {
  const names = (bands: number, random: number): string[] =>
    lookOrder(
      Array.from({ length: bands }, (_, band) => ({ name: String(band) })),
      random,
    ).map(({ name }) => name)

  test('goes from the highest down, once in sixteen after one that chance chooses', () => {
    expect(names(3, 1 / 16)).toEqual(['2', '1', '0'])
    expect(names(3, 0.999)).toEqual(['2', '1', '0'])
    expect(names(3, 0)).toEqual(['0', '2', '1'])
    expect(names(3, 0.99 / 16)).toEqual(['1', '2', '0'])
  })

  test('leaves none out, whatever chance says', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: MAX_BANDS }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (bands, random) => {
          expect(names(bands, random).toSorted()).toEqual(Array.from({ length: bands }, (_, band) => String(band)))
        },
      ),
    )
  })
})

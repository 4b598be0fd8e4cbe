import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PairMap } from '../../lib/routing/pair-map.ts'

const pairs = fc.tuple(fc.integer({ min: -8, max: 8 }), fc.integer({ min: 0, max: 8 }))
const steps = fc.array(fc.record({ pair: pairs, value: fc.integer({ min: 1 }) }), { maxLength: 300 })

describe('a map of pairs', () => {
  it('holds what a map of maps would, whatever is added and removed', () => {
    fc.assert(
      fc.property(steps, (all) => {
        const map = new PairMap()
        const reference = new Map<string, number>()
        for (const { pair, value } of all) {
          const [left, right] = pair
          if (reference.delete(`${pair}`)) map.delete(left, right)
          else {
            map.add(left, right, value)
            reference.set(`${pair}`, value)
          }
        }
        expect(map.size).toBe(reference.size)
        for (let left = -8; left <= 8; left += 1) {
          for (let right = 0; right <= 8; right += 1) {
            expect(map.get(left, right)).toBe(reference.get(`${[left, right]}`) ?? 0)
          }
        }
      }),
      { numRuns: 500 },
    )
  })

  it('takes any integers of 32 bits', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(fc.integer(), fc.integer()), { selector: String, maxLength: 200 }), (all) => {
        const map = new PairMap()
        for (const [index, [left, right]] of all.entries()) map.add(left, right, index + 1)
        for (const [index, [left, right]] of all.entries()) expect(map.get(left, right)).toBe(index + 1)
      }),
    )
  })
})

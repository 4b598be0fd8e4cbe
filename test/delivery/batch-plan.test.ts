import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_BATCH_ENTRIES, planBatches } from '../../lib/delivery/batch-plan.ts'

interface Item {
  readonly index: number
  readonly sizeBytes: number
  readonly group: string | undefined
}

const MAX_BYTES = 100

const items: fc.Arbitrary<Item[]> = fc
  .array(
    fc.record({
      sizeBytes: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.constant(1)),
      group: fc.constantFrom(undefined, 'a', 'b', 'c'),
    }),
    { maxLength: 60 },
  )
  .map((list) => list.map((item, index) => ({ ...item, index })))

const plan = (list: readonly Item[]): Item[][] =>
  planBatches(list, { maxBytes: MAX_BYTES, sizeBytesOf: (item) => item.sizeBytes, groupOf: (item) => item.group })

describe('a plan of batches', () => {
  it('holds every item exactly once and no empty batch', () => {
    fc.assert(
      fc.property(items, (list) => {
        const batches = plan(list)
        expect(
          batches
            .flat()
            .map(({ index }) => index)
            .sort((a, b) => a - b),
        ).toEqual(list.map(({ index }) => index))
        expect(batches.every((batch) => batch.length > 0)).toBe(true)
      }),
    )
  })

  it('keeps to ten entries and the size, but for an item that is too large by itself', () => {
    fc.assert(
      fc.property(items, (list) => {
        for (const batch of plan(list)) {
          const sizeBytes = batch.reduce((sum, item) => sum + item.sizeBytes, 0)
          expect(batch.length).toBeLessThanOrEqual(MAX_BATCH_ENTRIES)
          expect(batch.length === 1 || sizeBytes <= MAX_BYTES).toBe(true)
        }
      }),
    )
  })

  it('keeps the order of each group, one of a group in a batch', () => {
    fc.assert(
      fc.property(items, (list) => {
        const batches = plan(list)
        for (const group of ['a', 'b', 'c']) {
          const inPlan = batches.map((batch) => batch.filter((item) => item.group === group))
          expect(inPlan.every((some) => some.length <= 1)).toBe(true)
          expect(inPlan.flat()).toEqual(list.filter((item) => item.group === group))
        }
      }),
    )
  })

  it('fills batches', () => {
    const small = Array.from({ length: 25 }, (_, index) => ({ index, sizeBytes: 1, group: undefined }))
    expect(plan(small).map((batch) => batch.length)).toEqual([10, 10, 5])
  })
})

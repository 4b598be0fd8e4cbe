import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFifoName, physicalName } from '../../lib/delivery/physical-name.ts'
import { awkwardTexts } from './support.ts'

describe('the name of an SQS queue', () => {
  it('is one that SQS accepts, whatever the declared name', () => {
    fc.assert(
      fc.property(fc.oneof(awkwardTexts, fc.string({ maxLength: 255 })), fc.boolean(), (source, fifo) => {
        const name = physicalName('leveret-0a1b2c3d', source, '0123456789', fifo)
        expect(name.length).toBeLessThanOrEqual(80)
        expect(name).toMatch(/^leveret-0a1b2c3d-[A-Za-z0-9_-]+-0123456789(\.fifo)?$/)
        expect(isFifoName(name)).toBe(fifo)
      }),
    )
  })

  it('shows people the declared name', () => {
    expect(physicalName('leveret', 'orders: new/urgent', '0123456789', true)).toBe(
      'leveret-orders-new-urgent-0123456789.fifo',
    )
  })

  it('does without a declared name that has nothing to show', () => {
    expect(physicalName('leveret', '注文', '0123456789', false)).toBe('leveret-q-0123456789')
  })

  it('refuses a prefix that leaves no room', () => {
    expect(() => physicalName('p'.repeat(70), 'orders', '0123456789', false)).toThrow(RangeError)
  })
})

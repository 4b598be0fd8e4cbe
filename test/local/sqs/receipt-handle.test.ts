import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatReceiptHandle, parseReceiptHandle } from '../../../lib/local/sqs/receipt-handle.ts'

const receipts = fc.record({ queueId: fc.nat(), seq: fc.maxSafeNat(), receipt: fc.nat() })

describe('a receipt handle', () => {
  test('stands for the receive that it was made of', () => {
    fc.assert(
      fc.property(receipts, (receipt) => {
        expect(parseReceiptHandle(formatReceiptHandle(receipt), receipt.queueId)).toEqual(receipt)
      }),
    )
  })

  test('is refused once a character of it is another, and by another queue', () => {
    fc.assert(
      fc.property(receipts, fc.nat(), fc.constantFrom(...'0123456789.x'), (receipt, place, character) => {
        const handle = formatReceiptHandle(receipt)
        const at = place % handle.length
        fc.pre(handle[at] !== character)
        const changed = handle.slice(0, at) + character + handle.slice(at + 1)
        expect(() => parseReceiptHandle(changed, receipt.queueId)).toThrow('is not a valid receipt handle')
        expect(() => parseReceiptHandle(handle, receipt.queueId + 1)).toThrow('is not a valid receipt handle')
      }),
      { numRuns: 1000 },
    )
  })
})

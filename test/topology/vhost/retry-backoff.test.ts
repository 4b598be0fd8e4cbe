import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseRetryBackoff, type RetryBackoff, retryDelayS } from '../../../lib/topology/vhost/retry-backoff.ts'

const backoffs: fc.Arbitrary<RetryBackoff> = fc
  .record({
    baseMs: fc.integer({ min: 1, max: 43_200_000 }),
    factor: fc.double({ min: 1, max: 100, noNaN: true }),
    maxMs: fc.integer({ min: 1, max: 43_200_000 }),
    jitter: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .filter(({ baseMs, maxMs }) => baseMs <= maxMs)
const counts = fc.integer({ min: 1, max: 1000 })
const chances = fc.double({ min: 0, max: 1, noNaN: true })

describe('the back-off of a queue', () => {
  test('doubles from its base and takes up to half away by chance where nothing else is said', () => {
    const backoff = parseRetryBackoff({ 'base-ms': 4000 })
    expect(backoff).toEqual({ baseMs: 4000, factor: 2, maxMs: 43_200_000, jitter: 0.5 })
    const of = (random: number) => [1, 2, 3, 4].map((count) => backoff && retryDelayS(backoff, count, random))
    expect(of(0)).toEqual([4, 8, 16, 32])
    expect(of(1)).toEqual([2, 4, 8, 16])
  })

  test('never hides a message for longer than its maximum, and never for less than chance may take away', () => {
    fc.assert(
      fc.property(backoffs, counts, chances, (backoff, count, random) => {
        const delayS = retryDelayS(backoff, count, random)
        expect(Number.isInteger(delayS)).toBe(true)
        expect(delayS).toBeLessThanOrEqual(Math.ceil(backoff.maxMs / 1000))
        expect(delayS).toBeGreaterThanOrEqual(Math.floor((backoff.baseMs * (1 - backoff.jitter)) / 1000))
      }),
    )
  })

  test('never shrinks from one delivery to the next under the same chance', () => {
    fc.assert(
      fc.property(backoffs, counts, chances, (backoff, count, random) => {
        expect(retryDelayS(backoff, count + 1, random)).toBeGreaterThanOrEqual(retryDelayS(backoff, count, random))
      }),
    )
  })

  test.each([[undefined], [1000], [{}], [{ 'base-ms': -1 }]])('is none where it is not valid: %j', (value) => {
    expect(parseRetryBackoff(value)).toBeUndefined()
  })
})

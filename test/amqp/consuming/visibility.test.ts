import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Visibility } from '../../../lib/amqp/consuming/visibility.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 0 })
})
afterEach(() => {
  vi.useRealTimers()
})

test('deliveries are kept hidden from half of their time on, for as long as they are not settled', () => {
  const extended: string[][] = []
  const extend = async (deliveries: readonly string[]): Promise<void> => {
    extended.push([...deliveries])
  }
  const visibility = new Visibility<string>(extend, () => Date.now())
  visibility.add('a', 0)
  vi.advanceTimersByTime(10_000)
  visibility.add('b', 10_000)
  vi.advanceTimersByTime(19_000)
  expect(extended).toEqual([])
  vi.advanceTimersByTime(1_000)
  expect(extended).toEqual([['a']])
  visibility.remove('a')
  vi.advanceTimersByTime(40_000)
  expect(extended).toEqual([['a'], ['b'], ['b']])
  visibility.remove('b')
  expect(vi.getTimerCount()).toBe(0)
})

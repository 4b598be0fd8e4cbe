import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Heartbeats } from '../../../lib/amqp/connection/heartbeats.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function heartbeatsOf(intervalS: number) {
  const log: string[] = []
  const sent = { atMs: performance.now() }
  const heartbeats = new Heartbeats({
    intervalS,
    sentAtMs: () => sent.atMs,
    send: () => {
      sent.atMs = performance.now()
      log.push('send')
    },
    onSilence: () => log.push('silence'),
  })
  return { heartbeats, log, sent }
}

test('one is sent each half of the interval, unless something else was', () => {
  const { heartbeats, log, sent } = heartbeatsOf(10)
  vi.advanceTimersByTime(10_000)
  expect(log).toEqual(['send', 'send'])
  heartbeats.received()
  sent.atMs = performance.now() + 4_000
  vi.advanceTimersByTime(5_000)
  expect(log).toEqual(['send', 'send'])
  heartbeats.stop()
})

test('whoever is silent for two to three intervals is taken to be gone', () => {
  const { heartbeats, log } = heartbeatsOf(10)
  vi.advanceTimersByTime(15_000)
  heartbeats.received()
  vi.advanceTimersByTime(24_000)
  expect(log).not.toContain('silence')
  vi.advanceTimersByTime(1_000)
  expect(log).toContain('silence')
  heartbeats.stop()
})

test('none are sent or expected where none were agreed on', () => {
  heartbeatsOf(0)
  expect(vi.getTimerCount()).toBe(0)
})

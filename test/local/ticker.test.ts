import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startTicker } from '../../lib/local/ticker.ts'

const unexpected = (error: unknown): void => {
  throw error
}

describe('a ticker', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 90_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ticks when the clock shows a multiple of the interval', async () => {
    const times: number[] = []
    const ticker = startTicker(60_000, async () => void times.push(Date.now()), unexpected)
    await vi.advanceTimersByTimeAsync(180_000)
    await ticker.close()
    expect(times).toEqual([120_000, 180_000, 240_000])
  })

  it('leaves out a tick while the task still runs', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const task = vi.fn(() => promise)
    const ticker = startTicker(60_000, task, unexpected)
    await vi.advanceTimersByTimeAsync(150_000)
    expect(task).toHaveBeenCalledTimes(1)
    resolve()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(task).toHaveBeenCalledTimes(2)
    await ticker.close()
  })

  it('goes on after a failure, and reports it', async () => {
    const errors: unknown[] = []
    const task = vi.fn(() => Promise.reject(new Error('on purpose')))
    const ticker = startTicker(60_000, task, (error) => errors.push(error))
    await vi.advanceTimersByTimeAsync(120_000)
    await ticker.close()
    expect(errors).toEqual([new Error('on purpose'), new Error('on purpose')])
  })

  it('waits on close for the task that runs, and ticks no more', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const task = vi.fn(() => promise)
    const ticker = startTicker(60_000, task, unexpected)
    await vi.advanceTimersByTimeAsync(30_000)
    let isClosed = false
    const closing = ticker.close().then(() => {
      isClosed = true
    })
    await vi.advanceTimersByTimeAsync(120_000)
    expect(isClosed).toBe(false)
    resolve()
    await closing
    expect(task).toHaveBeenCalledTimes(1)
  })
})

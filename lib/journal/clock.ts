import { setTimeout as delay } from 'node:timers/promises'

/** Time and chance, which the rest of this room takes from nowhere else, so that a simulation can be both. */
export interface Clock {
  /** Milliseconds since 1970 by the wall clock, which may step either way. */
  wallMs(): number
  /** Milliseconds by a clock that never goes back, but may stand still while the environment is frozen. */
  monotonicMs(): number
  /** Resolves after about `ms`, possibly a little early; rejects only when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
  /** Uniform in [0, 1). */
  random(): number
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }),
  random: () => Math.random(),
}

/** One look at both clocks. `order` counts the looks of one {@link Timeline}: "after" is decided by it, never by a clock. */
export interface Reading {
  readonly wallMs: number
  readonly monotonicMs: number
  readonly order: number
}

/**
 * How far the wall clock may fall behind the monotonic one before it counts as having stepped back. Slewing is at most
 * 0.05 %, so 5 ms in the longest lease; the lease margin must be larger than this.
 */
export const STEP_TOLERANCE_MS = 25

/**
 * What one environment may conclude about elapsed time. Environments are frozen (the monotonic clock stands still, the
 * wall clock jumps afterwards) and wall clocks are stepped, so every question has a safe side: an age is never
 * under-estimated, a wait never ends early.
 */
export class Timeline {
  readonly clock: Clock
  #order = 0

  constructor(clock: Clock) {
    this.clock = clock
  }

  now(): Reading {
    this.#order += 1
    return { wallMs: this.clock.wallMs(), monotonicMs: this.clock.monotonicMs(), order: this.#order }
  }

  /** The longest that `since` may be ago, ms: the larger of both clocks' answers, and Infinity once the wall clock stepped back. */
  ageMs(since: Reading): number {
    const { wallMs, monotonicMs } = this.#elapsedSince(since)
    const steppedBack = wallMs < 0 || wallMs < monotonicMs - STEP_TOLERANCE_MS
    return steppedBack ? Number.POSITIVE_INFINITY : Math.max(wallMs, monotonicMs)
  }

  /** Resolves once `since` is at least `ms` ago by both clocks. A wall clock set back to before `since` starts the wait over. */
  async waitUntilAged(since: Reading, ms: number): Promise<void> {
    let from = since
    for (;;) {
      if (this.#elapsedSince(from).wallMs < 0) from = this.now()
      const elapsed = this.#elapsedSince(from)
      const leftMs = ms - Math.min(elapsed.wallMs, elapsed.monotonicMs)
      if (leftMs <= 0) return
      await this.clock.sleep(Math.ceil(leftMs))
    }
  }

  #elapsedSince(since: Reading): { wallMs: number; monotonicMs: number } {
    return {
      wallMs: this.clock.wallMs() - since.wallMs,
      monotonicMs: this.clock.monotonicMs() - since.monotonicMs,
    }
  }
}

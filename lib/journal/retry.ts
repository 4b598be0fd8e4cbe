import { unavailable } from '../model/errors.ts'
import type { Clock } from './clock.ts'
import { StoreError } from './store.ts'

/** What cannot be read for this long is answered with 503, never from an older state. */
export const READ_BUDGET_MS = 3000

export const TOPOLOGY_NOT_READ = 'the topology could not be read'

const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 400

/** Pauses between attempts, with full jitter and growing, until a budget is used up. */
export class Backoff {
  readonly #clock: Clock
  readonly #budgetMs: number
  readonly #what: string
  #beganMs: number
  #pauses = 0

  /** `what` failed is told to whoever asked for it: a clause that "in time" completes. */
  constructor(clock: Clock, budgetMs: number, what: string) {
    this.#clock = clock
    this.#budgetMs = budgetMs
    this.#what = what
    this.#beganMs = clock.monotonicMs()
  }

  /** Sleeps before the next attempt. Throws `unavailable` once the budget is used up. */
  async pause(cause?: unknown): Promise<void> {
    if (this.#clock.monotonicMs() - this.#beganMs >= this.#budgetMs) {
      throw unavailable(`${this.#what} in time: try again`, { cause, retryAfterS: 1 })
    }
    const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses)
    this.#pauses += 1
    await this.#clock.sleep(this.#clock.random() * longestMs)
  }

  /** Something was achieved: the budget starts anew. */
  reset(): void {
    this.#beganMs = this.#clock.monotonicMs()
    this.#pauses = 0
  }
}

/** Makes an attempt until it does not throw a {@link StoreError}. Throws `unavailable` after {@link READ_BUDGET_MS}. */
export async function retrying<T>(clock: Clock, what: string, attempt: () => Promise<T>): Promise<T> {
  const backoff = new Backoff(clock, READ_BUDGET_MS, what)
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof StoreError)) throw error
      await backoff.pause(error)
    }
  }
}

import { SqsError } from './errors.ts'
import type { GroupCommit } from './group-commit.ts'

/** A message that is visible but cannot be taken right now is looked at again after this long. */
const RETRY_MS = 50
const MAX_TIMER_MS = 2_147_483_647

interface Waiter {
  attempt(): boolean
  end(): void
}

/**
 * Receives that wait for a message. A queue that changed is *touched*; before the commit, its waiters try in the order
 * they came, until one finds nothing. So one send wakes as many as it can serve and the others keep waiting, and what
 * a waiter took is committed together with the send that woke it.
 *
 * What becomes visible by itself is met by one timer per queue that has waiters.
 */
export class LongPolls {
  readonly #commit: GroupCommit
  readonly #nextReadyInMs: (queueId: number) => number | undefined
  readonly #waiters = new Map<number, Set<Waiter>>()
  readonly #timers = new Map<number, NodeJS.Timeout>()
  readonly #touched = new Set<number>()

  /** @param nextReadyInMs how long until a queue may have something to receive, undefined for never */
  constructor(commit: GroupCommit, nextReadyInMs: (queueId: number) => number | undefined) {
    this.#commit = commit
    this.#nextReadyInMs = nextReadyInMs
  }

  touch(queueId: number): void {
    if (this.#waiters.has(queueId)) this.#touched.add(queueId)
  }

  /**
   * Waits until `attempt` answers something, for `waitMs` at most; undefined when the time is up or `signal` aborts.
   * `attempt` runs inside a transaction; what it throws ends the wait.
   */
  wait<T>(queueId: number, waitMs: number, signal: AbortSignal, attempt: () => T | undefined): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', waiter.end)
        this.#remove(queueId, waiter)
      }
      const waiter: Waiter = {
        attempt: () => {
          const outcome = attemptOnce(attempt)
          if ('found' in outcome && outcome.found === undefined) return false
          stop()
          this.#commit.onWritten(() => ('found' in outcome ? resolve(outcome.found) : reject(outcome.error)), reject)
          return true
        },
        end: () => {
          stop()
          resolve(undefined)
        },
      }
      const timer = setTimeout(waiter.end, waitMs)
      signal.addEventListener('abort', waiter.end)
      this.#add(queueId, waiter)
      if (signal.aborted) waiter.end()
    })
  }

  /** Lets the waiters of every touched queue try. Serving one queue may touch another: a redrive does. */
  serveTouched(): void {
    for (const queueId of this.#touched) {
      this.#touched.delete(queueId)
      for (const waiter of this.#waiters.get(queueId) ?? []) {
        if (!waiter.attempt()) break
      }
      this.#armTimer(queueId)
    }
  }

  /**
   * Ends every wait empty-handed: at the close, and when a turn was undone, whose callers have been told so and would
   * otherwise leave waiters behind that take messages for nobody.
   */
  endAll(): void {
    for (const waiters of this.#waiters.values()) {
      for (const waiter of waiters) waiter.end()
    }
  }

  #add(queueId: number, waiter: Waiter): void {
    const waiters = this.#waiters.get(queueId) ?? new Set()
    this.#waiters.set(queueId, waiters.add(waiter))
    this.#touched.add(queueId)
  }

  #remove(queueId: number, waiter: Waiter): void {
    const waiters = this.#waiters.get(queueId)
    waiters?.delete(waiter)
    if (waiters?.size !== 0) return
    this.#waiters.delete(queueId)
    clearTimeout(this.#timers.get(queueId))
    this.#timers.delete(queueId)
  }

  #armTimer(queueId: number): void {
    clearTimeout(this.#timers.get(queueId))
    this.#timers.delete(queueId)
    if (!this.#waiters.has(queueId)) return
    const readyInMs = this.#nextReadyInMs(queueId)
    if (readyInMs === undefined) return
    const delayMs = readyInMs > 0 ? Math.min(readyInMs, MAX_TIMER_MS) : RETRY_MS
    const timer = setTimeout(() => this.#wake(queueId), delayMs)
    this.#timers.set(queueId, timer)
  }

  #wake(queueId: number): void {
    // A turn that fails ends every wait, so nothing is left to wake.
    this.#commit.run(() => this.touch(queueId)).catch(() => undefined)
  }
}

type Outcome<T> = { readonly found: T | undefined } | { readonly error: unknown }

/** The caller's errors end one wait only; any other error must fail the whole turn. */
function attemptOnce<T>(attempt: () => T | undefined): Outcome<T> {
  try {
    return { found: attempt() }
  } catch (error) {
    if (error instanceof SqsError) return { error }
    throw error
  }
}

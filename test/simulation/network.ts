import type { SimProcess } from '../support/sim-process.ts'

/** How likely each fault is per request, and how long things take. */
export interface NetworkFaults {
  /** The request never arrives. */
  readonly lost: number
  /** The request arrives after its sender has given up. */
  readonly late: number
  /** The request has its effect and the answer is lost. */
  readonly unanswered: number
  readonly throttled: number
  /** The service fails, before or after the effect. */
  readonly failed: number
  /** The sender crashes: before the request leaves, when it has its effect, or when the answer arrives. */
  readonly crash: number
  /** One entry of a batch fails, before or after its effect, or is not mentioned. */
  readonly entryFailed: number
  readonly longestHopMs: number
}

export const NO_NETWORK_FAULTS: NetworkFaults = {
  lost: 0,
  late: 0,
  unanswered: 0,
  throttled: 0,
  failed: 0,
  crash: 0,
  entryFailed: 0,
  longestHopMs: 5,
}

export interface CallOptions {
  /** How often a request is made that failed and may succeed, as an SDK does. */
  readonly attempts: number
  readonly timeoutMs: number
  /** Whether a request that is late is lost instead. */
  readonly isNeverLate?: boolean
}

/** Takes effect at the service, and answers then or later. */
export type Effect<T> = (answer: (value: T) => void, refuse: (error: Error) => void) => void

/** What an SDK throws when its attempts are used up; a door answers 503. */
export class NetworkError extends Error {
  readonly $fault: 'client' | 'server' | undefined
  readonly $metadata = {}

  constructor(name: string, $fault?: 'client' | 'server') {
    super(name)
    this.name = name
    this.$fault = $fault
  }
}

const RETRIED = new Set(['TimeoutError', 'RequestThrottled', 'ServiceUnavailable'])
const LONGEST_BACKOFF_MS = 20_000

/** One process's way to one service, over a network that fails as told, with an SDK's retries. */
export class Network {
  readonly #process: SimProcess
  readonly #faults: () => NetworkFaults

  constructor(process: SimProcess, faults: () => NetworkFaults) {
    this.#process = process
    this.#faults = faults
  }

  get faults(): NetworkFaults {
    return this.#faults()
  }

  /** Rejects with what the service refused, or with the last attempt's failure. */
  async call<T>(options: CallOptions, effect: Effect<T>): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#attempt(options, effect)
      } catch (failure) {
        const isRetried = failure instanceof Error && RETRIED.has(failure.name)
        if (attempt >= options.attempts || !isRetried) throw failure
        await this.#process.sleep(this.#process.random() * Math.min(LONGEST_BACKOFF_MS, 100 * 2 ** attempt))
      }
    }
  }

  #attempt<T>({ timeoutMs, isNeverLate = false }: CallOptions, effect: Effect<T>): Promise<T> {
    const process = this.#process
    const { world } = process
    const { lost, late, unanswered, throttled, failed, crash } = this.#faults()
    const crashes = () => {
      if (world.chance(crash)) process.crash()
    }
    return new Promise((resolve, reject) => {
      crashes()
      const after = (ms: number, happen: () => void) => world.after(ms, happen)
      const back = (arrive: () => void) =>
        after(this.#hopMs(), () => {
          crashes()
          process.deliver(arrive)
        })
      const take = (answer: (value: T) => void) => {
        crashes()
        effect(answer, (refusal) => back(() => reject(refusal)))
      }
      const nobody = () => undefined
      const fate = world.random()
      if (process.hasCrashed) return
      if (fate < lost + late + unanswered)
        after(timeoutMs, () => process.deliver(() => reject(new NetworkError('TimeoutError'))))
      if (fate < lost || (fate < lost + late && isNeverLate)) return
      if (fate < lost + late) return after(timeoutMs * world.between(1, 3), () => take(nobody))
      const isUnanswered = fate < lost + late + unanswered
      const hasFailed = fate < lost + late + unanswered + throttled + failed
      after(this.#hopMs(), () => {
        if (isUnanswered) return take(nobody)
        if (fate < lost + late + unanswered + throttled) {
          return back(() => reject(new NetworkError('RequestThrottled', 'client')))
        }
        if (hasFailed && world.chance(0.5)) take(nobody)
        if (hasFailed) return back(() => reject(new NetworkError('ServiceUnavailable', 'server')))
        take((value) => back(() => resolve(value)))
      })
    })
  }

  #hopMs(): number {
    return this.#process.world.random() * this.#faults().longestHopMs
  }
}

/** An effect that is over at once; what it throws is the service's refusal. */
export const atOnce =
  <T>(act: () => T): Effect<T> =>
  (answer, refuse) => {
    try {
      answer(act())
    } catch (refusal) {
      refuse(refusal as Error)
    }
  }

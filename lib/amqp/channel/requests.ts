import type { Answer } from '../methods/outcome.ts'
import type { MethodName } from '../protocol/methods.ts'

interface Request {
  readonly method: MethodName | undefined
  /** What is done at once answers undefined or its answer; what takes time a promise of it. */
  readonly run: () => Answer | undefined | Promise<Answer | undefined>
  readonly answer: ((answer: Answer) => void) | undefined
  readonly heldBytes: number
}

export interface RequestsOptions {
  readonly onHeldBytes: (change: number) => void
  /** A request failed: none behind it is executed. */
  readonly onError: (thrown: unknown, method: MethodName | undefined) => void
}

/** What a request takes in memory while it waits, about. */
const OVERHEAD_BYTES = 256

/**
 * The requests of a channel, executed one behind the other. Answers go out in the same order; one that waits for others to
 * see a change holds up those behind it, but not what they do.
 */
export class Requests {
  readonly #options: RequestsOptions
  #queue: Request[] = []
  #isBusy = false
  #isStopped = false
  /** Resolves when all answers so far are given. */
  #answered: Promise<void> | undefined
  readonly #onIdle: (() => void)[] = []

  constructor(options: RequestsOptions) {
    this.#options = options
  }

  push(method: MethodName | undefined, run: Request['run'], answer?: Request['answer'], payloadBytes = 0): void {
    if (this.#isStopped) return
    const request = { method, run, answer, heldBytes: payloadBytes + OVERHEAD_BYTES }
    if (this.#queue.length === 0 && !this.#isBusy) {
      this.#start(request, false)
      return
    }
    this.#options.onHeldBytes(request.heldBytes)
    this.#queue.push(request)
  }

  /** Executes nothing more. What is under way goes on, and its answer is given. */
  stop(): void {
    this.#isStopped = true
    for (const { heldBytes } of this.#queue) this.#options.onHeldBytes(-heldBytes)
    this.#queue = []
  }

  /** Resolves when nothing waits and nothing is under way. */
  get idle(): Promise<void> {
    if (!this.#isBusy && this.#answered === undefined) return Promise.resolve()
    return new Promise((resolve) => this.#onIdle.push(resolve))
  }

  #start(request: Request, isHeld: boolean): void {
    if (isHeld) this.#options.onHeldBytes(-request.heldBytes)
    try {
      const outcome = request.run()
      if (outcome instanceof Promise) this.#await(request, outcome)
      else if (outcome !== undefined) this.#give(request, outcome)
    } catch (error) {
      this.#options.onError(error, request.method)
    }
  }

  #await(request: Request, outcome: Promise<Answer | undefined>): void {
    this.#isBusy = true
    outcome
      .then(
        (answer) => answer && this.#give(request, answer),
        (error: unknown) => this.#options.onError(error, request.method),
      )
      .then(() => {
        this.#isBusy = false
        this.#next()
      })
  }

  #next(): void {
    while (!this.#isBusy) {
      const request = this.#queue.shift()
      if (request === undefined) break
      this.#start(request, true)
    }
    this.#tellIdle()
  }

  #give(request: Request, answer: Answer): void {
    if (answer.settled === undefined && this.#answered === undefined) {
      request.answer?.(answer)
      return
    }
    const before = this.#answered ?? Promise.resolve()
    const given = before
      .then(() => answer.settled)
      .then(
        () => request.answer?.(answer),
        (error: unknown) => this.#options.onError(error, request.method),
      )
      .then(() => {
        if (this.#answered === given) this.#answered = undefined
        this.#tellIdle()
      })
    this.#answered = given
  }

  #tellIdle(): void {
    if (this.#isBusy || this.#answered !== undefined || this.#queue.length > 0) return
    for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}

/** What all connections of a gateway hold together of one kind, bytes. */
export class Held {
  bytes = 0
}

export interface IntakeOptions {
  readonly held: Held
  readonly pause: () => void
  readonly resume: () => void
  /** Told when reading has stood still for longer than a moment, and when it goes on after that. */
  readonly onBlocked: (isBlocked: boolean) => void
}

/** What one connection may have on its way to queues before its socket is not read any more. */
const MAX_BYTES = 8_388_608
const RESUME_BYTES = MAX_BYTES / 4
/** All connections together. */
const MAX_ALL_BYTES = 268_435_456
/** A pause that is shorter is not worth telling the client. */
const BLOCKED_AFTER_MS = 1_000

/**
 * Backpressure: what a client sends faster than its queues take it waits in its own socket, not here. Heartbeats go on.
 */
export class Intake {
  readonly #options: IntakeOptions
  #heldBytes = 0
  #isPaused = false
  #isBlocked = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: IntakeOptions) {
    this.#options = options
  }

  get isPaused(): boolean {
    return this.#isPaused
  }

  hold(change: number): void {
    const { held } = this.#options
    this.#heldBytes += change
    held.bytes += change
    if (change > 0 && !this.#isPaused && (this.#heldBytes > MAX_BYTES || held.bytes > MAX_ALL_BYTES)) this.#pause()
    else if (this.#isPaused && this.#mayResume) this.#resume()
  }

  get #mayResume(): boolean {
    return this.#heldBytes <= 0 || (this.#heldBytes < RESUME_BYTES && this.#options.held.bytes < MAX_ALL_BYTES)
  }

  /** What it held is nobody's any more. */
  stop(): void {
    clearTimeout(this.#timer)
  }

  #pause(): void {
    this.#isPaused = true
    this.#options.pause()
    this.#timer = setTimeout(() => {
      this.#isBlocked = true
      this.#options.onBlocked(true)
    }, BLOCKED_AFTER_MS)
  }

  #resume(): void {
    this.#isPaused = false
    clearTimeout(this.#timer)
    if (this.#isBlocked) {
      this.#isBlocked = false
      this.#options.onBlocked(false)
    }
    this.#options.resume()
  }
}

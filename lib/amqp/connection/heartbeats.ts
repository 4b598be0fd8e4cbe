export interface HeartbeatsOptions {
  /** Agreed on, s; 0 for none. */
  readonly intervalS: number
  /** When bytes were sent last, by `performance.now()`. */
  readonly sentAtMs: () => number
  readonly send: () => void
  /** Nothing came for twice the interval and longer. */
  readonly onSilence: () => void
}

/** Ticks for each interval. */
const TICKS = 2
/** Ticks without a byte after which a client is taken to be gone: between two and three intervals. */
const MAX_SILENT_TICKS = 5

/** Shows a client that we are there, and finds out when it is not (contract §1). */
export class Heartbeats {
  readonly #timer: NodeJS.Timeout | undefined
  #silentTicks = 0

  constructor({ intervalS, sentAtMs, send, onSilence }: HeartbeatsOptions) {
    if (intervalS === 0) return
    const tickMs = (intervalS * 1000) / TICKS
    this.#timer = setInterval(() => {
      this.#silentTicks += 1
      if (this.#silentTicks >= MAX_SILENT_TICKS) onSilence()
      else if (performance.now() - sentAtMs() >= tickMs - TOLERANCE_MS) send()
    }, tickMs)
  }

  /** Bytes have come; also to be called while nobody reads them. */
  received(): void {
    this.#silentTicks = 0
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** Timers fire a little early at times. */
const TOLERANCE_MS = 50

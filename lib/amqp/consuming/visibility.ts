import { logError } from '../../log.ts'

/** How long SQS hides what is delivered, s: what a gateway that died held comes back after it. */
export const VISIBILITY_S = 60
/** When half of it is over it is extended. */
const EXTEND_AFTER_MS = (VISIBILITY_S * 1000) / 2
const CHECK_MS = 5_000

/** What keeps deliveries hidden from others while a client has them. */
export class Visibility<D> {
  readonly #extend: (deliveries: readonly D[]) => Promise<unknown>
  readonly #nowMs: () => number
  /** When each was hidden last; in this order. */
  readonly #hiddenAtMs = new Map<D, number>()
  #timer: NodeJS.Timeout | undefined

  /** `extend` hides them for {@link VISIBILITY_S} from now. */
  constructor(extend: (deliveries: readonly D[]) => Promise<unknown>, nowMs: () => number) {
    this.#extend = extend
    this.#nowMs = nowMs
  }

  /** `sinceMs`: a moment before it was received. */
  add(delivery: D, sinceMs: number): void {
    this.#hiddenAtMs.set(delivery, sinceMs)
    this.#timer ??= setInterval(() => this.#extendDue(), CHECK_MS)
  }

  remove(delivery: D): void {
    this.#hiddenAtMs.delete(delivery)
    if (this.#hiddenAtMs.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#hiddenAtMs.clear()
  }

  #extendDue(): void {
    const nowMs = this.#nowMs()
    const due: D[] = []
    for (const [delivery, hiddenAtMs] of this.#hiddenAtMs) {
      if (nowMs - hiddenAtMs < EXTEND_AFTER_MS) break
      due.push(delivery)
    }
    if (due.length === 0) return
    for (const delivery of due) {
      this.#hiddenAtMs.delete(delivery)
      this.#hiddenAtMs.set(delivery, nowMs)
    }
    this.#extend(due).catch((error: unknown) => {
      logError('deliveries could not be kept hidden: they may come again', error)
    })
  }
}

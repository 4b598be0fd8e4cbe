/** Messages of one queue that may be in flight at a time (SQS quotas; standard and FIFO alike). */
export const MAX_IN_FLIGHT = 120_000

/**
 * Keeps a queue at its in-flight limit without counting at every receive: it remembers an upper bound, which receives
 * raise and nothing lowers, and counts again only when the bound reaches the limit.
 */
export class InFlightLimit {
  readonly #limit: number
  readonly #upperBounds = new Map<number, number>()

  constructor(limit: number) {
    this.#limit = limit
  }

  /** How many of `wanted` messages may be taken; `count` answers exactly how many are in flight. */
  roomFor(generation: number, wanted: number, count: () => number): number {
    const bound = this.#upperBounds.get(generation)
    if (bound !== undefined && bound + wanted <= this.#limit) return wanted
    const exact = count()
    this.#upperBounds.set(generation, exact)
    return Math.max(0, Math.min(wanted, this.#limit - exact))
  }

  taken(generation: number, messages: number): void {
    this.#upperBounds.set(generation, (this.#upperBounds.get(generation) ?? 0) + messages)
  }

  forgetGeneration(generation: number): void {
    this.#upperBounds.delete(generation)
  }

  forget(): void {
    this.#upperBounds.clear()
  }
}

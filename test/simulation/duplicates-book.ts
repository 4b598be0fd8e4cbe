import type { Publication } from './promises.ts'
import type { Witness } from './witness.ts'

/** The exchange that passes one message of a kind. */
export const DEDUPLICATING = 'once'

/** Messages that share a key: one of them is taken, wherever they are deduplicated, and it stands for the others there. */
export class DuplicatesBook {
  readonly #witness: Witness
  readonly #byKey = new Map<string, Publication[]>()
  /** By key, when the first message of it was confirmed by the exchange. */
  readonly #passedMs = new Map<string, number>()

  constructor(witness: Witness) {
    this.#witness = witness
  }

  publishing(publication: Publication): void {
    const { deduplicationKey: key } = publication
    if (key !== undefined) this.#byKey.set(key, [...this.#of(key), publication])
  }

  confirmed({ deduplicationKey: key, exchange, label }: Publication): void {
    if (key === undefined) return
    if (this.#witness.ledger.reached(label).size === 0) this.#witness.counts.duplicates += 1
    if (exchange === DEDUPLICATING && !this.#passedMs.has(key)) this.#passedMs.set(key, this.#witness.nowMs)
  }

  /** The labels of those with its key: where they are deduplicated, one of them is as good as another. */
  standIns({ deduplicationKey: key }: Publication): readonly string[] {
    return key === undefined ? [] : this.#of(key).map(({ label }) => label)
  }

  /** The oldest version by which the one that was taken may have been routed. */
  leastOf({ promised, exchange, deduplicationKey: key }: Publication): number {
    if (key === undefined || exchange !== DEDUPLICATING) return promised
    return Math.min(...this.#of(key).map((other) => other.promised))
  }

  /** Where nothing fails, none passes after another was confirmed. */
  arrived({ label, exchange, deduplicationKey: key, startMs }: Publication): void {
    if (key === undefined || exchange !== DEDUPLICATING || !this.#witness.isSure) return
    if ((this.#passedMs.get(key) ?? Number.POSITIVE_INFINITY) < startMs) {
      this.#witness.fail(`${label} passed '${exchange}' after another with the key ${key}`)
    }
  }

  #of(key: string): readonly Publication[] {
    return this.#byKey.get(key) ?? []
  }
}

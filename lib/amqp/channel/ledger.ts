import type { Feed } from '../consuming/feed.ts'
import type { Delivery } from '../consuming/source.ts'

/** A delivery that the client has not settled yet. */
export interface Outstanding {
  readonly tag: number
  readonly delivery: Delivery
  /** Where it came from and is settled. */
  readonly feed: Feed
  /** Whose credit it takes; undefined for a get. */
  readonly consumer: { settled(): void } | undefined
  readonly deliveredAtMs: number
}

/** The deliveries of one channel, by tag (contract §4). Tags count from 1, whether the delivery is to be settled or not. */
export class Ledger {
  #lastTag = 0
  /** In the order of their tags. */
  #outstanding = new Map<number, Outstanding>()

  get size(): number {
    return this.#outstanding.size
  }

  /** The one that waits for the longest time. */
  get oldest(): Outstanding | undefined {
    return this.#outstanding.values().next().value
  }

  newTag(): number {
    this.#lastTag += 1
    return this.#lastTag
  }

  add(entry: Outstanding): void {
    this.#outstanding.set(entry.tag, entry)
  }

  /**
   * Takes out what a tag stands for: with `multiple` all up to it, and all there are for 0. Undefined where the tag is not
   * outstanding; then nothing is taken out.
   */
  take(tag: number, multiple: boolean): readonly Outstanding[] | undefined {
    if (multiple && tag === 0) return this.takeAll()
    const named = this.#outstanding.get(tag)
    if (named === undefined) return undefined
    if (!multiple) {
      this.#outstanding.delete(tag)
      return [named]
    }
    const taken: Outstanding[] = []
    for (const entry of this.#outstanding.values()) {
      if (entry.tag > tag) break
      taken.push(entry)
      this.#outstanding.delete(entry.tag)
    }
    return taken
  }

  takeAll(): readonly Outstanding[] {
    const all = [...this.#outstanding.values()]
    this.#outstanding.clear()
    return all
  }

  /** Puts back what was taken out, as if it had not been. */
  putBack(entries: readonly Outstanding[]): void {
    if (entries.length === 0) return
    const all = [...this.#outstanding.values(), ...entries].sort((one, other) => one.tag - other.tag)
    this.#outstanding = new Map(all.map((entry) => [entry.tag, entry]))
  }
}

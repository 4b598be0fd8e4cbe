/** What a queue holds, to be handed out by priority, then by age. */
export interface Aged {
  /** Higher first. */
  readonly priority: number
  /** Grows with each that arrives. */
  readonly sequence: number
}

/** Messages that are ready: one row for each priority, each in the order of arrival. */
export class ReadyList<T extends Aged> {
  /** By priority. */
  readonly #rows = new Map<number, Row<T>>()
  #size = 0

  get size(): number {
    return this.#size
  }

  *[Symbol.iterator](): Iterator<T> {
    for (const row of this.#rows.values()) yield* row
  }

  /** At the place that its age gives it: at the end, or where it was before it was handed out. */
  add(item: T): void {
    let row = this.#rows.get(item.priority)
    if (row === undefined) {
      row = new Row()
      this.#rows.set(item.priority, row)
    }
    row.add(item)
    this.#size += 1
  }

  /** The next to be handed out. */
  shift(): T | undefined {
    return this.#shiftFrom(Math.max(...this.#rows.keys()))
  }

  /** The next to make room: the oldest of the lowest priority. */
  drop(): T | undefined {
    return this.#shiftFrom(Math.min(...this.#rows.keys()))
  }

  #shiftFrom(priority: number): T | undefined {
    const row = this.#rows.get(priority)
    const item = row?.shift()
    if (item === undefined) return undefined
    this.#size -= 1
    if (row?.size === 0) this.#rows.delete(priority)
    return item
  }

  /** Takes out all that are so. */
  removeWhere(isRemoved: (item: T) => boolean): readonly T[] {
    const removed: T[] = []
    for (const [priority, row] of this.#rows) {
      removed.push(...row.removeWhere(isRemoved))
      if (row.size === 0) this.#rows.delete(priority)
    }
    this.#size -= removed.length
    return removed
  }
}

/** Beyond so many taken items at its front a row is cut. */
const MAX_TAKEN = 1024

class Row<T extends Aged> {
  #items: T[] = []
  /** Items before it are taken. */
  #head = 0

  get size(): number {
    return this.#items.length - this.#head
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let at = this.#head; at < this.#items.length; at += 1) yield this.#items[at] as T
  }

  add(item: T): void {
    let at = this.#items.length
    // What comes back is nearly always older than what is there.
    if (at > this.#head && (this.#items[at - 1] as T).sequence > item.sequence) at = this.#placeOf(item.sequence)
    if (at === this.#head && this.#head > 0) {
      this.#head -= 1
      this.#items[this.#head] = item
    } else {
      this.#items.splice(at, 0, item)
    }
  }

  /** The first place whose item is younger. */
  #placeOf(sequence: number): number {
    let [low, high] = [this.#head, this.#items.length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#items[middle] as T).sequence < sequence) low = middle + 1
      else high = middle
    }
    return low
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (item === undefined) return undefined
    this.#head += 1
    if (this.#head > MAX_TAKEN && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  removeWhere(isRemoved: (item: T) => boolean): readonly T[] {
    const { removed = [], kept = [] } = Object.groupBy(this.#items.slice(this.#head), (item) =>
      isRemoved(item) ? 'removed' : 'kept',
    )
    this.#items = kept
    this.#head = 0
    return removed
  }
}

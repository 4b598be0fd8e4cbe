/** What one pair takes: both of its numbers, the number that it leads to, and one that keeps pairs within cache lines. */
const STRIDE = 4
const FIRST_CAPACITY = 16

/**
 * From pairs of 32-bit integers to positive ones, all in one array of numbers. A look-up touches one place in
 * memory, whether it finds something or not; maps of maps touch several, each of them far from the others once there are
 * a hundred thousand. Open addressing with linear probing, at most half full; a removal moves what it lets closer.
 */
export class PairMap {
  #slots = new Int32Array(FIRST_CAPACITY * STRIDE)
  #mask = FIRST_CAPACITY - 1
  #size = 0

  get size(): number {
    return this.#size
  }

  /** What the pair leads to, or 0. */
  get(left: number, right: number): number {
    const slots = this.#slots
    for (let place = hashOf(left, right) & this.#mask; ; place = (place + 1) & this.#mask) {
      const at = place * STRIDE
      const found = slots[at + 2] as number
      if (found === 0 || (slots[at] === left && slots[at + 1] === right)) return found
    }
  }

  /** Adds a pair that is not there. */
  add(left: number, right: number, value: number): void {
    this.#size += 1
    if (this.#size * 2 > this.#mask + 1) this.#grow()
    this.#put(left, right, value)
  }

  /** Removes a pair that is there. */
  delete(left: number, right: number): void {
    this.#size -= 1
    let hole = hashOf(left, right) & this.#mask
    while (this.#slots[hole * STRIDE] !== left || this.#slots[hole * STRIDE + 1] !== right)
      hole = (hole + 1) & this.#mask
    this.#slots.fill(0, hole * STRIDE, (hole + 1) * STRIDE)
    // No look-up may end at the hole that would have gone on from there.
    for (let place = (hole + 1) & this.#mask; this.#slots[place * STRIDE + 2] !== 0; place = (place + 1) & this.#mask) {
      this.#putAgain(place)
    }
  }

  #putAgain(place: number): void {
    const at = place * STRIDE
    const [left = 0, right = 0, value = 0] = this.#slots.subarray(at, at + STRIDE)
    this.#slots.fill(0, at, at + STRIDE)
    this.#put(left, right, value)
  }

  #put(left: number, right: number, value: number): void {
    let place = hashOf(left, right) & this.#mask
    while (this.#slots[place * STRIDE + 2] !== 0) place = (place + 1) & this.#mask
    this.#slots.set([left, right, value], place * STRIDE)
  }

  #grow(): void {
    const old = this.#slots
    this.#slots = new Int32Array(old.length * 2)
    this.#mask = this.#mask * 2 + 1
    for (let at = 0; at < old.length; at += STRIDE) {
      if (old[at + 2] !== 0) this.#put(old[at] as number, old[at + 1] as number, old[at + 2] as number)
    }
  }
}

/** Mixes both numbers into all bits, the low ones above all, which choose the place. */
function hashOf(left: number, right: number): number {
  let hash = Math.imul(left, 0x9e3779b1) ^ Math.imul(right, 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d)
  return (hash ^ (hash >>> 13)) >>> 0
}

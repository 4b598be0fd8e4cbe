/**
 * Virtual time with a seed: everything that happens is an event in one queue, the order of simultaneous ones is drawn,
 * and each event's consequences (all promise reactions) are over before the next one happens. The same seed gives the
 * same history.
 */
export class SimWorld {
  nowMs = 0
  readonly #random: () => number
  readonly #events: { atMs: number; tie: number; happen: () => void }[] = []

  constructor(seed: number) {
    this.#random = mulberry32(seed)
  }

  random(): number {
    return this.#random()
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + this.#random() * (to - from)
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.#random() * choices.length)]
    if (choice === undefined) throw new Error('nothing to pick from')
    return choice
  }

  after(delayMs: number, happen: () => void): void {
    const event = { atMs: this.nowMs + delayMs, tie: this.#random(), happen }
    this.#events.push(event)
    siftUp(this.#events, this.#events.length - 1)
  }

  /** Runs until nothing is left to happen. */
  async run(): Promise<void> {
    await consequences()
    for (let event = popFirst(this.#events); event !== undefined; event = popFirst(this.#events)) {
      this.nowMs = event.atMs
      event.happen()
      await consequences()
    }
  }
}

const consequences = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A small generator of good enough randomness: https://github.com/bryc/code/blob/master/jshash/PRNGs.md */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Timed {
  readonly atMs: number
  readonly tie: number
}

const isBefore = (left: Timed, right: Timed): boolean =>
  left.atMs < right.atMs || (left.atMs === right.atMs && left.tie < right.tie)

/** The events are a binary heap, the first to happen at its root. */
function siftUp(heap: Timed[], from: number): void {
  let index = from
  while (index > 0) {
    const parent = (index - 1) >> 1
    if (!swapIfBefore(heap, index, parent)) return
    index = parent
  }
}

function popFirst<T extends Timed>(heap: T[]): T | undefined {
  const first = heap[0]
  const last = heap.pop()
  if (first === undefined || last === undefined || heap.length === 0) return first
  heap[0] = last
  let index = 0
  for (;;) {
    const left = 2 * index + 1
    const child = isChildBefore(heap, left + 1, left) ? left + 1 : left
    if (!swapIfBefore(heap, child, index)) return first
    index = child
  }
}

function isChildBefore(heap: readonly Timed[], child: number, other: number): boolean {
  const [left, right] = [heap[child], heap[other]]
  return left !== undefined && right !== undefined && isBefore(left, right)
}

function swapIfBefore(heap: Timed[], index: number, other: number): boolean {
  const [left, right] = [heap[index], heap[other]]
  if (left === undefined || right === undefined || !isBefore(left, right)) return false
  heap[index] = right
  heap[other] = left
  return true
}

import type { Attempt } from './attempt.ts'
import type { HeadReader } from './head-reader.ts'
import type { Surroundings } from './replica.ts'
import { retrying, TOPOLOGY_NOT_READ } from './retry.ts'
import type { Head, JournalWrite, Transaction } from './store.ts'

/**
 * What became of a transaction whose answer was lost:
 * - `landed`: all of it is visible;
 * - `landing`: something is visible that is not all visible yet, so looking again will tell;
 * - `open`: every head is still where it was decided, so it may yet land;
 * - `dead`: a head has moved past it.
 */
type Fate = 'landed' | 'landing' | 'open' | 'dead'

/** The attempts of one change whose outcome is unknown. At most one of them lands, since each moves a head on that the others start from. */
export class Unanswered<R> {
  readonly #surroundings: Surroundings
  readonly #heads: HeadReader
  #attempts: Attempt<R>[] = []

  constructor(surroundings: Surroundings, heads: HeadReader) {
    this.#surroundings = surroundings
    this.#heads = heads
  }

  /** No attempt is known that may land yet. */
  get isEmpty(): boolean {
    return this.#attempts.length === 0
  }

  add(attempt: Attempt<R>): void {
    this.#attempts.push(attempt)
  }

  /**
   * Finds out what can be found out, by looking for each commit where it would have landed, and forgets what cannot land
   * any more. The attempt that landed, or `landing`, or undefined where another one may be made. Throws `unavailable`.
   */
  async resolve(): Promise<Attempt<R> | 'landing' | undefined> {
    const open: Attempt<R>[] = []
    let isLanding = false
    for (const attempt of this.#attempts) {
      const fate = await this.#fateOf(attempt.transaction)
      if (fate === 'landed') return attempt
      if (fate === 'landing') isLanding = true
      if (fate !== 'dead') open.push(attempt)
    }
    this.#attempts = open
    return isLanding ? 'landing' : undefined
  }

  async #fateOf({ writes }: Transaction): Promise<Fate> {
    const { heads } = await this.#heads.read(writes.map(({ journal }) => journal))
    const fates = await Promise.all(writes.map((write) => this.#fateOfWrite(write, heads.get(write.journal))))
    if (fates.includes('dead')) return 'dead'
    if (fates.every((fate) => fate === 'landed')) return 'landed'
    return fates.every((fate) => fate === 'open') ? 'open' : 'landing'
  }

  async #fateOfWrite({ journal, to, entry }: JournalWrite, head: Head | undefined): Promise<Fate> {
    if (head === undefined || head.version < to.version) return 'open'
    if (head.epoch !== to.epoch) return 'dead'
    const { store, timeline } = this.#surroundings
    const range = { after: entry.version - 1, upTo: entry.version }
    const [there] = await retrying(timeline.clock, TOPOLOGY_NOT_READ, () => store.readEntries(journal, range))
    if (there === undefined) return 'landing'
    return there.commitId === entry.commitId && there.eventsJson === entry.eventsJson ? 'landed' : 'dead'
  }
}

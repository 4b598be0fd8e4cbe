import type { Reading, Timeline } from './clock.ts'
import { retrying, TOPOLOGY_NOT_READ } from './retry.ts'
import type { Head, JournalStore } from './store.ts'

/** Heads, and between which two moments they were read. */
export interface HeadsRead {
  readonly began: Reading
  readonly answered: Reading
  /** Of those journals that exist. */
  readonly heads: ReadonlyMap<string, Head>
}

/**
 * How long a gathering read waits for the one in flight, so that a busy environment has one read at a time. Not longer:
 * the one in flight may have been frozen together with the environment and never be answered.
 */
const GATHERING_MS = 50

interface Gathering {
  readonly journals: Set<string>
  readonly read: Promise<HeadsRead>
}

/** Reads heads for all who ask: those who ask before a read begins share it, so it began after all their requests arrived. */
export class HeadReader {
  readonly #store: JournalStore
  readonly #timeline: Timeline
  #gathering: Gathering | undefined
  #inFlight: { readonly began: Reading; readonly ended: Promise<unknown> } | undefined

  constructor(store: JournalStore, timeline: Timeline) {
    this.#store = store
    this.#timeline = timeline
  }

  /** A read that begins after this call. Throws `unavailable` when none succeeded for 3 s. */
  read(journals: readonly string[]): Promise<HeadsRead> {
    const gathering = this.#gathering ?? this.#gather()
    for (const journal of journals) gathering.journals.add(journal)
    return gathering.read
  }

  #gather(): Gathering {
    const journals = new Set<string>()
    const read = this.#whileInFlight().then(() => this.#begin(journals))
    this.#gathering = { journals, read }
    return this.#gathering
  }

  async #whileInFlight(): Promise<void> {
    if (this.#inFlight === undefined) return
    const leftMs = GATHERING_MS - this.#timeline.ageMs(this.#inFlight.began)
    if (leftMs <= 0) return
    const enough = new AbortController()
    const timeout = this.#timeline.clock.sleep(leftMs, enough.signal).catch(() => {})
    await Promise.race([this.#inFlight.ended, timeout])
    enough.abort()
  }

  #begin(journals: ReadonlySet<string>): Promise<HeadsRead> {
    this.#gathering = undefined
    const read = retrying(this.#timeline.clock, TOPOLOGY_NOT_READ, () => this.#attempt([...journals]))
    const inFlight = { began: this.#timeline.now(), ended: read.catch(() => {}) }
    this.#inFlight = inFlight
    inFlight.ended.then(() => {
      if (this.#inFlight === inFlight) this.#inFlight = undefined
    })
    return read
  }

  async #attempt(journals: readonly string[]): Promise<HeadsRead> {
    const began = this.#timeline.now()
    const heads = await this.#store.readHeads(journals)
    return { began, answered: this.#timeline.now(), heads }
  }
}

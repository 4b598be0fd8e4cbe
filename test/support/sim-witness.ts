import { isDeepStrictEqual } from 'node:util'
import type { StoredEntry } from '../../lib/journal/store.ts'
import { ACCESS_JOURNAL, HEAD_ITEM } from '../../lib/journal/table.ts'
import { isEntry, isHead, type SimDatabase } from './sim-database.ts'
import { type WordEvent, type Words, wordMachine } from './sim-machine.ts'

interface JournalVersion {
  readonly journal: string
  readonly version: number
}

interface Served extends JournalVersion {
  readonly words: string[]
  readonly digest: number
}

/** Sees everything that is answered to anybody, and so knows what every later answer must contain and what the journals must hold in the end. */
export class SimWitness {
  readonly #promised = new Map<string, number>()
  readonly #commits = new Map<string, 'made' | 'refused' | 'unknown'>()
  readonly #madeAt = new Map<string, readonly JournalVersion[]>()
  readonly #served: Served[] = []

  /** What is promised to a request that arrives now: the least version of each journal. */
  promisedNow(): ReadonlyMap<string, number> {
    return new Map(this.#promised)
  }

  /** An answer was given, after its lease wait, that was decided on or made these versions. */
  answered(versions: Iterable<JournalVersion>): void {
    for (const { journal, version } of versions) {
      this.#promised.set(journal, Math.max(version, this.#promised.get(journal) ?? 0))
    }
  }

  /** A change is asked for, or its outcome told; `at` is where it was made. */
  changed(commitId: string, outcome: 'made' | 'refused' | 'unknown', at: readonly JournalVersion[] = []): void {
    this.#commits.set(commitId, outcome)
    if (at.length > 0) this.#madeAt.set(commitId, at)
  }

  /** THE PROMISE: what was answered before a request arrived is in what the request is served from. */
  served({ journal, version }: JournalVersion, { words, digest }: Words, promised: ReadonlyMap<string, number>): void {
    const least = promised.get(journal) ?? 0
    if (version < least) {
      throw new Error(`${journal} ${version} served a request that arrived after ${least} was answered`)
    }
    this.#served.push({ journal, version, words: [...words], digest })
  }

  /** The journals as they are in the end, against everything that was answered. */
  checkHistory(database: SimDatabase): void {
    const journals = new Map(database.journals.map((journal) => [journal, readJournal(database, journal)]))
    for (const [journal, entries] of journals) this.#checkReplay(journal, entries)
    this.#checkCommits(journals)
  }

  /** Every state that was served is that of replaying the journal to its version. */
  #checkReplay(journal: string, entries: readonly StoredEntry[]): void {
    const state = wordMachine.initial()
    const replayed = [{ words: [...state.words], digest: 0 }]
    for (const { eventsJson } of entries) {
      for (const event of JSON.parse(eventsJson) as WordEvent[]) wordMachine.apply(state, event)
      replayed.push({ words: [...state.words], digest: state.digest })
    }
    for (const { version, words, digest } of this.#served.filter((served) => served.journal === journal)) {
      if (!isDeepStrictEqual(replayed[version], { words, digest })) {
        throw new Error(`${journal} ${version} was served as ${words}, but is ${replayed[version]?.words}`)
      }
    }
  }

  /** Every change that was answered is there exactly once, and none that was refused. */
  #checkCommits(journals: ReadonlyMap<string, readonly StoredEntry[]>): void {
    for (const [journal, entries] of journals) {
      const ids = entries.map(({ commitId }) => commitId)
      if (new Set(ids).size !== ids.length) throw new Error(`journal ${journal} has a commit twice: ${ids}`)
    }
    const written = new Set([...journals.values()].flat().map(({ commitId }) => commitId))
    for (const [commitId, outcome] of this.#commits) {
      if (outcome === 'made' && !written.has(commitId)) throw new Error(`commit '${commitId}' was answered and is lost`)
      if (outcome === 'refused' && written.has(commitId)) throw new Error(`commit '${commitId}' was refused and made`)
    }
    for (const [commitId, versions] of this.#madeAt) {
      const isWhereSaid = versions.some(
        ({ journal, version }) => journals.get(journal)?.[version - 1]?.commitId === commitId,
      )
      if (!isWhereSaid) throw new Error(`commit '${commitId}' is not at the version that was answered`)
    }
  }
}

/** Contiguous, ended by the head, nothing after a seal. */
function readJournal(database: SimDatabase, journal: string): StoredEntry[] {
  const head = database.latest(journal, HEAD_ITEM)
  if (!isHead(head)) throw new Error(`journal ${journal} has no head`)
  const entries = database
    .itemsOf(journal)
    .filter((item) => item !== HEAD_ITEM)
    .map((item) => database.latest(journal, item))
    .filter(isEntry)
  const versions = entries.map(({ version }) => version)
  const expected = Array.from({ length: head.version }, (_, i) => i + 1)
  if (!isDeepStrictEqual(versions, expected))
    throw new Error(`journal ${journal} is ${versions}, its head ${head.version}`)
  const seal = entries.findIndex(({ commitId }) => commitId.startsWith('delete') && journal !== ACCESS_JOURNAL)
  if (seal >= 0 && seal !== entries.length - 1) throw new Error(`journal ${journal} has entries after its seal`)
  return entries
}

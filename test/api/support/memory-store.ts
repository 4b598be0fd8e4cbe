import type {
  BaseReference,
  CommitOutcome,
  EntryRange,
  Head,
  JournalStore,
  StoredEntry,
  StoredIntent,
  Transaction,
} from '../../../lib/journal/store.ts'

/** A journal store that never fails and keeps nothing beyond the process. */
export class MemoryStore implements JournalStore {
  readonly #heads = new Map<string, Head>()
  readonly #entries = new Map<string, StoredEntry[]>()
  readonly #intents = new Map<string, StoredIntent>()

  async readHeads(journals: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    return new Map([...this.#heads].filter(([journal]) => journals.includes(journal)))
  }

  async readEntries(journal: string, { after, upTo, limit }: EntryRange): Promise<StoredEntry[]> {
    const entries = this.#entries.get(journal) ?? []
    return entries.filter(({ version }) => version > after && version <= upTo).slice(0, limit)
  }

  async commit({ writes, putIntents, takeIntents }: Transaction): Promise<CommitOutcome> {
    const refused = takeIntents.filter(({ id, state }) => this.#intents.get(id)?.state !== state)
    const isCurrent = writes.every(({ journal, from }) => this.#heads.get(journal)?.version === from?.version)
    if (refused.length > 0 || !isCurrent) return { status: 'refused', intents: refused.map(({ id }) => id) }
    for (const { journal, to, entry } of writes) {
      this.#heads.set(journal, { ...to, base: this.#heads.get(journal)?.base })
      this.#entries.set(journal, [...(this.#entries.get(journal) ?? []), entry])
    }
    for (const { id } of takeIntents) this.#intents.delete(id)
    for (const intent of putIntents) this.#intents.set(intent.id, intent)
    return { status: 'committed' }
  }

  async setBase(journal: string, _epoch: string, base: BaseReference): Promise<void> {
    const head = this.#heads.get(journal)
    if (head) this.#heads.set(journal, { ...head, base })
  }

  async putIntent(intent: StoredIntent): Promise<void> {
    if (!this.#intents.has(intent.id)) this.#intents.set(intent.id, intent)
  }

  async changeIntent(id: string, from: string, to: string): Promise<boolean> {
    const intent = this.#intents.get(id)
    if (intent?.state !== from) return false
    this.#intents.set(id, { ...intent, state: to })
    return true
  }

  async removeIntent(id: string): Promise<void> {
    this.#intents.delete(id)
  }

  async listIntents(): Promise<StoredIntent[]> {
    return [...this.#intents.values()]
  }
}

/**
 * What a journal asks of its database. Two implementations pass one conformance suite (test/conformance/journal-store.ts):
 * DynamoDB's, and the simulation's, which fails in every way that DynamoDB may.
 *
 * Reads are strongly consistent item by item: a read shows every transaction that was answered before the read began,
 * and of one that was not yet answered possibly some items and not others.
 *
 * Every call makes one attempt and may throw {@link StoreError}; anything else it throws is a defect, not to be retried.
 */
export interface JournalStore {
  /** The heads of those journals that exist. */
  readHeads(journals: readonly string[]): Promise<ReadonlyMap<string, Head>>
  /**
   * Entries with versions in (after, upTo], ascending, one page of them: fewer than asked for does not mean that there
   * are no more, none at all does.
   */
  readEntries(journal: string, range: EntryRange): Promise<StoredEntry[]>
  /** All or nothing. A refusal says which intents were not in the state they were taken in; otherwise a head has moved on. */
  commit(transaction: Transaction): Promise<CommitOutcome>
  /** Points the head at a base, unless it has one as new or is of another epoch. */
  setBase(journal: string, epoch: string, base: BaseReference): Promise<void>
  /** Nothing happens where there is an intent with this id. */
  putIntent(intent: StoredIntent): Promise<void>
  /** Whether the intent was in state `from` and is now in `to`. */
  changeIntent(id: string, from: string, to: string): Promise<boolean>
  removeIntent(id: string): Promise<void>
  listIntents(): Promise<StoredIntent[]>
}

/** How far a journal is, and what every reader and writer must know before it uses its entries. All but `base` change only together with `version`. */
export interface Head {
  readonly version: number
  /** Renewed when the table is restored: versions of different epochs are of different branches. */
  readonly epoch: string
  readonly lease: Lease
  readonly base: BaseReference | undefined
  /** A sealed journal takes no more entries. */
  readonly sealed: boolean
}

/** The lease of a journal (docs/architecture.md), ms. `waitMs` exceeds `leaseMs` while leases of a former, longer L may be out. */
export interface Lease {
  /** How long a state may serve after a read confirmed it. */
  readonly leaseMs: number
  /** How long writers wait for all leases to have run out. */
  readonly waitMs: number
  /** The version that made it so. */
  readonly sinceVersion: number
}

export interface BaseReference {
  readonly epoch: string
  readonly version: number
}

export interface EntryRange {
  /** Exclusive; 0 is before the first entry. */
  readonly after: number
  /** Inclusive. */
  readonly upTo: number
  readonly limit?: number
}

/** An entry as it is kept. */
export interface StoredEntry {
  readonly version: number
  readonly format: number
  readonly commitId: string
  readonly who: string
  /** ISO 8601, by the writer's wall clock: for people, never for decisions. */
  readonly when: string
  /** The stored form of the events (model/json.ts) as JSON text. */
  readonly eventsJson: string
}

/** Something that must be finished even if the one who began it dies. `createdMs` is by its writer's wall clock. */
export interface StoredIntent {
  readonly id: string
  readonly state: string
  readonly createdMs: number
  readonly bodyJson: string
}

export interface Transaction {
  readonly writes: readonly JournalWrite[]
  readonly putIntents: readonly StoredIntent[]
  /** Removed on condition that they are in this state. */
  readonly takeIntents: readonly { readonly id: string; readonly state: string }[]
}

/** A journal from one version to the next. */
export interface JournalWrite {
  readonly journal: string
  /** The head that the commit was decided on; undefined makes a new journal. */
  readonly from: Pick<Head, 'version' | 'epoch'> | undefined
  readonly to: Omit<Head, 'base'>
  readonly entry: StoredEntry
}

export type CommitOutcome =
  | { readonly status: 'committed' }
  | { readonly status: 'refused'; readonly intents: readonly string[] }

/** DynamoDB's limit for one transaction (AWS, service quotas). */
export const MAX_TRANSACTION_ITEMS = 100

export const transactionItemCount = ({ writes, putIntents, takeIntents }: Transaction): number =>
  2 * writes.length + putIntents.length + takeIntents.length

/**
 * A call that may be made again: `busy` had no effect (throttled, or in conflict with another transaction), `unknown`
 * may have had its effect, or have it yet (timeout, connection lost, 5xx).
 */
export class StoreError extends Error {
  override readonly name = 'StoreError'
  readonly kind: 'busy' | 'unknown'

  constructor(kind: 'busy' | 'unknown', message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.kind = kind
  }
}

import { type BasePolicy, loadBase, saveBase } from './base.ts'
import type { Blobs } from './blobs.ts'
import type { Reading, Timeline } from './clock.ts'
import { decodeEntry } from './entry.ts'
import type { HeadsRead } from './head-reader.ts'
import { type Confirmation, type Demand, isRenewalDue, mayServe } from './lease.ts'
import type { JournalEvent, StateMachine } from './machine.ts'
import { Backoff, READ_BUDGET_MS, retrying, TOPOLOGY_NOT_READ } from './retry.ts'
import type { BaseReference, Head, JournalStore, Lease, StoredEntry } from './store.ts'

/** A state in memory and how far it is. The fields change together, with no await between them. */
export interface Loaded<State> {
  readonly journal: string
  readonly state: State
  readonly epoch: string
  version: number
  /** When this environment first knew that a head shows `version`. */
  firstSeen: Reading
  lease: Lease
  sealed: boolean
  base: BaseReference | undefined
  /** Of the entries applied since `base`. */
  bytesSinceBase: number
  /** The latest read to have begun that found nothing newer; none while the state is being loaded. */
  confirmation: Confirmation | undefined
}

/** Where a replica lives; the same for all replicas of an environment. */
export interface Surroundings {
  readonly store: JournalStore
  readonly blobs: Blobs
  readonly timeline: Timeline
  readonly basePolicy: BasePolicy
}

/**
 * One journal's state in this environment, brought up to the heads that are read and to the commits made here. It never
 * goes beyond a head it was shown: an entry may be visible before its head is, and only a version whose head is visible
 * is safe from being unknown to a later reader.
 */
export class Replica<State, Event extends JournalEvent> {
  readonly journal: string
  readonly #machine: StateMachine<State, Event>
  readonly #surroundings: Surroundings
  #loaded: Loaded<State> | undefined
  /** Ends when the last {@link follow} has: one at a time brings the state forward. */
  #following: Promise<unknown> = Promise.resolve()

  constructor(journal: string, machine: StateMachine<State, Event>, surroundings: Surroundings) {
    this.journal = journal
    this.#machine = machine
    this.#surroundings = surroundings
  }

  /** The state as it is, however old. */
  get latest(): Loaded<State> | undefined {
    return this.#loaded
  }

  /** The state if it may serve the request. Inside a lease it must have reached version `atLeast` too; a read that began after the arrival has nothing newer. */
  usable(demand: Demand, atLeast = 0): Loaded<State> | undefined {
    const loaded = this.#loaded
    if (loaded?.confirmation === undefined) return undefined
    const confirm = demand.confirm || loaded.version < atLeast
    const { timeline } = this.#surroundings
    return mayServe(timeline, loaded.confirmation, { arrival: demand.arrival, confirm }) ? loaded : undefined
  }

  get isRenewalDue(): boolean {
    const confirmation = this.#loaded?.confirmation
    return confirmation !== undefined && isRenewalDue(this.#surroundings.timeline, confirmation)
  }

  /** Brings the state up to the head that was read, which confirms it. The head must be there. */
  follow(read: HeadsRead): Promise<void> {
    const following = this.#following.then(() => this.#bringUpTo(read))
    this.#following = following.catch(() => {})
    return following
  }

  /** Applies an entry that this environment committed on the state as it is; otherwise the next read will bring it. */
  advance(entry: StoredEntry, to: Omit<Head, 'base'>, firstSeen: Reading): void {
    const loaded = this.#loaded
    if (loaded === undefined || loaded.epoch !== to.epoch || loaded.version !== entry.version - 1) return
    this.#apply(loaded, entry, firstSeen)
    loaded.lease = to.lease
    loaded.sealed = to.sealed
  }

  /** Saves a base if one is due. Failing is harmless: another commit will try again. */
  async saveBaseIfDue(): Promise<void> {
    const loaded = this.#loaded
    if (loaded === undefined) return
    const entryCount = loaded.version - (loaded.base?.version ?? 0)
    const { store, blobs, basePolicy } = this.#surroundings
    if (entryCount < basePolicy.entryCount && loaded.bytesSinceBase < basePolicy.sizeBytes) return
    const base = { epoch: loaded.epoch, version: loaded.version }
    // Pointed at before it is saved, in memory only, so that the next commit does not save another.
    loaded.base = base
    loaded.bytesSinceBase = 0
    await saveBase(blobs, this.#machine, this.journal, base, loaded.state)
    await store.setBase(this.journal, loaded.epoch, base)
  }

  async #bringUpTo(read: HeadsRead): Promise<void> {
    const head = read.heads.get(this.journal)
    if (head === undefined) throw new Error(`journal ${this.journal} was not read`)
    if (this.#loaded !== undefined && isOfAnotherBranch(this.#loaded, read, head)) this.#loaded = undefined
    this.#loaded ??= await this.#load(head, read.answered)
    const loaded = this.#loaded
    if (head.version === loaded.version) adopt(loaded, head)
    else await this.#catchUp(loaded, head, read.answered)
    confirm(loaded, { began: read.began, leaseMs: head.lease.leaseMs })
  }

  async #load(head: Head, firstSeen: Reading): Promise<Loaded<State>> {
    const { blobs } = this.#surroundings
    const state = head.base && (await loadBase(blobs, this.#machine, this.journal, head.base))
    const base = state === undefined ? undefined : head.base
    return {
      journal: this.journal,
      state: state ?? this.#machine.initial(),
      epoch: head.epoch,
      version: base?.version ?? 0,
      firstSeen,
      lease: head.lease,
      sealed: head.sealed,
      base,
      bytesSinceBase: 0,
      confirmation: undefined,
    }
  }

  /**
   * Applies entries until the head's version. Entries of one commit and of the next may become visible in any order, so what is
   * applied is the contiguous part of each page, and the rest is read again.
   */
  async #catchUp(loaded: Loaded<State>, head: Head, firstSeen: Reading): Promise<void> {
    const { store, timeline } = this.#surroundings
    const backoff = new Backoff(timeline.clock, READ_BUDGET_MS, TOPOLOGY_NOT_READ)
    while (loaded.version < head.version) {
      const range = { after: loaded.version, upTo: head.version }
      const page = await retrying(timeline.clock, TOPOLOGY_NOT_READ, () => store.readEntries(this.journal, range))
      const before = loaded.version
      for (const entry of page) {
        if (entry.version !== loaded.version + 1) continue
        this.#apply(loaded, entry, firstSeen)
        // With no await between: a commit decided on this version writes the lease that the state says.
        if (loaded.version === head.version) adopt(loaded, head)
      }
      if (loaded.version > before) backoff.reset()
      else await backoff.pause()
    }
  }

  /** A state in which an event could not be applied is of no version at all, so it is dropped. */
  #apply(loaded: Loaded<State>, entry: StoredEntry, firstSeen: Reading): void {
    const { events } = decodeEntry(this.#machine, entry)
    try {
      for (const event of events) this.#machine.apply(loaded.state, event)
    } catch (error) {
      if (this.#loaded === loaded) this.#loaded = undefined
      throw error
    }
    loaded.version = entry.version
    loaded.firstSeen = firstSeen
    loaded.bytesSinceBase += entry.eventsJson.length
  }
}

/** Whether the table was restored since: a new epoch, or a head older than a version that was visible before the read. */
function isOfAnotherBranch(loaded: Loaded<unknown>, { began }: HeadsRead, head: Head): boolean {
  if (head.epoch !== loaded.epoch) return true
  return head.version < loaded.version && began.order > loaded.firstSeen.order
}

/** Reads may be answered in another order than they began; the latest to begin says most. */
function confirm(loaded: Loaded<unknown>, confirmation: Confirmation): void {
  if (loaded.confirmation !== undefined && loaded.confirmation.began.order > confirmation.began.order) return
  loaded.confirmation = confirmation
}

/** What a head says beside its version, which the state has reached. */
function adopt(loaded: Loaded<unknown>, { lease, sealed, base }: Head): void {
  loaded.lease = lease
  loaded.sealed = sealed
  if (base !== undefined && base.version > (loaded.base?.version ?? 0)) {
    loaded.base = base
    loaded.bytesSinceBase = 0
  }
}

import { Administration } from './administration.ts'
import { type BasePolicy, DEFAULT_BASE_POLICY } from './base.ts'
import type { Blobs } from './blobs.ts'
import { type Clock, type Reading, Timeline } from './clock.ts'
import type { Transacted, TransactRequest } from './decision.ts'
import type { Entry } from './entry.ts'
import { readHistory, stateAt } from './history.ts'
import { Intents } from './intents.ts'
import { type VisibleVersion, waitForLeases } from './lease.ts'
import type { JournalEvent, StateMachine } from './machine.ts'
import type { Surroundings } from './replica.ts'
import { Replicas, type Versions } from './replicas.ts'
import type { JournalStore } from './store.ts'
import { ACCESS_JOURNAL, MAX_VERSION } from './table.ts'
import { Transactor } from './transactor.ts'

export interface JournalsOptions<Access, AccessEvent extends JournalEvent, Vhost, VhostEvent extends JournalEvent> {
  readonly store: JournalStore
  readonly blobs: Blobs
  readonly clock: Clock
  readonly accessMachine: StateMachine<Access, AccessEvent>
  readonly vhostMachine: StateMachine<Vhost, VhostEvent>
  /** The journals of all vhosts that exist. */
  readonly vhostJournals: (access: Access) => readonly string[]
  /** What writers wait beyond a lease; see clock.ts for what it must cover. */
  readonly marginMs?: number
  readonly basePolicy?: BasePolicy
}

const DEFAULT_MARGIN_MS = 50

/** The topology that a request is served from. Valid until the next await: `apply` changes states in place. */
export interface View<Access, Vhost> {
  readonly access: Access
  /** Undefined where the access state names no such vhost. */
  readonly vhost: Vhost | undefined
  /** By journal id, as they are when this is read: for a later {@link ViewRequest.atLeast}. */
  readonly versions: Versions
}

export interface ViewRequest<Access> {
  /** The id of the vhost's journal, or undefined where there is no such vhost. */
  readonly vhost?: (access: Access) => string | undefined
  /** Whether leases do not count, so that the request sees every change answered before it arrived, and needs no wait by its maker. */
  readonly confirm?: boolean
  /** Versions that an earlier step of the same request, or of the same connection, was decided on. */
  readonly atLeast?: Versions
}

/**
 * The topology of one broker, as one environment reads and changes it. Created once per environment.
 *
 * The promise: a request that arrives after a change was answered, which is after {@link Journals.settled}, is served
 * from states that contain it, in whatever environment.
 */
export class Journals<Access, AccessEvent extends JournalEvent, Vhost, VhostEvent extends JournalEvent> {
  readonly intents: Intents
  readonly #options: JournalsOptions<Access, AccessEvent, Vhost, VhostEvent>
  readonly #timeline: Timeline
  readonly #surroundings: Surroundings
  readonly #marginMs: number
  readonly #replicas: Replicas<Access, AccessEvent, Vhost, VhostEvent>
  readonly #transactor: Transactor<Access, AccessEvent, Vhost, VhostEvent>
  readonly #administration: Administration<Access, AccessEvent, Vhost, VhostEvent>

  constructor(options: JournalsOptions<Access, AccessEvent, Vhost, VhostEvent>) {
    const { store, blobs, clock, accessMachine, vhostMachine, vhostJournals } = options
    const { marginMs = DEFAULT_MARGIN_MS, basePolicy = DEFAULT_BASE_POLICY } = options
    this.#options = options
    this.#marginMs = marginMs
    this.#timeline = new Timeline(clock)
    this.#surroundings = { store, blobs, timeline: this.#timeline, basePolicy }
    this.#replicas = new Replicas(accessMachine, vhostMachine, this.#surroundings)
    this.#transactor = new Transactor(this.#replicas, this.#surroundings, marginMs)
    this.#administration = new Administration(
      this.#replicas,
      this.#transactor,
      vhostJournals,
      this.#surroundings,
      marginMs,
    )
    this.intents = new Intents(store, clock)
  }

  /** To be taken the moment a request arrives. */
  arrival(): Reading {
    return this.#timeline.now()
  }

  /** Whether there is an access journal, without which nothing can be served. Throws `unavailable` as {@link view} does. */
  async isSetUp(): Promise<boolean> {
    const { heads } = await this.#replicas.heads.read([ACCESS_JOURNAL])
    return heads.has(ACCESS_JOURNAL)
  }

  /**
   * The states that may serve a request. Inside their leases nothing is read. Throws `unavailable` when the heads could
   * not be read for 3 s, and where the broker is not set up or a newer release wrote what is to be read.
   */
  async view(arrival: Reading, request: ViewRequest<Access> = {}): Promise<View<Access, Vhost>> {
    const { vhost: vhostOf = () => undefined, confirm = false, atLeast } = request
    const journalsOf = (access: Access) => [vhostOf(access)].filter((journal) => journal !== undefined)
    const { access, vhosts } = await this.#replicas.acquire({ arrival, confirm }, journalsOf, atLeast)
    const [vhost] = vhosts.values()
    return {
      access: access.state,
      vhost: vhost?.sealed ? undefined : vhost?.state,
      get versions() {
        const versions: Record<string, number> = { [access.journal]: access.version }
        for (const { journal, version } of vhosts.values()) versions[journal] = version
        return versions
      },
    }
  }

  /**
   * Decides on confirmed states and commits in one transaction. Resolves once the outcome is known; the answer must wait
   * for {@link settled} with its versions, also where nothing changed.
   *
   * Throws what `decide` threw, a `not-found` only after the lease wait; `unavailable` when the outcome is not known or
   * other writers kept winning; `not-found` where a journal is sealed; EntryTooLargeError.
   */
  transact<R>(request: TransactRequest<Access, Vhost, AccessEvent | VhostEvent, R>): Promise<Transacted<R>> {
    return this.#transactor.transact(request)
  }

  /** The lease wait: resolves when no environment may serve a request from states without these versions. */
  settled(versions: Iterable<VisibleVersion>): Promise<void> {
    return waitForLeases(this.#timeline, versions, this.#marginMs)
  }

  /** The audit trail of a journal: a page of at most `limit` entries after version `after`, ascending; the end is an empty one. */
  entries(
    journal: string,
    { after = 0, limit }: { after?: number; limit?: number } = {},
  ): Promise<Entry<AccessEvent | VhostEvent>[]> {
    const range = { after, upTo: MAX_VERSION, ...(limit !== undefined && { limit }) }
    const { accessMachine, vhostMachine } = this.#options
    return journal === ACCESS_JOURNAL
      ? readHistory(this.#surroundings, accessMachine, journal, range)
      : readHistory(this.#surroundings, vhostMachine, journal, range)
  }

  /** A vhost as it was at a version, made for the caller alone. Throws `not-found` where its journal has no such version. */
  stateAt(journal: string, version: number): Promise<Vhost> {
    return stateAt(this.#surroundings, this.#options.vhostMachine, journal, version)
  }

  /** As {@link stateAt}, of the access journal. */
  accessAt(version: number): Promise<Access> {
    return stateAt(this.#surroundings, this.#options.accessMachine, ACCESS_JOURNAL, version)
  }

  /**
   * Makes the access journal where there is none, with these events; whether this call made it. Then sees to it that
   * leases are `leaseMs` long, which takes as long as leases of another length that may be out. Idempotent.
   */
  async bootstrap(request: {
    leaseMs: number
    commitId: string
    initialAccessEvents: () => readonly AccessEvent[]
  }): Promise<{ created: boolean }> {
    const { leaseMs, commitId, initialAccessEvents } = request
    const created = await this.#administration.createAccess(leaseMs, commitId, initialAccessEvents)
    await this.#administration.changeLease(leaseMs)
    return { created }
  }

  /** To be called once after the table was restored, before it serves: see {@link Head.epoch}. */
  renewEpoch(): Promise<void> {
    return this.#administration.renewEpoch()
  }

  /** Resolves when nothing runs in the background any more: before the process ends, and in tests. */
  idle(): Promise<void> {
    return this.#replicas.idle()
  }
}

import { unavailable } from '../model/errors.ts'
import { Background } from './background.ts'
import type { Reading } from './clock.ts'
import { HeadReader } from './head-reader.ts'
import type { Demand, VisibleVersion } from './lease.ts'
import type { JournalEvent, StateMachine } from './machine.ts'
import { type Loaded, Replica, type Surroundings } from './replica.ts'
import { Backoff, READ_BUDGET_MS, TOPOLOGY_NOT_READ } from './retry.ts'
import type { JournalWrite } from './store.ts'
import { ACCESS_JOURNAL } from './table.ts'

/** States that all may serve one request. */
export interface States<Access, Vhost> {
  readonly access: Loaded<Access>
  /** By journal id. */
  readonly vhosts: ReadonlyMap<string, Loaded<Vhost>>
}

/** The least version per journal id that a state must have reached, so that nobody acts on older than what was decided on. */
export type Versions = Readonly<Record<string, number>>

/** The replicas of one environment, and what keeps them fresh. */
export class Replicas<Access, AccessEvent extends JournalEvent, Vhost, VhostEvent extends JournalEvent> {
  readonly heads: HeadReader
  readonly #background = new Background()
  readonly #surroundings: Surroundings
  readonly #access: Replica<Access, AccessEvent>
  readonly #accessMachine: StateMachine<Access, AccessEvent>
  readonly #vhostMachine: StateMachine<Vhost, VhostEvent>
  readonly #vhosts = new Map<string, Replica<Vhost, VhostEvent>>()
  #isRenewing = false

  constructor(
    accessMachine: StateMachine<Access, AccessEvent>,
    vhostMachine: StateMachine<Vhost, VhostEvent>,
    surroundings: Surroundings,
  ) {
    this.heads = new HeadReader(surroundings.store, surroundings.timeline)
    this.#surroundings = surroundings
    this.#access = new Replica(ACCESS_JOURNAL, accessMachine, surroundings)
    this.#accessMachine = accessMachine
    this.#vhostMachine = vhostMachine
  }

  /** The journals that will be needed, going by an access state that may be too old to say so, or to be asked. */
  guess(journalsOf: (access: Access) => readonly string[]): readonly string[] {
    if (this.#access.latest === undefined) return []
    try {
      return journalsOf(this.#access.latest.state)
    } catch {
      return []
    }
  }

  /**
   * The access state and those of the journals that it names, all fit to serve the request. Inside their leases this
   * reads nothing. Throws `unavailable` when the heads could not be read for 3 s, or a journal not be found for as long.
   */
  async acquire(
    demand: Demand,
    journalsOf: (access: Access) => readonly string[],
    atLeast: Versions = {},
  ): Promise<States<Access, Vhost>> {
    const backoff = new Backoff(this.#surroundings.timeline.clock, READ_BUDGET_MS, TOPOLOGY_NOT_READ)
    for (;;) {
      const states = this.#usable(demand, journalsOf, atLeast)
      if (states !== undefined) {
        this.#renewIfDue(states)
        return states
      }
      const foundAll = await this.#confirm([ACCESS_JOURNAL, ...this.guess(journalsOf)])
      // The transaction that makes a vhost may show its access entry before its head.
      if (!foundAll) await backoff.pause()
    }
  }

  /** Takes in a commit that was made here; `firstSeen` is when its outcome was known. Then saves a base if one is due. */
  advance({ journal, entry, to }: JournalWrite, firstSeen: Reading): void {
    const replica = journal === ACCESS_JOURNAL ? this.#access : this.#vhosts.get(journal)
    if (replica === undefined) return
    replica.advance(entry, to, firstSeen)
    this.#background.run(replica.saveBaseIfDue())
  }

  /** The format in which entries of a journal are written. */
  formatOf(journal: string): number {
    return journal === ACCESS_JOURNAL ? this.#accessMachine.format : this.#vhostMachine.format
  }

  /** Resolves when no renewal and no saving of a base is under way. */
  idle(): Promise<void> {
    return this.#background.idle()
  }

  #usable(
    demand: Demand,
    journalsOf: (access: Access) => readonly string[],
    atLeast: Versions,
  ): States<Access, Vhost> | undefined {
    const access = this.#access.usable(demand, atLeast[ACCESS_JOURNAL])
    if (access === undefined) return undefined
    const vhosts = new Map<string, Loaded<Vhost>>()
    for (const journal of journalsOf(access.state)) {
      const vhost = this.#vhosts.get(journal)?.usable(demand, atLeast[journal])
      if (vhost === undefined) return undefined
      vhosts.set(journal, vhost)
    }
    return { access, vhosts }
  }

  /** Confirms the journals by one read; false where one of them does not exist. */
  async #confirm(journals: readonly string[]): Promise<boolean> {
    const read = await this.heads.read(journals)
    if (!read.heads.has(ACCESS_JOURNAL)) throw unavailable('the broker is not set up yet', { retryAfterS: 1 })
    const found = journals.filter((journal) => read.heads.has(journal))
    await Promise.all(found.map((journal) => this.#replicaOf(journal).follow(read)))
    return found.length === journals.length
  }

  #replicaOf(journal: string): { follow: Replica<Access, AccessEvent>['follow'] } {
    if (journal === ACCESS_JOURNAL) return this.#access
    const known = this.#vhosts.get(journal)
    if (known !== undefined) return known
    const replica = new Replica(journal, this.#vhostMachine, this.#surroundings)
    this.#vhosts.set(journal, replica)
    return replica
  }

  #renewIfDue({ vhosts }: States<Access, Vhost>): void {
    if (this.#isRenewing) return
    const isDue = this.#access.isRenewalDue || [...vhosts.keys()].some((id) => this.#vhosts.get(id)?.isRenewalDue)
    if (!isDue) return
    this.#isRenewing = true
    const renewal = this.#confirm([ACCESS_JOURNAL, ...vhosts.keys()]).finally(() => {
      this.#isRenewing = false
    })
    this.#background.run(renewal)
  }
}

/** The versions that states are at, for the lease wait. */
export const visibleVersions = ({ access, vhosts }: States<unknown, unknown>): VisibleVersion[] =>
  [access, ...vhosts.values()].map(({ journal, version, firstSeen, lease }) => ({
    journal,
    version,
    firstSeen,
    waitMs: lease.waitMs,
  }))

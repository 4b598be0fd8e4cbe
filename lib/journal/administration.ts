import { BrokerError } from '../model/errors.ts'
import { send } from './attempt.ts'
import type { Timeline } from './clock.ts'
import type { Write } from './decision.ts'
import { encodeEntry } from './entry.ts'
import type { HeadsRead } from './head-reader.ts'
import { waitForLeases } from './lease.ts'
import type { JournalEvent } from './machine.ts'
import type { Surroundings } from './replica.ts'
import type { Replicas } from './replicas.ts'
import { Backoff, READ_BUDGET_MS } from './retry.ts'
import type { Head, Lease, Transaction } from './store.ts'
import { ACCESS_JOURNAL } from './table.ts'
import type { Transactor } from './transactor.ts'
import { Unanswered } from './unanswered.ts'

/** What to change of a journal's head; undefined for nothing. Pure: it may be called several times. */
type ChangeOfHead = (
  head: Omit<Head, 'base'>,
  journal: string,
) => Pick<Write<JournalEvent>, 'lease' | 'epoch'> | undefined

/** What concerns all journals at once. Whatever is interrupted here is completed by doing it again. */
export class Administration<Access, AccessEvent extends JournalEvent, Vhost, VhostEvent extends JournalEvent> {
  readonly #replicas: Replicas<Access, AccessEvent, Vhost, VhostEvent>
  readonly #transactor: Transactor<Access, AccessEvent, Vhost, VhostEvent>
  readonly #vhostJournals: (access: Access) => readonly string[]
  readonly #surroundings: Surroundings
  readonly #marginMs: number

  constructor(
    replicas: Replicas<Access, AccessEvent, Vhost, VhostEvent>,
    transactor: Transactor<Access, AccessEvent, Vhost, VhostEvent>,
    vhostJournals: (access: Access) => readonly string[],
    surroundings: Surroundings,
    marginMs: number,
  ) {
    this.#replicas = replicas
    this.#transactor = transactor
    this.#vhostJournals = vhostJournals
    this.#surroundings = surroundings
    this.#marginMs = marginMs
  }

  /** Makes the access journal if there is none; whether this call made it. `initialEvents` is called only where there is none. */
  async createAccess(leaseMs: number, commitId: string, initialEvents: () => readonly AccessEvent[]): Promise<boolean> {
    const { store, timeline } = this.#surroundings
    const backoff = new Backoff(timeline.clock, READ_BUDGET_MS, 'the broker could not be set up')
    const unanswered = new Unanswered<undefined>(this.#surroundings, this.#replicas.heads)
    let transaction: Transaction | undefined
    for (;;) {
      const { heads } = await this.#replicas.heads.read([ACCESS_JOURNAL])
      const earlier = await unanswered.resolve()
      if (earlier !== undefined && earlier !== 'landing') return true
      if (earlier === undefined) {
        if (heads.has(ACCESS_JOURNAL)) return false
        transaction ??= this.#firstTransaction(leaseMs, commitId, initialEvents())
        const outcome = await send(store, transaction)
        if (outcome === 'committed') return true
        if (outcome === 'unknown') unanswered.add({ transaction, result: undefined, decidedOn: [] })
      }
      await backoff.pause()
    }
  }

  /**
   * Makes leases `leaseMs` long. First readers take the new length while writers wait for the longer of both; once all
   * leases of the former length have run out, writers wait for the new one. Each step is an entry, so that a commit
   * decided under the former lease fails if it comes after.
   */
  async changeLease(leaseMs: number): Promise<void> {
    await this.#changeHeads(({ lease }) =>
      lease.leaseMs === leaseMs ? undefined : { lease: { leaseMs, waitMs: Math.max(leaseMs, lease.waitMs) } },
    )
    const { answered, heads } = await this.#readHeads()
    const waiting = Array.from(heads, ([journal, { version, lease }]) => ({
      journal,
      version,
      firstSeen: answered,
      waitMs: hasFormerLeases(lease) ? lease.waitMs : 0,
    }))
    await waitForLeases(this.#surroundings.timeline, waiting, this.#marginMs)
    // Somebody else may have changed the length meanwhile: that change has not been waited for here.
    const isWaitedFor = (journal: string, { sinceVersion }: Lease) => sinceVersion <= (heads.get(journal)?.version ?? 0)
    await this.#changeHeads(({ lease }, journal) =>
      hasFormerLeases(lease) && isWaitedFor(journal, lease)
        ? { lease: { leaseMs: lease.leaseMs, waitMs: lease.leaseMs } }
        : undefined,
    )
  }

  /** Begins a new branch in every journal, so that no environment goes on from what it had cached of the lost one. */
  async renewEpoch(): Promise<void> {
    const epoch = mintId(this.#surroundings.timeline)
    await this.#changeHeads((head) => (head.epoch === epoch ? undefined : { epoch }))
  }

  /** The access journal first: a vhost made after that is made as the access journal then says. */
  async #changeHeads(change: ChangeOfHead): Promise<void> {
    await this.#changeHead(ACCESS_JOURNAL, change)
    const { heads } = await this.#readHeads()
    for (const [journal, head] of heads) {
      if (!head.sealed && change(head, journal) !== undefined) await this.#changeHead(journal, change)
    }
  }

  /** Commits an entry without events. A vhost deleted meanwhile needs no change. */
  async #changeHead(journal: string, change: ChangeOfHead): Promise<void> {
    const { timeline } = this.#surroundings
    try {
      await this.#transactor.transact({
        arrival: timeline.now(),
        who: LEVERET,
        commitId: mintId(timeline),
        journals: () => (journal === ACCESS_JOURNAL ? [] : [journal]),
        decide: ({ heads }) => {
          const head = heads.get(journal)
          const changes = head && change(head, journal)
          return { writes: changes ? [{ journal, events: [], ...changes }] : [], result: undefined }
        },
      })
    } catch (error) {
      if (!(error instanceof BrokerError && error.kind === 'not-found')) throw error
    }
  }

  async #readHeads(): Promise<HeadsRead> {
    const demand = { arrival: this.#surroundings.timeline.now(), confirm: true }
    const { access } = await this.#replicas.acquire(demand, () => [])
    return this.#replicas.heads.read([ACCESS_JOURNAL, ...this.#vhostJournals(access.state)])
  }

  #firstTransaction(leaseMs: number, commitId: string, events: readonly AccessEvent[]): Transaction {
    const { timeline } = this.#surroundings
    const when = new Date(timeline.clock.wallMs()).toISOString()
    const format = this.#replicas.formatOf(ACCESS_JOURNAL)
    const entry = encodeEntry(ACCESS_JOURNAL, { version: 1, format, commitId, who: LEVERET, when, events })
    const to = {
      version: 1,
      epoch: mintId(timeline),
      lease: { leaseMs, waitMs: leaseMs, sinceVersion: 1 },
      sealed: false,
    }
    return { writes: [{ journal: ACCESS_JOURNAL, from: undefined, to, entry }], putIntents: [], takeIntents: [] }
  }
}

const hasFormerLeases = ({ leaseMs, waitMs }: Lease): boolean => waitMs !== leaseMs

/** Who makes the changes that nobody asked for by name. */
const LEVERET = 'leveret'

/** Unique among the epochs and administrative commits of one broker. */
const mintId = ({ clock }: Timeline): string =>
  clock.wallMs().toString(36) + Math.floor(clock.random() * 2 ** 48).toString(36)

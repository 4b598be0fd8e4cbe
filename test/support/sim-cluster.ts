import { STEP_TOLERANCE_MS } from '../../lib/journal/clock.ts'
import { Journals } from '../../lib/journal/journals.ts'
import { ACCESS_JOURNAL } from '../../lib/journal/table.ts'
import { BrokerError, notFound } from '../../lib/model/errors.ts'
import { SimBlobs } from './sim-blobs.ts'
import { SimDatabase } from './sim-database.ts'
import { added, removed, type WordEvent, type Words, wordMachine } from './sim-machine.ts'
import { SimProcess } from './sim-process.ts'
import { type Faults, NO_FAULTS, SimStore } from './sim-store.ts'
import { SimWitness } from './sim-witness.ts'
import { SimWorld } from './sim-world.ts'

type WordJournals = Journals<Words, WordEvent, Words, WordEvent>

/** What one seed makes of the world. */
interface Conditions {
  readonly processCount: number
  readonly leaseMs: number
  readonly faults: Faults
  readonly troubles: (typeof TROUBLES)[number]
  readonly spreadMs: number
  readonly blobLossShare: number
}

/** All but one: a freeze during which the wall clock is set back by less than the freeze lasts shows on neither clock. */
const TROUBLES = ['none', 'freezes', 'wall steps', 'freezes and longer steps back'] as const

const LEASES_MS = [0, 40, 150, 400, 1000] as const
const MARGIN_MS = 50
const WORDS = ['a', 'b', 'c'] as const
const VHOST_COUNT = 3

/** What happened in a run, for the curious and for tests that want to see that something did. */
export interface RunReport {
  commits: number
  noOps: number
  refusals: number
  unavailable: number
  views: number
  crashes: number
  bases: number
}

/** Several environments that read and change journals on one database, under faults, and a witness of what they answer. */
export class SimCluster {
  readonly world: SimWorld
  readonly report: RunReport = { commits: 0, noOps: 0, refusals: 0, unavailable: 0, views: 0, crashes: 0, bases: 0 }
  readonly #database: SimDatabase
  readonly #objects = new Map<string, Uint8Array>()
  readonly #conditions: Conditions
  readonly #untilMs: number
  readonly #witness = new SimWitness()
  #serial = 0

  constructor(seed: number, durationMs = 10_000) {
    this.world = new SimWorld(seed)
    this.#conditions = drawConditions(this.world)
    this.#database = new SimDatabase(this.world, this.#conditions.spreadMs)
    this.#untilMs = durationMs
  }

  /** Runs the whole history. Throws at the first broken promise. */
  async run(): Promise<RunReport> {
    const failures: unknown[] = []
    for (let i = 0; i < this.#conditions.processCount; i += 1) this.#start((error) => failures.push(error))
    await this.world.run()
    if (failures.length > 0) throw failures[0]
    this.#witness.checkHistory(this.#database)
    this.report.bases = this.#objects.size
    return this.report
  }

  get #isOver(): boolean {
    return this.world.nowMs >= this.#untilMs
  }

  /** A new process with three clients; when it crashes, another one takes its place. */
  #start(fail: (error: unknown) => void): void {
    const process = new SimProcess(this.world)
    const journals = this.#openJournals(process)
    for (let client = 0; client < 3; client += 1) this.#useUntilOver(process, journals).catch(fail)
    this.#trouble(process)
    const watch = () => {
      if (process.hasCrashed && !this.#isOver) {
        this.report.crashes += 1
        this.#start(fail)
      } else if (!this.#isOver) this.world.after(100, watch)
    }
    watch()
  }

  #openJournals(process: SimProcess): WordJournals {
    return new Journals({
      store: new SimStore(process, this.#database, () => (this.#isOver ? NO_FAULTS : this.#conditions.faults)),
      blobs: new SimBlobs(process, this.#objects, this.#conditions.blobLossShare),
      clock: process,
      accessMachine: wordMachine,
      vhostMachine: wordMachine,
      vhostJournals: ({ words }) => [...words],
      marginMs: MARGIN_MS,
      basePolicy: { entryCount: 8, sizeBytes: 256 * 1024 },
    })
  }

  #trouble(process: SimProcess): void {
    const { troubles } = this.#conditions
    if (this.#isOver || troubles === 'none') return
    this.world.after(this.world.between(20, 1500), () => {
      const forMs = this.world.between(1, 2500)
      if (troubles === 'wall steps') process.stepWall(this.world.between(-2000, 2000))
      else if (process.freeze(forMs) && troubles === 'freezes and longer steps back') {
        process.stepWall(-forMs - this.world.between(STEP_TOLERANCE_MS + 1, 500))
      }
      this.#trouble(process)
    })
  }

  async #useUntilOver(process: SimProcess, journals: WordJournals): Promise<void> {
    await this.#tolerating(() => this.#bootstrap(journals, this.#conditions.leaseMs))
    while (!this.#isOver) {
      await process.sleep(this.world.between(0, 60))
      await this.#tolerating(() => this.#act(journals))
    }
    await journals.idle()
  }

  /** 503 is an answer like any other: nothing is promised by it. */
  async #tolerating(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      if (!(error instanceof BrokerError && error.kind === 'unavailable')) throw error
      this.report.unavailable += 1
    }
  }

  #act(journals: WordJournals): Promise<void> {
    const choice = this.world.random()
    if (choice < 0.55) return this.#view(journals)
    if (choice < 0.88) return this.#changeWord(journals)
    if (choice < 0.96) return this.#createVhost(journals)
    if (choice < 0.985) return this.#deleteVhost(journals)
    return this.#bootstrap(journals, this.world.pick(LEASES_MS))
  }

  async #bootstrap(journals: WordJournals, leaseMs: number): Promise<void> {
    await journals.bootstrap({
      leaseMs,
      commitId: `bootstrap ${this.#nextSerial()}`,
      initialAccessEvents: () => [],
    })
  }

  async #view(journals: WordJournals): Promise<void> {
    const arrival = journals.arrival()
    const promised = this.#witness.promisedNow()
    const nth = this.#drawVhost()
    const view = await journals.view(arrival, {
      vhost: ({ words }) => [...words][nth],
      confirm: this.world.chance(0.2),
    })
    this.report.views += 1
    for (const [journal, version] of Object.entries(view.versions)) {
      const state = journal === ACCESS_JOURNAL ? view.access : view.vhost
      if (state !== undefined) this.#witness.served({ journal, version }, state, promised)
    }
  }

  /** Adds a word that may be there (a no-op) or removes one that may not (a 404). */
  async #changeWord(journals: WordJournals): Promise<void> {
    const nth = this.#drawVhost()
    const word = this.world.pick(WORDS)
    const adds = this.world.chance(0.6)
    const commitId = `word ${this.#nextSerial()}`
    await this.#transact(
      journals,
      commitId,
      ({ words }) => [...words].slice(nth, nth + 1),
      (vhosts) => {
        const [[journal, vhost] = []] = vhosts
        if (journal === undefined || vhost === undefined) throw notFound()
        if (!adds && !vhost.words.has(word)) throw notFound()
        if (adds && vhost.words.has(word)) return []
        return [{ journal, events: [adds ? added(word) : removed(word)] }]
      },
    )
  }

  async #createVhost(journals: WordJournals): Promise<void> {
    const journal = `vhost ${this.#nextSerial()}`
    await this.#transact(
      journals,
      `create ${journal}`,
      () => [],
      (_vhosts, access) => {
        if (access.words.size >= VHOST_COUNT) return []
        return [
          { journal: ACCESS_JOURNAL, events: [added(journal)] },
          { journal, events: [added('first')], create: true },
        ]
      },
    )
  }

  async #deleteVhost(journals: WordJournals): Promise<void> {
    const commitId = `delete ${this.#nextSerial()}`
    await this.#transact(
      journals,
      commitId,
      ({ words }) => [...words].slice(0, 1),
      (vhosts) => {
        const [journal] = vhosts.keys()
        if (journal === undefined) throw notFound()
        return [
          { journal: ACCESS_JOURNAL, events: [removed(journal)] },
          { journal, events: [], seal: true },
        ]
      },
    )
  }

  async #transact(
    journals: WordJournals,
    commitId: string,
    journalsOf: (access: Words) => string[],
    decide: (
      vhosts: ReadonlyMap<string, Words>,
      access: Words,
    ) => { journal: string; events: WordEvent[]; create?: true; seal?: true }[],
  ): Promise<void> {
    let decidedOn = new Map<string, number>()
    this.#witness.changed(commitId, 'unknown')
    try {
      const { versions, changed } = await journals.transact({
        arrival: journals.arrival(),
        who: 'client',
        commitId,
        journals: journalsOf,
        decide: ({ access, vhosts, heads }) => {
          decidedOn = new Map([...heads].map(([journal, { version }]) => [journal, version]))
          return { writes: decide(vhosts, access), result: undefined }
        },
      })
      this.#witness.changed(commitId, changed ? 'made' : 'refused', changed ? versions : [])
      if (changed) this.report.commits += 1
      else this.report.noOps += 1
      await journals.settled(versions)
      this.#witness.answered([...versions, ...asVersions(decidedOn)])
    } catch (error) {
      if (!(error instanceof BrokerError && error.kind === 'not-found')) throw error
      this.report.refusals += 1
      this.#witness.changed(commitId, 'refused')
      this.#witness.answered(asVersions(decidedOn))
    }
  }

  /** Mostly the first, so that it is busy. */
  #drawVhost(): number {
    return Math.floor(this.world.random() ** 2 * VHOST_COUNT)
  }

  #nextSerial(): number {
    this.#serial += 1
    return this.#serial
  }
}

/** What a decision saw, whoever tells what it was decided on. */
const asVersions = (decidedOn: ReadonlyMap<string, number>) =>
  Array.from(decidedOn, ([journal, version]) => ({ journal, version }))

function drawConditions(world: SimWorld): Conditions {
  const isFaulty = world.chance(0.7)
  const often = () => (isFaulty && world.chance(0.6) ? world.between(0, 0.08) : 0)
  return {
    processCount: 2 + Math.floor(world.between(0, 3)),
    leaseMs: world.pick(LEASES_MS),
    troubles: world.pick(TROUBLES),
    spreadMs: world.pick([0, 5, 60]),
    blobLossShare: world.pick([0, 0.3]),
    faults: {
      lost: often(),
      late: often(),
      unanswered: often(),
      throttled: often(),
      crash: often() / 4,
      longestHopMs: world.pick([2, 10, 80]),
      timeoutMs: 1000,
    },
  }
}

import {
  type BaseReference,
  type CommitOutcome,
  type EntryRange,
  type Head,
  type JournalStore,
  type StoredEntry,
  type StoredIntent,
  StoreError,
  type Transaction,
} from '../../lib/journal/store.ts'
import { entryItem, HEAD_ITEM, INTENTS_PARTITION } from '../../lib/journal/table.ts'
import {
  hasState,
  intentWrite,
  isEntry,
  isHead,
  isIntent,
  type SimDatabase,
  type WriteOutcome,
} from './sim-database.ts'
import type { SimProcess } from './sim-process.ts'
import type { SimWorld } from './sim-world.ts'

/** How likely each fault is per call, and how long things take. */
export interface Faults {
  /** The request never arrives. */
  readonly lost: number
  /** The request arrives after its sender has given up. */
  readonly late: number
  /** The request has its effect and the answer is lost. */
  readonly unanswered: number
  readonly throttled: number
  /** The sender crashes when its request has its effect. */
  readonly crash: number
  readonly longestHopMs: number
  readonly timeoutMs: number
}

export const NO_FAULTS: Faults = {
  lost: 0,
  late: 0,
  unanswered: 0,
  throttled: 0,
  crash: 0,
  longestHopMs: 5,
  timeoutMs: 1000,
}

/** One process's connection to the database, over a network that fails as told. */
export class SimStore implements JournalStore {
  /** How many calls were made, to see that none are. */
  callCount = 0
  readonly #world: SimWorld
  readonly #process: SimProcess
  readonly #database: SimDatabase
  readonly #faults: () => Faults

  constructor(process: SimProcess, database: SimDatabase, faults: () => Faults = () => NO_FAULTS) {
    this.#world = process.world
    this.#process = process
    this.#database = database
    this.#faults = faults
  }

  readHeads(journals: readonly string[]): Promise<ReadonlyMap<string, Head>> {
    return this.#read((momentOf) => {
      const heads = new Map<string, Head>()
      for (const journal of journals) {
        const head = this.#database.valueAt(journal, HEAD_ITEM, momentOf())
        if (isHead(head)) heads.set(journal, head)
      }
      return heads
    })
  }

  readEntries(journal: string, { after, upTo, limit }: EntryRange): Promise<StoredEntry[]> {
    return this.#read((momentOf) => {
      const items = this.#database.itemsOf(journal).filter((item) => item > entryItem(after) && item <= entryItem(upTo))
      const entries = items.map((item) => this.#database.valueAt(journal, item, momentOf())).filter(isEntry)
      return entries.slice(0, Math.min(limit ?? entries.length, 1 + Math.floor(this.#world.between(0, 20))))
    })
  }

  async commit(transaction: Transaction): Promise<CommitOutcome> {
    const outcome = await this.#write(() => this.#database.transact(transaction))
    return outcome.status === 'refused' ? outcome : { status: 'committed' }
  }

  async setBase(journal: string, epoch: string, base: BaseReference): Promise<void> {
    await this.#write(() =>
      this.#database.write([
        {
          partition: journal,
          item: HEAD_ITEM,
          holds: (head) => isHead(head) && head.epoch === epoch && (head.base?.version ?? 0) < base.version,
          next: (head) => (isHead(head) ? { ...head, base } : head),
        },
      ]),
    )
  }

  async putIntent(intent: StoredIntent): Promise<void> {
    await this.#write(() => this.#database.write([intentWrite(intent.id, intent, (current) => current === undefined)]))
  }

  async changeIntent(id: string, from: string, to: string): Promise<boolean> {
    const outcome = await this.#write(() => {
      const intent = this.#database.latest(INTENTS_PARTITION, id)
      const changed = isIntent(intent) ? { ...intent, state: to } : undefined
      return this.#database.write([intentWrite(id, changed, (current) => hasState(current, from))])
    })
    return outcome.status === 'done'
  }

  async removeIntent(id: string): Promise<void> {
    await this.#write(() => this.#database.write([intentWrite(id, undefined, () => true)]))
  }

  listIntents(): Promise<StoredIntent[]> {
    return this.#read((momentOf) =>
      this.#database
        .itemsOf(INTENTS_PARTITION)
        .map((id) => this.#database.valueAt(INTENTS_PARTITION, id, momentOf()))
        .filter(isIntent),
    )
  }

  /** Looks at each item at some moment of its own between the request's arrival and the answer. */
  #read<T>(look: (momentOf: () => number) => T): Promise<T> {
    return this.#call((answer) => {
      const fromMs = this.#world.nowMs
      const untilMs = fromMs + this.#hopMs()
      this.#world.after(untilMs - fromMs, () => answer(look(() => this.#world.between(fromMs, untilMs))))
    })
  }

  async #write(write: () => WriteOutcome): Promise<Exclude<WriteOutcome, { status: 'conflict' }>> {
    const outcome = await this.#call<WriteOutcome>((answer) => {
      const outcome = write()
      const waitMs = outcome.status === 'done' ? outcome.completeMs - this.#world.nowMs : 0
      this.#world.after(waitMs, () => answer(outcome))
    })
    if (outcome.status === 'conflict') throw new StoreError('busy', 'TransactionConflict')
    return outcome
  }

  /** A request on its way there, its effect, and the answer on its way back; each may fail. */
  #call<T>(effect: (answer: (value: T) => void) => void): Promise<T> {
    this.callCount += 1
    const faults = this.#faults()
    const fate = this.#world.random()
    const { lost, late, unanswered, throttled } = faults
    return new Promise((resolve, reject) => {
      const back = (arrive: () => void) => this.#world.after(this.#hopMs(), () => this.#process.deliver(arrive))
      const giveUp = () =>
        this.#world.after(faults.timeoutMs, () =>
          this.#process.deliver(() => reject(new StoreError('unknown', 'timeout'))),
        )
      const take = (answer: (value: T) => void) => {
        if (this.#world.chance(faults.crash)) this.#process.crash()
        effect(answer)
      }
      const there = (delayMs: number, arrive: () => void) => this.#world.after(delayMs, arrive)
      const isAnswered = fate >= lost + late + unanswered
      if (!isAnswered) giveUp()
      if (fate < lost) return
      if (fate < lost + late) return there(faults.timeoutMs * this.#world.between(1, 3), () => take(() => {}))
      if (!isAnswered) return there(this.#hopMs(), () => take(() => {}))
      if (fate < lost + late + unanswered + throttled) {
        return there(this.#hopMs(), () => back(() => reject(new StoreError('busy', 'throttled'))))
      }
      there(this.#hopMs(), () => take((value) => back(() => resolve(value))))
    })
  }

  #hopMs(): number {
    return this.#world.random() * this.#faults().longestHopMs
  }
}

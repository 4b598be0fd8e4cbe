import { entryItem } from '../../lib/journal/table.ts'
import { fromStored } from '../../lib/model/json.ts'
import type { Queue } from '../../lib/model/queue.ts'
import { routableMessage, routeMessage } from '../../lib/routing/route-message.ts'
import type { VhostEvent } from '../../lib/topology/vhost/events.ts'
import { vhostMachine } from '../../lib/topology/vhost/machine.ts'
import type { VhostState } from '../../lib/topology/vhost/state.ts'
import { isEntry, type SimDatabase } from '../support/sim-database.ts'
import { EPOCH_MS } from './sqs/sim-sqs.ts'

/** Where something was published to. */
export interface Destination {
  readonly exchange: string
  readonly routingKey: string
  readonly priority?: number
}

/** How a queue came to be deleted. */
export interface Deletion {
  readonly queue: Queue
  readonly who: string
  /** When it was declared, and deleted, by SQS's clock. */
  readonly declaredMs: number
  readonly deletedMs: number
  /** In force in the end. */
  readonly expiresMs: number | undefined
}

/** The vhost as its journal says it was at each version: what really was in force, whoever has seen how much of it. */
export class TopologyHistory {
  readonly #database: SimDatabase
  readonly #journal: string
  readonly #states: VhostState[] = [vhostMachine.initial()]
  readonly #queueBySqsName = new Map<string, Queue>()
  readonly #keeperBySqsName = new Map<string, string>()
  readonly #declaredMs = new Map<string, number>()
  readonly #deletions: Deletion[] = []
  readonly #lastVersions = new Map<string, number>()

  constructor(database: SimDatabase, journal: string) {
    this.#database = database
    this.#journal = journal
  }

  /** The newest version that was committed, though perhaps nobody can read it yet. */
  get version(): number {
    for (;;) {
      const entry = this.#database.latest(this.#journal, entryItem(this.#states.length))
      if (!isEntry(entry)) return this.#states.length - 1
      const before = this.#states.at(-1) ?? vhostMachine.initial()
      const state = vhostMachine.restore(vhostMachine.snapshot(before))
      for (const event of fromStored(JSON.parse(entry.eventsJson)) as unknown as VhostEvent[]) {
        const atMs = EPOCH_MS + this.#database.writtenAtMs(this.#journal, entryItem(this.#states.length))
        if (event.type === 'queue-declared') this.#note(event.queue, atMs)
        if (event.type === 'queue-deleted') this.#noteDeletion(state, event.id, entry.who, atMs)
        if (event.type === 'dead-letters-opened') this.#keeperBySqsName.set(event.sqsQueue.name, event.id)
        vhostMachine.apply(state, event)
      }
      this.#states.push(state)
    }
  }

  #noteDeletion(state: VhostState, id: string, who: string, deletedMs: number): void {
    const queue = state.queueById(id)
    if (!queue) return
    const declaredMs = this.#declaredMs.get(id) ?? 0
    this.#lastVersions.set(id, this.#states.length - 1)
    this.#deletions.push({ queue, who, declaredMs, deletedMs, expiresMs: state.settingsOf(queue).expiresMs })
  }

  get deletions(): readonly Deletion[] {
    void this.version
    return this.#deletions
  }

  /** The last version that has a queue which was deleted since. */
  lastVersionOf(queueId: string): number | undefined {
    void this.version
    return this.#lastVersions.get(queueId)
  }

  #note(queue: Queue, atMs: number): void {
    this.#declaredMs.set(queue.id, atMs)
    for (const { name } of queue.sqsQueues) this.#queueBySqsName.set(name, queue)
  }

  get latest(): VhostState {
    return this.at(this.version)
  }

  at(version: number): VhostState {
    const state = this.#states[version]
    if (state === undefined) throw new Error(`the vhost has no version ${version}`)
    return state
  }

  /** The declared queue that an SQS queue was made for; undefined where no commit ever took it. */
  queueOf(sqsQueueName: string): Queue | undefined {
    void this.version
    return this.#queueBySqsName.get(sqsQueueName)
  }

  /** The name of a queue that was ever declared. */
  nameOf(queueId: string): string | undefined {
    const version = this.find(0, (state) => state.queueById(queueId) !== undefined)
    return version === undefined ? undefined : this.at(version).queueById(queueId)?.name
  }

  /** The id of the declared queue that keeps its dead letters in an SQS queue. */
  keeperOf(sqsQueueName: string): string | undefined {
    void this.version
    return this.#keeperBySqsName.get(sqsQueueName)
  }

  /** The first version from `least` on that fits. */
  find(least: number, fits: (state: VhostState) => boolean): number | undefined {
    const last = this.version
    for (let version = least; version <= last; version += 1) if (fits(this.at(version))) return version
    return undefined
  }

  /** The SQS queues that a message reaches at a version. */
  targets(version: number, { exchange, routingKey, priority = 0 }: Destination): ReadonlySet<string> {
    const state = this.at(version)
    if (exchange !== '' && state.exchangeByName(exchange) === undefined) return new Set()
    const queues = routeMessage(state, exchange, routableMessage({ routingKey, properties: {}, random: () => 0 }))
    return new Set(queues.map((queue) => sqsNameFor(queue, priority)))
  }
}

/** A queue has one SQS queue, or one for each priority from 0 on. */
export const sqsNameFor = ({ sqsQueues }: Queue, priority: number): string =>
  sqsQueues[Math.min(priority, sqsQueues.length - 1)]?.name ?? ''

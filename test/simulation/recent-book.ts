import type { Publication } from './promises.ts'
import { sqsNameFor } from './topology-history.ts'
import type { Witness } from './witness.ts'

/** The exchange that keeps its last messages, and how many. */
export const KEEPING = 'recent'
const KEPT = 20

interface Kept {
  readonly publication: Publication
  /** The newest version by which it may have been routed; undefined while it is not confirmed. */
  confirmedVersion: number | undefined
  endMs: number
}

/**
 * What is kept of the past comes to queues that are bound later: all of the last messages, and none of other exchanges. One
 * that is confirmed after the queue was bound, though its publish began before, comes to it in one way or the other.
 */
export class RecentBook {
  readonly #witness: Witness
  readonly #kept: Kept[] = []
  /** The labels of messages of one batch and group, in their order. */
  readonly #together: (readonly string[])[] = []

  constructor(witness: Witness) {
    this.#witness = witness
  }

  publishing(publication: Publication): void {
    if (publication.exchange !== KEEPING) return
    this.#kept.push({ publication, confirmedVersion: undefined, endMs: Number.POSITIVE_INFINITY })
  }

  confirmed({ label }: Publication): void {
    const kept = this.#kept.find(({ publication }) => publication.label === label)
    if (!kept || kept.confirmedVersion !== undefined) return
    kept.confirmedVersion = this.#witness.history.version
    kept.endMs = this.#witness.nowMs
  }

  /** What a history brings of a batch to a FIFO queue comes in the order of the batch. */
  confirmedTogether(labels: readonly string[]): void {
    this.#together.push(labels)
  }

  #checkOrder(labels: readonly string[]): void {
    const { ledger } = this.#witness
    const newest = new Map<string, { readonly label: string; readonly serial: number }>()
    for (const label of labels) {
      for (const [name, { serial, sent }] of ledger.replayedTo(label)) {
        const before = newest.get(name)
        if (sent.groupId === undefined) continue
        if (before && before.serial > serial) this.#witness.fail(`${label} overtook ${before.label} in ${name}`)
        newest.set(name, { label, serial })
      }
    }
  }

  /** Each binding, at the version that it came with. */
  checkTheEnd(): void {
    const { history } = this.#witness
    for (const labels of this.#together) this.#checkOrder(labels)
    for (let version = 1; version <= history.version; version += 1) {
      for (const queueId of this.#boundAt(version).difference(this.#boundAt(version - 1))) this.#check(queueId, version)
    }
  }

  #boundAt(version: number): Set<string> {
    const exchange = this.#witness.history.at(version).exchangeByName(KEEPING)
    return new Set(Array.from(exchange?.outgoing.values() ?? [], ({ destination }) => destination.id))
  }

  #check(queueId: string, version: number): void {
    const queue = this.#witness.history.latest.queueById(queueId)
    if (queue === undefined) return
    for (const kept of this.#kept) {
      if (!this.#isOwed(kept, queueId, version) || this.#newerThan(kept) >= KEPT) continue
      const { label, priority = 0 } = kept.publication
      if (this.#witness.ledger.reached(label).has(sqsNameFor(queue, priority))) this.#witness.counts.replayed += 1
      else this.#witness.fail(`${label} did not come to '${queue.name}', which was bound to '${KEEPING}' later`)
    }
  }

  /** Whether its publish began before the binding, which was there until it was confirmed. */
  #isOwed({ publication, confirmedVersion }: Kept, queueId: string, version: number): boolean {
    if (confirmedVersion === undefined || publication.promised >= version) return false
    for (let at = version; at <= confirmedVersion; at += 1) if (!this.#boundAt(at).has(queueId)) return false
    return true
  }

  /** How many may have been put after it, at whatever time the history is read. */
  #newerThan(kept: Kept): number {
    const sinceMs = kept.publication.startMs - this.#witness.toleranceMs
    return this.#kept.filter((other) => other !== kept && other.endMs >= sinceMs).length
  }
}

import { LEVERET } from '../../lib/broker/change.ts'
import type { Deletion } from './topology-history.ts'
import type { Witness } from './witness.ts'

/** Queues that expire: none goes that was used lately, and each goes that is used no more. */
export class UnusedBook {
  readonly #witness: Witness
  readonly #usedMs = new Map<string, number[]>()

  constructor(witness: Witness) {
    this.#witness = witness
  }

  /** A use was answered by a call that began then. */
  used(queueId: string, startMs: number): void {
    this.#usedMs.set(queueId, [...(this.#usedMs.get(queueId) ?? []), startMs])
  }

  checkTheEnd(): void {
    const { history } = this.#witness
    for (const deletion of history.deletions.filter(({ who }) => who === LEVERET)) this.#check(deletion)
    for (const { queue } of history.latest.queues()) {
      if (history.latest.settingsOf(queue).expiresMs === undefined) continue
      this.#witness.fail(`nobody uses '${queue.name}', and it is still there`)
    }
  }

  #check({ queue, declaredMs, deletedMs, expiresMs = Number.POSITIVE_INFINITY }: Deletion): void {
    this.#witness.counts.unused += 1
    const uses = (this.#usedMs.get(queue.id) ?? []).filter((atMs) => atMs <= deletedMs)
    const unusedMs = deletedMs - Math.max(declaredMs, ...uses)
    if (unusedMs >= expiresMs - this.#witness.toleranceMs - SPREAD_MS) return
    this.#witness.fail(`'${queue.name}' was deleted ${unusedMs} ms after it was used`)
  }
}

/** Commits become visible over so long. */
const SPREAD_MS = 100

import { logError } from '../../log.ts'
import type { Settlement } from './source.ts'

interface Entry<D> {
  readonly delivery: D
  readonly settlement: Settlement
  readonly done: (isSettled: boolean) => void
}

/** Settles many deliveries at once; answers for each, in their order, whether it was. */
export type SettleAll<D> = (
  entries: readonly { readonly delivery: D; readonly settlement: Settlement }[],
) => Promise<readonly boolean[]>

/** So many at most are settled at a time: 16 calls of ten. */
const MAX_BATCH = 160

/**
 * Gathers what is settled in one turn, and while a call is under way, so that clients that settle message by message cost
 * as few calls as those that settle many.
 */
export class Settler<D> {
  readonly #settleAll: SettleAll<D>
  #entries: Entry<D>[] = []
  #idle: Promise<void> | undefined

  constructor(settleAll: SettleAll<D>) {
    this.#settleAll = settleAll
  }

  /** Answers for each delivery, in their order, once all are settled or known not to be. */
  settle(deliveries: readonly D[], settlement: Settlement): Promise<readonly boolean[]> {
    const outcomes = deliveries.map(
      (delivery) => new Promise<boolean>((done) => this.#entries.push({ delivery, settlement, done })),
    )
    this.#idle ??= this.#run()
    return Promise.all(outcomes)
  }

  get idle(): Promise<void> | undefined {
    return this.#idle
  }

  async #run(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#entries.length > 0) {
      const batch = this.#entries.splice(0, MAX_BATCH)
      const settled = await this.#settleAll(batch).catch(noneSettled)
      for (const [index, { done }] of batch.entries()) done(settled[index] ?? false)
    }
    this.#idle = undefined
  }
}

function noneSettled(error: unknown): readonly boolean[] {
  logError('deliveries could not be settled: they come again', error)
  return []
}

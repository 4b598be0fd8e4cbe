import type { Held } from '../connection/intake.ts'
import type { Settlement } from '../consuming/source.ts'
import type { Outstanding } from './ledger.ts'

/** What a channel has settled and whose queues do not know yet. */
export class Settling {
  readonly #outstanding: Held
  readonly #underWay = new Set<Promise<unknown>>()

  constructor(outstanding: Held) {
    this.#outstanding = outstanding
  }

  /** Makes room for others at once; the queues are told in the background. */
  settle(entries: readonly Outstanding[], settlement: Settlement): void {
    const byFeed = Map.groupBy(entries, ({ feed }) => feed)
    for (const [feed, some] of byFeed) {
      const settled = feed.settle(
        some.map(({ delivery }) => delivery),
        settlement,
      )
      this.#underWay.add(settled)
      void settled.finally(() => this.#underWay.delete(settled))
      for (const { consumer, delivery } of some) {
        this.#outstanding.bytes -= delivery.message.payload.length
        consumer?.settled()
      }
    }
    for (const feed of byFeed.keys()) feed.wake()
  }

  /** Resolves when the queues know of all that was settled so far. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#underWay)
  }
}

import type { SimWorld } from '../support/sim-world.ts'
import type { Publication } from './promises.ts'
import { EPOCH_MS } from './sqs/sim-sqs.ts'
import type { Witness } from './witness.ts'

/** What an exchange that delays was given, and what its publisher knows of it. Times are by SQS's clock. */
interface Held {
  readonly publication: Publication
  readonly dueMs: number
  /** The version that whoever delivers it must know, once it is due. */
  least: number
  isConfirmed: boolean
  /** How many have begun to take it back. */
  askers: number
  isCancelled: boolean
}

/** The exchange in which messages wait. */
export const DELAYING = 'late'

/**
 * Held messages: none is delivered early, each that was confirmed is delivered in the end whatever dies on the way, and
 * none that was taken back ever is.
 */
export class ScheduledBook {
  readonly #world: SimWorld
  readonly #witness: Witness
  readonly #held = new Map<string, Held>()

  constructor(world: SimWorld, witness: Witness) {
    this.#world = world
    this.#witness = witness
  }

  /** When the last one is due; 0 where there is none. */
  get lastDueMs(): number {
    return Math.max(0, ...Array.from(this.#held.values(), ({ dueMs }) => dueMs))
  }

  publishing(publication: Publication): void {
    const { delayMs = 0, startMs, promised, label } = publication
    const dueMs = startMs + delayMs
    const held = { publication, dueMs, least: promised, isConfirmed: false, askers: 0, isCancelled: false }
    this.#held.set(label, held)
    this.#world.after(Math.max(0, dueMs - this.#witness.toleranceMs - this.#nowMs), () => {
      held.least = Math.max(promised, this.#witness.promised)
    })
  }

  confirmed({ label }: Publication, routed: boolean): void {
    const held = this.#held.get(label)
    if (!held) return
    held.isConfirmed = true
    if (!routed) this.#witness.fail(`${label} is held and was answered as not routed`)
  }

  /** A copy, or a fan-out with one, has come out of the exchange. */
  arrived({ label }: Publication, where: string): void {
    const held = this.#held.get(label)
    if (!held) return
    const earlyMs = held.dueMs - this.#witness.toleranceMs - this.#nowMs
    if (earlyMs > 0) this.#witness.fail(`${label} arrived in ${where} ${earlyMs} ms before it was due`)
    if (held.isCancelled) this.#witness.fail(`${label} arrived in ${where} and had been taken back`)
  }

  /** What a list must show that begins now, unless it is due or taken back meanwhile; and what it must not show. */
  certain(): { readonly held: readonly string[]; readonly gone: ReadonlySet<string> } {
    const held = [...this.#held].filter(([, { isConfirmed, askers }]) => isConfirmed && askers === 0)
    const gone = [...this.#held].filter(([, { isCancelled }]) => isCancelled)
    return { held: held.map(([label]) => label), gone: new Set(gone.map(([label]) => label)) }
  }

  /** The exchange was listed by a call that knew at its beginning what is certain. */
  listed(labels: readonly string[], { held, gone }: ReturnType<ScheduledBook['certain']>): void {
    const strange = labels.filter((label) => !this.#held.has(label) || gone.has(label))
    if (strange.length > 0) this.#witness.fail(`[${strange}] are listed and not held`)
    const missing = held.filter((label) => !labels.includes(label) && !this.#mayBeGone(label))
    if (missing.length > 0) this.#witness.fail(`[${missing}] are held and were not listed`)
  }

  #mayBeGone(label: string): boolean {
    const held = this.#held.get(label)
    return held === undefined || held.askers > 0 || this.#mayBeDue(held.dueMs)
  }

  asked(label: string): void {
    const held = this.#held.get(label)
    if (held) held.askers += 1
  }

  cancelled(label: string): void {
    const held = this.#held.get(label)
    if (!held) return
    held.isCancelled = true
    this.#witness.counts.cancelled += 1
  }

  /** Taking it back was refused because it is gone, or about to be. */
  refusedToCancel(label: string): void {
    const held = this.#held.get(label)
    const isThere = held && held.askers === 1 && !this.#mayBeDue(held.dueMs)
    if (isThere) this.#witness.fail(`${label} is held and cannot be taken back`)
  }

  checkTheEnd(): void {
    for (const [label, { publication, least, isConfirmed, askers }] of this.#held) {
      if (!isConfirmed || askers > 0 || this.#witness.hasReachedAll(label, least, publication)) continue
      this.#witness.fail(`${label} was held, is due, and has not been delivered`)
    }
  }

  #mayBeDue = (dueMs: number): boolean => dueMs <= this.#nowMs + this.#witness.toleranceMs

  get #nowMs(): number {
    return EPOCH_MS + Math.floor(this.#world.nowMs)
  }
}

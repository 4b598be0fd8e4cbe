/** Whoever may be given the next message of a queue. */
export interface Candidate {
  /** Higher is served first while it has credit. */
  readonly priority: number
  /** What it shares a limit with others of: a channel. */
  readonly group: object
  /** How many messages it takes now, by its own limit. */
  credit(): number
  /** How many all of its group take now. */
  groupCredit(): number
}

/**
 * Whom the messages of one queue go to (contract §6): by priority, in turn among equals, to those with credit. Of a queue
 * with a single active consumer all go to one, until it leaves.
 */
export class Dispatcher<C extends Candidate> {
  readonly #isSingleActive: boolean
  /** In the order of their turns; those of higher priority first. */
  #candidates: C[] = []
  #active: C | undefined

  constructor({ isSingleActive }: { readonly isSingleActive: boolean }) {
    this.#isSingleActive = isSingleActive
  }

  get all(): readonly C[] {
    return this.#candidates
  }

  add(candidate: C): void {
    const behind = this.#candidates.findIndex(({ priority }) => priority < candidate.priority)
    this.#candidates.splice(behind < 0 ? this.#candidates.length : behind, 0, candidate)
    this.#active ??= candidate
  }

  remove(candidate: C): void {
    this.#candidates = this.#candidates.filter((other) => other !== candidate)
    if (this.#active === candidate) this.#active = this.#candidates[0]
  }

  /** Whether messages may go to it at all. */
  isActive(candidate: C): boolean {
    return !this.#isSingleActive || candidate === this.#active
  }

  /** How many messages find a taker now. */
  demand(): number {
    const byGroup = Map.groupBy(this.#eligible(), ({ group }) => group)
    let demand = 0
    for (const members of byGroup.values()) {
      const own = members.reduce((sum, member) => sum + Math.max(0, member.credit()), 0)
      demand += Math.max(0, Math.min(own, members[0]?.groupCredit() ?? 0))
    }
    return demand
  }

  /** Who takes the next message; its turn comes again behind those of its priority. Undefined where nobody has credit. */
  next(): C | undefined {
    const chosen = this.#eligible().find((candidate) => candidate.credit() > 0 && candidate.groupCredit() > 0)
    if (chosen !== undefined) this.#moveBehindEquals(chosen)
    return chosen
  }

  #eligible(): readonly C[] {
    if (!this.#isSingleActive) return this.#candidates
    return this.#active === undefined ? [] : [this.#active]
  }

  #moveBehindEquals(candidate: C): void {
    const from = this.#candidates.indexOf(candidate)
    let to = from
    while (this.#candidates[to + 1]?.priority === candidate.priority) to += 1
    if (to === from) return
    this.#candidates.splice(from, 1)
    this.#candidates.splice(to, 0, candidate)
  }
}

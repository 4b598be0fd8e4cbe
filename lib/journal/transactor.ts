import { BrokerError, notFound, unavailable } from '../model/errors.ts'
import { type Attempt, encodeAttempt, send, versionsOf } from './attempt.ts'
import type { DecidableStates, Transacted, TransactRequest } from './decision.ts'
import { type VisibleVersion, waitForLeases } from './lease.ts'
import type { JournalEvent } from './machine.ts'
import type { Surroundings } from './replica.ts'
import { type Replicas, type States, visibleVersions } from './replicas.ts'
import { Backoff } from './retry.ts'
import type { Head } from './store.ts'
import { ACCESS_JOURNAL } from './table.ts'
import { Turns } from './turns.ts'
import { Unanswered } from './unanswered.ts'

/** How long a change is attempted while other writers keep winning, or its outcome stays unknown. */
const COMMIT_BUDGET_MS = 10_000

/** What `decide` threw, and on what. */
interface Refused {
  readonly refusal: unknown
  readonly versions: readonly VisibleVersion[]
}

/** Makes changes: decides on confirmed states and commits, until one attempt is known to have landed, and no other ever will. */
export class Transactor<Access, AccessEvent extends JournalEvent, Vhost, VhostEvent extends JournalEvent> {
  readonly #replicas: Replicas<Access, AccessEvent, Vhost, VhostEvent>
  readonly #surroundings: Surroundings
  readonly #marginMs: number
  readonly #turns = new Turns()

  constructor(
    replicas: Replicas<Access, AccessEvent, Vhost, VhostEvent>,
    surroundings: Surroundings,
    marginMs: number,
  ) {
    this.#replicas = replicas
    this.#surroundings = surroundings
    this.#marginMs = marginMs
  }

  /**
   * See {@link Journals.transact}. `not-found` is an answer that a client acts on as on a success (it is what a repeated
   * delete gets), so it is under the promise and waits for leases as well.
   */
  async transact<R>(request: TransactRequest<Access, Vhost, AccessEvent | VhostEvent, R>): Promise<Transacted<R>> {
    const turn = this.#replicas.guess(request.journals).join() || ACCESS_JOURNAL
    const answer = await this.#turns.take(turn, () => this.#attemptUntilAnswered(request))
    if (!('refusal' in answer)) return answer
    const { refusal, versions } = answer
    if (refusal instanceof BrokerError && refusal.kind === 'not-found') {
      await waitForLeases(this.#surroundings.timeline, versions, this.#marginMs)
    }
    throw refusal
  }

  async #attemptUntilAnswered<R>(
    request: TransactRequest<Access, Vhost, AccessEvent | VhostEvent, R>,
  ): Promise<Transacted<R> | Refused> {
    const { timeline } = this.#surroundings
    const backoff = new Backoff(timeline.clock, COMMIT_BUDGET_MS, 'the change could not be made')
    const unanswered = new Unanswered<R>(this.#surroundings, this.#replicas.heads)
    let { arrival } = request
    for (;;) {
      const answer = await this.#attempt({ ...request, arrival }, unanswered)
      if (answer !== undefined) return answer
      await backoff.pause()
      arrival = timeline.now()
    }
  }

  /** What to answer, or undefined where the change must be attempted again. */
  async #attempt<R>(
    request: TransactRequest<Access, Vhost, AccessEvent | VhostEvent, R>,
    unanswered: Unanswered<R>,
  ): Promise<Transacted<R> | Refused | undefined> {
    const states = await this.#replicas.acquire({ arrival: request.arrival, confirm: true }, request.journals)
    const earlier = await unanswered.resolve()
    if (earlier === 'landing') return undefined
    if (earlier !== undefined) return this.#finish(earlier)
    const attempt = this.#decide(request, states)
    if ('refusal' in attempt || attempt.transaction.writes.length === 0) {
      assertNoneMayLand(unanswered)
      if ('refusal' in attempt) return attempt
      return { result: attempt.result, versions: attempt.decidedOn, changed: false }
    }
    const outcome = await send(this.#surroundings.store, attempt.transaction)
    if (outcome === 'committed') return this.#finish(attempt)
    if (outcome === 'unknown') unanswered.add(attempt)
    if (outcome === 'taken-over' && unanswered.isEmpty) {
      throw unavailable('the work was taken over as unfinished: try again', { retryAfterS: 1 })
    }
    return undefined
  }

  #decide<R>(
    { decide, commitId, who }: TransactRequest<Access, Vhost, AccessEvent | VhostEvent, R>,
    states: States<Access, Vhost>,
  ): Attempt<R> | Refused {
    const when = new Date(this.#surroundings.timeline.clock.wallMs()).toISOString()
    const formatOf = (journal: string) => this.#replicas.formatOf(journal)
    try {
      return encodeAttempt(decide(decidableStates(states)), states, { commitId, who, when, formatOf })
    } catch (refusal) {
      return { refusal, versions: visibleVersions(states) }
    }
  }

  #finish<R>(attempt: Attempt<R>): Transacted<R> {
    const firstSeen = this.#surroundings.timeline.now()
    for (const write of attempt.transaction.writes) this.#replicas.advance(write, firstSeen)
    return { result: attempt.result, versions: versionsOf(attempt, firstSeen), changed: true }
  }
}

/** A sealed journal's vhost is gone, even if the access journal shows that a moment later. */
function decidableStates<Access, Vhost>({ access, vhosts }: States<Access, Vhost>): DecidableStates<Access, Vhost> {
  if ([...vhosts.values()].some(({ sealed }) => sealed)) throw notFound()
  return {
    access: access.state,
    vhosts: new Map([...vhosts].map(([journal, { state }]) => [journal, state])),
    heads: new Map<string, Omit<Head, 'base'>>([[access.journal, access], ...vhosts]),
  }
}

/** Whatever was decided now would be wrong as soon as an earlier attempt lands. */
function assertNoneMayLand(unanswered: Unanswered<unknown>): void {
  if (!unanswered.isEmpty) throw unavailable('whether the change was made is not known', { retryAfterS: 1 })
}

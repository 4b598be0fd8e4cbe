import type { AmqpValue } from '../model/amqp-value.ts'
import { parseStored, toStored } from '../model/json.ts'
import type { Clock } from './clock.ts'
import { retrying } from './retry.ts'
import type { JournalStore, StoredIntent } from './store.ts'

/**
 * `creating`, `deleting`, `changing` and `replaying` are what its maker set out to do; `abandoned`: whoever finishes old intents has taken a
 * `creating` one over, so the commit that would have removed it fails; `ended`: an abandoned one of which nothing is left
 * to be done, and which stays so that no late request brings it back.
 */
export type IntentState = 'creating' | 'deleting' | 'replaying' | 'changing' | 'abandoned' | 'ended'

/** Work outside the database that a commit depends on or leaves behind, kept so that somebody can finish it. */
export interface Intent {
  readonly id: string
  readonly state: IntentState
  readonly createdMs: number
  /** What is to be done, in words of whoever put it. */
  readonly body: AmqpValue
}

const WHAT = 'the list of unfinished work could not be used'

/** Intents outside a commit. Every call throws `unavailable` when the database cannot be used for 3 s. */
export class Intents {
  readonly #store: JournalStore
  readonly #clock: Clock

  constructor(store: JournalStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** Nothing happens where the intent is there already, whatever has become of it: a request may arrive late, or twice. */
  put(intent: Intent): Promise<void> {
    return retrying(this.#clock, WHAT, () => this.#store.putIntent(encodeIntent(intent)))
  }

  /** Takes over a `creating` intent: afterwards no commit can. True too where it was abandoned already, false where it is gone or of another kind. */
  async abandon(id: string): Promise<boolean> {
    if (await retrying(this.#clock, WHAT, () => this.#store.changeIntent(id, 'creating', 'abandoned'))) return true
    // Perhaps it was this call, at an attempt whose answer was lost.
    const intents = await retrying(this.#clock, WHAT, () => this.#store.listIntents())
    return intents.some((intent) => intent.id === id && intent.state === 'abandoned')
  }

  /** Of an abandoned intent nothing is left to be done. Removing it instead would let a late put bring it back, and a late commit take it. */
  async end(id: string): Promise<void> {
    await retrying(this.#clock, WHAT, () => this.#store.changeIntent(id, 'abandoned', 'ended'))
  }

  remove(id: string): Promise<void> {
    return retrying(this.#clock, WHAT, () => this.#store.removeIntent(id))
  }

  async inState(state: IntentState): Promise<Intent[]> {
    const intents = await retrying(this.#clock, WHAT, () => this.#store.listIntents())
    return intents.filter((intent) => intent.state === state).map(decodeIntent)
  }

  /** Those that were made more than `ms` ago, by this environment's wall clock. */
  async olderThan(ms: number): Promise<Intent[]> {
    const intents = await retrying(this.#clock, WHAT, () => this.#store.listIntents())
    const latestMs = this.#clock.wallMs() - ms
    return intents.filter(({ createdMs }) => createdMs < latestMs).map(decodeIntent)
  }
}

export const encodeIntent = ({ body, ...intent }: Intent): StoredIntent => ({
  ...intent,
  bodyJson: JSON.stringify(toStored(body)),
})

const decodeIntent = ({ bodyJson, state, ...intent }: StoredIntent): Intent => ({
  ...intent,
  state: state as IntentState,
  body: parseStored(bodyJson),
})

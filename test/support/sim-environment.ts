import { Journals, type JournalsOptions } from '../../lib/journal/journals.ts'
import type { BrokerError } from '../../lib/model/errors.ts'
import { SimBlobs } from './sim-blobs.ts'
import { SimDatabase } from './sim-database.ts'
import { added, type WordEvent, type Words, wordMachine } from './sim-machine.ts'
import { SimProcess } from './sim-process.ts'
import { type Faults, NO_FAULTS, SimStore } from './sim-store.ts'
import { SimWorld } from './sim-world.ts'

type WordOptions = JournalsOptions<Words, WordEvent, Words, WordEvent>

/** One environment of a {@link SimScene}, with everything that a test may want to turn. */
export interface SimEnvironment {
  readonly process: SimProcess
  readonly store: SimStore
  readonly journals: Journals<Words, WordEvent, Words, WordEvent>
  /** The words of the vhost in a view of now. */
  words(options?: { confirm?: boolean }): Promise<string[]>
  /** Adds a word to the vhost and waits as an answer would. */
  add(word: string): Promise<void>
}

export const VHOST = 'v1'

/** A database that works, unless told otherwise, and environments on it, for tests of single behaviours. */
export class SimScene {
  readonly world = new SimWorld(1)
  readonly database = new SimDatabase(this.world, 3)
  readonly objects = new Map<string, Uint8Array>()
  faults: Faults = NO_FAULTS
  #serial = 0

  open(options: Partial<WordOptions> = {}): SimEnvironment {
    const process = new SimProcess(this.world)
    const store = new SimStore(process, this.database, () => this.faults)
    const journals = new Journals({
      store,
      blobs: new SimBlobs(process, this.objects),
      clock: process,
      accessMachine: wordMachine,
      vhostMachine: wordMachine,
      vhostJournals: ({ words }) => [...words],
      ...options,
    })
    return {
      process,
      store,
      journals,
      async words({ confirm = false } = {}) {
        const vhost = ({ words }: Words) => (words.has(VHOST) ? VHOST : undefined)
        const view = await journals.view(journals.arrival(), { vhost, confirm })
        return [...(view.vhost?.words ?? [])]
      },
      add: async (word) => {
        const { versions } = await journals.transact({
          arrival: journals.arrival(),
          who: 'somebody',
          commitId: this.nextId(),
          journals: () => [VHOST],
          decide: () => ({ writes: [{ journal: VHOST, events: [added(word)] }], result: undefined }),
        })
        await journals.settled(versions)
      },
    }
  }

  /** An environment, and the access journal and one vhost's in place. */
  async openWithVhost(leaseMs: number, options: Partial<WordOptions> = {}): Promise<SimEnvironment> {
    const environment = this.open(options)
    const { journals } = environment
    await journals.bootstrap({ leaseMs, commitId: this.nextId(), initialAccessEvents: () => [] })
    const { versions } = await journals.transact({
      arrival: journals.arrival(),
      who: 'somebody',
      commitId: this.nextId(),
      journals: () => [],
      decide: () => ({
        writes: [
          { journal: 'access', events: [added(VHOST)] },
          { journal: VHOST, events: [], create: true },
        ],
        result: undefined,
      }),
    })
    await journals.settled(versions)
    return environment
  }

  nextId(): string {
    this.#serial += 1
    return `commit ${this.#serial}`
  }

  /** Lets everything happen that `work` needs, and returns what it came to. */
  async play<T>(work: () => Promise<T>): Promise<T> {
    const working = work()
    // Looked at only when the world stands still: a failure on the way is no unhandled one.
    working.catch(() => {})
    await this.world.run()
    return working
  }
}

/** What a promise was rejected with, for tests that look at more than its message. */
export const rejectionOf = (promise: Promise<unknown>): Promise<BrokerError> =>
  promise.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: BrokerError) => error,
  )

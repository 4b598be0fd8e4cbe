import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareQuery, type Query } from './database.ts'
import type { GroupCommit } from './group-commit.ts'

const DELETED_PER_STEP = 500

/** Removes what ended generations left behind, a little per turn of the event loop, across restarts. */
export class Sweeper {
  readonly #commit: GroupCommit
  readonly #swept: (generation: number) => void
  readonly #selectDiscarded: Query<{ readonly id: number }>
  readonly #deleteMessages: StatementSync
  readonly #deleteGroups: StatementSync
  readonly #deleteGeneration: StatementSync
  #isAwake = false

  /** @param swept hears of each generation of which nothing is left */
  constructor(database: DatabaseSync, commit: GroupCommit, swept: (generation: number) => void) {
    this.#commit = commit
    this.#swept = swept
    this.#selectDiscarded = prepareQuery(database, 'SELECT id FROM generations WHERE discarded = 1 LIMIT 1')
    this.#deleteMessages = database.prepare(
      `DELETE FROM messages WHERE seq IN
       (SELECT seq FROM messages INDEXED BY messages_by_visibility WHERE generation = ? LIMIT ${DELETED_PER_STEP})`,
    )
    this.#deleteGroups = database.prepare('DELETE FROM fifo_groups WHERE generation = ?')
    this.#deleteGeneration = database.prepare('DELETE FROM generations WHERE id = ?')
  }

  wake(): void {
    if (this.#isAwake) return
    this.#isAwake = true
    setImmediate(() => this.#step())
  }

  #step(): void {
    this.#commit
      .run(() => this.#sweepSome())
      .then(
        (isMoreLeft) => {
          this.#isAwake = false
          if (isMoreLeft) this.wake()
        },
        () => {
          // The store is closed or cannot be written; the rows are found again at the next purge or start.
          this.#isAwake = false
        },
      )
  }

  #sweepSome(): boolean {
    const generation = this.#selectDiscarded.first()?.id
    if (generation === undefined) return false
    if (Number(this.#deleteMessages.run(generation).changes) === DELETED_PER_STEP) return true
    this.#deleteGroups.run(generation)
    this.#deleteGeneration.run(generation)
    this.#swept(generation)
    return true
  }
}

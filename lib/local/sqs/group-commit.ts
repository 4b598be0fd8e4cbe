import type { DatabaseSync } from 'node:sqlite'
import { SqsError } from './errors.ts'

export interface GroupCommitHooks {
  /** Runs inside the transaction, right before it is committed. */
  beforeCommit(): void
  /** Runs when a transaction was undone: what is remembered of the store outside of it is no longer true. */
  afterRollback(): void
}

interface Settler {
  durable(): void
  undone(error: unknown): void
}

/**
 * One transaction per turn of the event loop. Work runs at once, in the order it arrives; everybody who took part hears
 * of the outcome when the transaction is on disk. While a commit waits for the disk, the next turn's requests gather in
 * the sockets: the slower the disk, the larger the groups.
 *
 * Invariant: work that throws an SqsError has written nothing, so the others' writes stand. Any other error undoes the
 * whole turn and fails everybody in it: nothing half-done is ever committed, and nothing undone is ever confirmed.
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #hooks: GroupCommitHooks
  #settlers: Settler[] = []
  #isOpen = false
  #isClosed = false

  constructor(database: DatabaseSync, hooks: GroupCommitHooks) {
    this.#database = database
    this.#hooks = hooks
  }

  /** Runs `work` in this turn's transaction and settles with its outcome once that is durable. */
  run<T>(work: () => T | PromiseLike<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed) {
        reject(new Error('the SQS engine is closed'))
        return
      }
      try {
        this.#begin()
        const outcome = work()
        this.#settlers.push({ durable: () => resolve(outcome), undone: reject })
      } catch (error) {
        if (error instanceof SqsError) {
          this.#settlers.push({ durable: () => reject(error), undone: reject })
          return
        }
        this.#rollBack(error)
        reject(error)
      }
    })
  }

  /** From within the transaction: what to do when it is durable, or undone. */
  onSettled(durable: () => void, undone: (error: unknown) => void): void {
    this.#settlers.push({ durable, undone })
  }

  /** Commits what is open. Later work is refused. */
  close(): void {
    this.#commit()
    this.#isClosed = true
  }

  #begin(): void {
    if (this.#isOpen) return
    this.#database.exec('BEGIN IMMEDIATE')
    this.#isOpen = true
    setImmediate(() => this.#commit())
  }

  #commit(): void {
    if (!this.#isOpen) return
    try {
      this.#hooks.beforeCommit()
      this.#database.exec('COMMIT')
    } catch (error) {
      this.#rollBack(error)
      return
    }
    this.#isOpen = false
    for (const settler of this.#takeSettlers()) settler.durable()
  }

  #rollBack(error: unknown): void {
    // SQLite ends the transaction by itself after some failures, a full disk among them.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    this.#isOpen = false
    this.#hooks.afterRollback()
    for (const settler of this.#takeSettlers()) settler.undone(error)
  }

  #takeSettlers(): Settler[] {
    const settlers = this.#settlers
    this.#settlers = []
    return settlers
  }
}

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type DiskSync, NO_SYNC } from './disk-sync.ts'
import { SqsError } from './errors.ts'

export interface GroupCommitHooks {
  /** Runs inside the transaction, right before it is committed. */
  beforeCommit(): void
  /** Runs when a transaction was undone: what is remembered of the store outside of it is no longer true. */
  afterRollback(): void
}

/**
 * What work waits for: `written` survives the end of the process, however it ends, and is on disk a second later; `durable`
 * is on disk, and survives a power failure as well.
 */
export type Until = 'written' | 'durable'

const SYNCED_WITHIN_MS = 1000

interface Settler {
  done(): void
  failed(error: unknown): void
}

/**
 * One transaction per turn of the event loop. Work runs at once, in the order it arrives; everybody who took part hears of
 * the outcome when the transaction is written, or on disk. The loop does not wait for the disk: the next turns commit
 * meanwhile, and share a sync.
 *
 * Invariant: work that throws an SqsError has written nothing, so the others' writes stand. Any other error undoes the
 * whole turn and fails everybody in it: nothing half-done is ever committed, and nothing undone is ever confirmed. What
 * the disk refused may be there or not: nothing is confirmed any more then until the store is opened again.
 */
export class GroupCommit {
  readonly #database: DatabaseSync
  readonly #hooks: GroupCommitHooks
  readonly #disk: DiskSync
  #settlers = noSettlers()
  #isOpen = false
  #isClosed = false
  #diskError: Error | undefined
  readonly #begin: StatementSync
  readonly #end: StatementSync
  /** Armed while there is something written that no sync was asked for. */
  #syncTimer: NodeJS.Timeout | undefined

  /** `disk` syncs what the database writes; the database itself must not have to. */
  constructor(database: DatabaseSync, hooks: GroupCommitHooks, disk: DiskSync = NO_SYNC) {
    this.#database = database
    this.#hooks = hooks
    this.#disk = disk
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#end = database.prepare('COMMIT')
  }

  /** Runs `work` in this turn's transaction and settles with its outcome. */
  run<T>(work: () => T | PromiseLike<T>, until: Until = 'durable'): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      if (this.#isClosed || this.#diskError) {
        reject(this.#diskError ?? new Error('the SQS engine is closed'))
        return
      }
      try {
        this.#open()
        const outcome = work()
        this.#settlers[until].push({ done: () => resolve(outcome), failed: reject })
      } catch (error) {
        if (error instanceof SqsError) {
          this.#settlers[until].push({ done: () => reject(error), failed: reject })
          return
        }
        this.#rollBack(error)
        reject(error)
      }
    })
  }

  /** From within the transaction: what to do when it is written, or undone. */
  onWritten(done: () => void, failed: (error: unknown) => void): void {
    this.#settlers.written.push({ done, failed })
  }

  /** Commits what is open. Later work is refused. */
  close(): void {
    this.#commit()
    this.#isClosed = true
    clearTimeout(this.#syncTimer)
    this.#disk.close()
  }

  #open(): void {
    if (this.#isOpen) return
    this.#begin.run()
    this.#isOpen = true
    setImmediate(() => this.#commit())
  }

  #commit(): void {
    if (!this.#isOpen) return
    try {
      this.#hooks.beforeCommit()
      this.#end.run()
    } catch (error) {
      this.#rollBack(error)
      return
    }
    this.#isOpen = false
    const { written, durable } = this.#takeSettlers()
    for (const settler of written) settler.done()
    if (durable.length > 0) this.#sync(durable)
    else this.#syncTimer ??= setTimeout(() => this.#sync([]), SYNCED_WITHIN_MS).unref()
  }

  #sync(settlers: readonly Settler[]): void {
    clearTimeout(this.#syncTimer)
    this.#syncTimer = undefined
    this.#disk.request(settlers.length, (error) => this.#synced(settlers, error))
  }

  #synced(settlers: readonly Settler[], error: Error | null): void {
    this.#diskError ??= error ?? undefined
    for (const settler of settlers) {
      if (this.#diskError) settler.failed(this.#diskError)
      else settler.done()
    }
  }

  #rollBack(error: unknown): void {
    // SQLite ends the transaction by itself after some failures, a full disk among them.
    if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
    this.#isOpen = false
    this.#hooks.afterRollback()
    const { written, durable } = this.#takeSettlers()
    for (const settler of [...written, ...durable]) settler.failed(error)
  }

  #takeSettlers(): Readonly<Record<Until, Settler[]>> {
    const settlers = this.#settlers
    this.#settlers = noSettlers()
    return settlers
  }
}

const noSettlers = (): Readonly<Record<Until, Settler[]>> => ({ written: [], durable: [] })

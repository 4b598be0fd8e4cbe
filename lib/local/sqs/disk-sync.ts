import { closeSync, fdatasync, fdatasyncSync, openSync } from 'node:fs'

type Done = (error: Error | null) => void

/** Has what was written to a file brought to the disk. */
export interface DiskSync {
  /** Calls back when all that was written before this call is on disk. `waiting`: for how many callers that is. */
  request(waiting: number, done: Done): void
  /** Calls back whoever waits, when it is on disk. Nothing may be requested afterwards. */
  close(): void
}

/**
 * Syncs in a thread beside the event loop, one sync at a time: what is written meanwhile shares the next one. So the slower
 * the disk, the more writes share a sync, and nobody computes less because of it. One caller alone is not handed to the
 * other thread and back, which can take as long as the sync: who comes meanwhile is no longer alone. The file is opened for
 * the first request.
 */
export class FileSync implements DiskSync {
  readonly #path: string
  #fd: number | undefined
  #isBusy = false
  #isClosed = false
  /** Those whom the sync under way is for, and those whom the next one is for. */
  #served: readonly Done[] = []
  #waiting: Done[] = []

  constructor(path: string) {
    this.#path = path
  }

  request(waiting: number, done: Done): void {
    if (waiting === 1 && !this.#isBusy) {
      done(this.#syncNow())
      return
    }
    this.#waiting.push(done)
    if (!this.#isBusy) this.#begin()
  }

  close(): void {
    this.#isClosed = true
    const left = [...this.#served, ...this.#waiting]
    this.#served = []
    this.#waiting = []
    const error = left.length === 0 ? null : this.#syncNow()
    for (const done of left) done(error)
    // The thread that syncs has it still, where one does.
    if (!this.#isBusy) this.#release()
  }

  #syncNow(): Error | null {
    try {
      fdatasyncSync(this.#open())
      return null
    } catch (error) {
      return error as Error
    }
  }

  #begin(): void {
    this.#served = this.#waiting
    this.#waiting = []
    this.#isBusy = true
    try {
      fdatasync(this.#open(), (error) => this.#ended(error))
    } catch (error) {
      setImmediate(() => this.#ended(error as Error))
    }
  }

  #ended(error: Error | null): void {
    this.#isBusy = false
    if (this.#isClosed) {
      this.#release()
      return
    }
    const served = this.#served
    this.#served = []
    if (this.#waiting.length > 0) this.#begin()
    for (const done of served) done(error)
  }

  #open(): number {
    this.#fd ??= openSync(this.#path, 'r+')
    return this.#fd
  }

  #release(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

/** For what is in memory only. */
export const NO_SYNC: DiskSync = {
  request: (_waiting, done) => done(null),
  close: () => undefined,
}

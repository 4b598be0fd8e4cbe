const DEADLINE_MS = 30_000

/** What arrives in order, and those who wait for it. */
export class Mailbox<T> {
  readonly #items: T[] = []
  readonly #waiting: PromiseWithResolvers<T>[] = []
  #end: Error | undefined

  put(item: T): void {
    const waiting = this.#waiting.shift()
    if (waiting === undefined) this.#items.push(item)
    else waiting.resolve(item)
  }

  /** Nothing more will arrive: whoever waits, now or later, is told why. What has arrived may still be taken. */
  end(reason: Error): void {
    this.#end ??= reason
    for (const { reject } of this.#waiting.splice(0)) reject(this.#end)
  }

  /** The next item; `what` is what a complaint says was waited for. */
  async take(what: string, deadlineMs = DEADLINE_MS): Promise<T> {
    const item = this.#items.shift()
    if (item !== undefined) return item
    if (this.#end !== undefined) throw this.#end
    const waiting = Promise.withResolvers<T>()
    this.#waiting.push(waiting)
    const timer = setTimeout(() => this.#giveUp(waiting, `no ${what} within ${deadlineMs} ms`), deadlineMs)
    try {
      return await waiting.promise
    } finally {
      clearTimeout(timer)
    }
  }

  #giveUp(waiting: PromiseWithResolvers<T>, complaint: string): void {
    this.#waiting.splice(this.#waiting.indexOf(waiting), 1)
    waiting.reject(new Error(complaint))
  }

  /** What has arrived so far. */
  takeAll(): T[] {
    return this.#items.splice(0)
  }
}

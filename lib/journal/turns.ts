/**
 * Lets the commits of one environment to one journal go one after another. Correctness does not need it, the
 * database refuses all but one; but n commits at once would make n² attempts.
 */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  async take<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key)
    const turn = before === undefined ? work() : before.then(work)
    const ended = turn.catch(() => {})
    this.#last.set(key, ended)
    try {
      return await turn
    } finally {
      if (this.#last.get(key) === ended) this.#last.delete(key)
    }
  }
}

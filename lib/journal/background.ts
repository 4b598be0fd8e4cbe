/** Work that no answer waits for, and whose failure another attempt makes good. */
export class Background {
  readonly #running = new Set<Promise<unknown>>()

  run(work: Promise<unknown>): void {
    const running: Promise<unknown> = work.catch(() => {}).finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}

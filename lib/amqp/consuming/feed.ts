import { type Candidate, Dispatcher } from './dispatcher.ts'
import type { Delivery, Settlement, Source } from './source.ts'

/** A consumer as its queue sees it. */
export interface Recipient extends Candidate {
  readonly acknowledges: boolean
  deliver(delivery: Delivery): void
  /** The queue is gone. */
  cancelled(): void
}

/**
 * One queue as this gateway consumes it: what its source hands out goes to its recipients. It asks for what has a taker
 * only; where a limit that queues share was used up meanwhile, messages wait here for the next taker.
 */
export class Feed {
  readonly queueId: string
  readonly #dispatcher: Dispatcher<Recipient>
  readonly #source: Source
  #waiting: Delivery[] = []
  /** Whether consumers of this gateway may be given messages: of a queue with a single active one, those of one gateway. */
  #hasTurn = true

  constructor(
    queueId: string,
    options: { readonly isSingleActive: boolean; readonly openSource: (feed: Feed) => Source },
  ) {
    this.queueId = queueId
    this.#dispatcher = new Dispatcher(options)
    this.#source = options.openSource(this)
  }

  get recipients(): readonly Recipient[] {
    return this.#dispatcher.all
  }

  isActive(recipient: Recipient): boolean {
    return this.#hasTurn && this.#dispatcher.isActive(recipient)
  }

  add(recipient: Recipient): void {
    this.#dispatcher.add(recipient)
    this.wake()
  }

  /** What it has in hand stays there, to be settled. */
  remove(recipient: Recipient): void {
    this.#dispatcher.remove(recipient)
    if (this.#dispatcher.all.length === 0) this.#giveBackWaiting()
    this.wake()
  }

  /** There may be more credit than before. */
  wake(): void {
    this.#serveWaiting()
    this.#source.wake()
  }

  get hasTurn(): boolean {
    return this.#hasTurn
  }

  setTurn(hasTurn: boolean): void {
    this.#hasTurn = hasTurn
    if (hasTurn) this.wake()
  }

  get kind(): 'deliver' | 'deliver_no_ack' {
    return this.recipients.some(({ acknowledges }) => acknowledges) ? 'deliver' : 'deliver_no_ack'
  }

  wanted(): number {
    if (!this.#hasTurn) return 0
    return Math.max(0, this.#dispatcher.demand() - this.#waiting.length)
  }

  take(deliveries: readonly Delivery[]): void {
    this.#waiting.push(...deliveries)
    this.#serveWaiting()
    if (this.#dispatcher.all.length === 0) this.#giveBackWaiting()
  }

  /** The queue is gone: whoever consumes it is told. */
  lost(): void {
    for (const recipient of [...this.#dispatcher.all]) {
      this.#dispatcher.remove(recipient)
      recipient.cancelled()
    }
    this.#waiting = []
  }

  get(kind: Parameters<Source['get']>[0]): ReturnType<Source['get']> {
    return this.#source.get(kind)
  }

  settle(deliveries: readonly Delivery[], settlement: Settlement): Promise<readonly boolean[]> {
    return this.#source.settle(deliveries, settlement)
  }

  stop(): Promise<void> {
    this.#giveBackWaiting()
    return this.#source.stop()
  }

  #serveWaiting(): void {
    let served = 0
    while (served < this.#waiting.length) {
      const recipient = this.#dispatcher.next()
      if (recipient === undefined) break
      recipient.deliver(this.#waiting[served] as Delivery)
      served += 1
    }
    if (served > 0) this.#waiting = this.#waiting.slice(served)
  }

  #giveBackWaiting(): void {
    if (this.#waiting.length === 0) return
    const waiting = this.#waiting
    this.#waiting = []
    void this.#source.settle(waiting, 'release')
  }
}

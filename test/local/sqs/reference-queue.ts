/** A queue as SQS describes it, in the fewest words: what the engine is compared with. */
export class ReferenceQueue {
  readonly #isFifo: boolean
  readonly #messages: ReferenceMessage[] = []

  constructor(isFifo: boolean) {
    this.#isFifo = isFifo
  }

  send(body: string, group: string, visibleAt: number): void {
    this.#messages.push({ body, group, visibleAt, receives: 0 })
  }

  /** How many a receive of `max` must answer. */
  countReceivable(now: number, max: number): number {
    return Math.min(max, this.#messages.filter((message) => this.#isReceivable(message, now)).length)
  }

  /** Records that these were received together. @throws if one of them must not have been */
  receive(bodies: readonly string[], visibleAt: number, now: number): number[] {
    const messages = bodies.map((body) => {
      const message = this.#messages.find((candidate) => candidate.body === body)
      if (message === undefined) throw new Error(`${body} was received after it was deleted, or before it was sent`)
      if (!this.#isReceivable(message, now)) throw new Error(`${body} was received while it or its group was hidden`)
      return message
    })
    if (new Set(bodies).size !== bodies.length) throw new Error('a message was received twice at once')
    if (this.#isFifo) this.#assertPrefixes(messages)
    for (const message of messages) {
      message.visibleAt = visibleAt
      message.receives += 1
    }
    return messages.map((message) => message.receives)
  }

  /** Whether this receive of the message still holds it. */
  isHeld(body: string, receive: number, now: number): boolean {
    const message = this.#messages.find((candidate) => candidate.body === body)
    return message !== undefined && message.receives === receive && message.visibleAt > now
  }

  has(body: string): boolean {
    return this.#messages.some((message) => message.body === body)
  }

  delete(body: string): void {
    const index = this.#messages.findIndex((message) => message.body === body)
    if (index >= 0) this.#messages.splice(index, 1)
  }

  setVisibleAt(body: string, visibleAt: number): void {
    for (const message of this.#messages) if (message.body === body) message.visibleAt = visibleAt
  }

  /** Visible, in flight, delayed. */
  counts(now: number): number[] {
    const hidden = this.#messages.filter((message) => message.visibleAt > now)
    const inFlight = hidden.filter((message) => message.receives > 0).length
    return [this.#messages.length - hidden.length, inFlight, hidden.length - inFlight]
  }

  #isReceivable(message: ReferenceMessage, now: number): boolean {
    if (message.visibleAt > now) return false
    if (!this.#isFifo) return true
    return this.#messages.every((other) => other.group !== message.group || other.visibleAt <= now)
  }

  /** Of each group the oldest, in order. */
  #assertPrefixes(received: readonly ReferenceMessage[]): void {
    for (const group of new Set(received.map((message) => message.group))) {
      const got = received.filter((message) => message.group === group)
      const oldest = this.#messages.filter((message) => message.group === group).slice(0, got.length)
      if (got.some((message, i) => message !== oldest[i])) throw new Error(`group ${group} came out of order`)
    }
  }
}

interface ReferenceMessage {
  readonly body: string
  readonly group: string
  visibleAt: number
  receives: number
}

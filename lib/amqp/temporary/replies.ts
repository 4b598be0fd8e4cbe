import type { Message } from '../../model/message.ts'

/** Whoever receives replies without a queue. */
export interface ReplyConsumer {
  readonly vhostId: string
  deliver(message: Message): void
}

/** The consumers of `amq.rabbitmq.reply-to` on this gateway, by the names that replies to them are published to (contract §7). */
export class Replies {
  readonly #consumers = new Map<string, ReplyConsumer>()

  begin(name: string, consumer: ReplyConsumer): void {
    this.#consumers.set(name, consumer)
  }

  end(name: string): void {
    this.#consumers.delete(name)
  }

  /** A reply has come; nobody waits for one to a client that has gone. */
  accept(name: string, message: Message): void {
    this.#consumers.get(name)?.deliver(message)
  }

  vhostIdOf(name: string): string | undefined {
    return this.#consumers.get(name)?.vhostId
  }
}

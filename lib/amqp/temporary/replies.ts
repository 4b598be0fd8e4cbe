import { randomBytes } from 'node:crypto'
import type { Message } from '../../model/message.ts'
import { REPLY_TO } from './reply-address.ts'

/** Whoever receives replies without a queue. */
export interface ReplyConsumer {
  deliver(message: Message): void
}

/** The consumers of `amq.rabbitmq.reply-to` on this gateway, by address (contract §7). */
export class Replies {
  readonly #newAddress: () => string
  readonly #consumers = new Map<string, ReplyConsumer>()

  constructor(newAddress = () => `${REPLY_TO}.${randomBytes(16).toString('base64url')}`) {
    this.#newAddress = newAddress
  }

  /** Where replies to it go from now. */
  begin(consumer: ReplyConsumer): string {
    const address = this.#newAddress()
    this.#consumers.set(address, consumer)
    return address
  }

  end(address: string): void {
    this.#consumers.delete(address)
  }

  /** A reply has come; nobody waits for one to a client that has gone. */
  accept(address: string, message: Message): void {
    this.#consumers.get(address)?.deliver(message)
  }

  isAlive(address: string): boolean {
    return this.#consumers.has(address)
  }
}

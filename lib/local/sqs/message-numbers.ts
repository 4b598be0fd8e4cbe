import type { DatabaseSync, StatementSync } from 'node:sqlite'

const BLOCK = 20_000

/**
 * Numbers messages in the order of their arrival, and none twice, ever, unless its transaction is undone. They are
 * reserved by the block, so that a send writes nothing for its number: when half of a block is used, the next one is
 * reserved in the transaction of that send. So the reservation has been on disk for thousands of messages by the time that
 * the first of its numbers is given out.
 */
export class MessageNumbers {
  readonly #reserve: StatementSync
  readonly #select: () => number
  #last: number
  #reserved: number

  /** To be called outside a transaction, while commits are still durable: a restart leaves out what was reserved. */
  constructor(database: DatabaseSync) {
    this.#reserve = database.prepare('UPDATE message_numbers SET reserved = ?')
    const select = database.prepare('SELECT reserved FROM message_numbers')
    this.#select = () => Number(select.get()?.reserved)
    this.#last = this.#select()
    this.#reserved = this.#last
    this.#reserveBlock()
  }

  /** Inside a transaction. */
  next(): number {
    this.#last += 1
    if (this.#last > this.#reserved - BLOCK / 2) this.#reserveBlock()
    return this.#last
  }

  /** The one that was given out last; 0 where there is none. */
  get last(): number {
    return this.#last
  }

  /** A transaction was undone, and a reservation in it. */
  reload(): void {
    this.#reserved = this.#select()
  }

  #reserveBlock(): void {
    this.#reserved = this.#last + BLOCK
    this.#reserve.run(this.#reserved)
  }
}

import type { Destination } from './topology-history.ts'

/** A promise that was not kept. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

/** What a publisher may say of a message beside where it goes. */
export interface Wishes {
  readonly priority?: number
  /** To be held so long by an exchange that delays, ms. */
  readonly delayMs?: number
  /** Of the messages with the same one, exchanges and queues that deduplicate take one. */
  readonly deduplicationKey?: string
  /** Its own time to live, ms. */
  readonly ttlMs?: number
}

/** One message as its publisher gave it away. */
export interface Publication extends Destination, Wishes {
  readonly label: string
  readonly promised: number
  /** By SQS's clock. */
  readonly startMs: number
  /** It may come again, by a later version and after some of it has arrived: under the same key, or out of a history. */
  readonly isRepeatable?: boolean
}

/** The SQS queues of the broker's own that a witness has to know. */
export interface KnownQueues {
  readonly relay: string
  /** Where SQS moves what was received too often. */
  readonly dead: readonly string[]
}

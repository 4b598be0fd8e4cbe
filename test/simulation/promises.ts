import type { Destination } from './topology-history.ts'

/** A promise that was not kept. */
export class BrokenPromise extends Error {
  override readonly name = 'BrokenPromise'
}

/** One message as its publisher gave it away. */
export interface Publication extends Destination {
  readonly label: string
  readonly promised: number
  /** It may be published again under the same key, by a later version and after some of it has arrived. */
  readonly isRepeatable?: boolean
}

/** The SQS queues of the broker's own that a witness has to know. */
export interface KnownQueues {
  readonly relay: string
  /** Where SQS moves what was received too often. */
  readonly dead: readonly string[]
}

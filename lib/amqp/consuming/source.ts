import type { Message } from '../../model/message.ts'

/** A message that a source has handed out and that is to be settled by it. */
export interface Delivery {
  readonly message: Message
  readonly redelivered: boolean
  /** 1 for the first time. */
  readonly deliveryCount: number
}

/**
 * - `ack`: it is done with;
 * - `discard`: it goes to whoever acknowledges nothing;
 * - `requeue`: it goes back to the queue, for anybody, after the queue's back-off;
 * - `release`: it goes back at once, since whoever had it is gone;
 * - `reject`: it dies in the queue (dead-letter exchange).
 */
export type Settlement = 'ack' | 'discard' | 'requeue' | 'release' | 'reject'

/** Who is given messages: how many it takes at this moment, and where it takes them. */
export interface Demand {
  wanted(): number
  /** Whether they acknowledge what they are given; where some do and others do not, they count as if all did. */
  readonly kind: 'deliver' | 'deliver_no_ack'
  take(deliveries: readonly Delivery[]): void
}

/** Where the messages of one queue come from. Nothing is handed out that was not asked for. */
export interface Source {
  /** There may be demand now. */
  wake(): void
  /** One message, where there is one now, for whoever will settle it or not. */
  get(kind: 'get' | 'get_no_ack'): Promise<{ readonly delivery: Delivery; readonly readyLeft: number } | undefined>
  /** Answers for each delivery, in their order, whether it was settled so; a message that was not comes again. */
  settle(deliveries: readonly Delivery[], settlement: Settlement): Promise<readonly boolean[]>
  /** Hands out no more; resolves when nothing is under way. What is not settled yet still may be. */
  stop(): Promise<void>
}

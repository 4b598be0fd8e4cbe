import type { ReceivedCopy } from '../delivery/received-copy.ts'
import type { Queue } from '../model/queue.ts'
import { expire, isExpired } from './expire.ts'
import type { VhostContext } from './session.ts'

/** What one look into an SQS queue found. */
export interface Findings {
  /** When the first of the copies expires that were seen and stay, ms since 1970; Infinity where none can. */
  readonly earliestMs: number
  readonly hasTakenOut: boolean
  /**
   * What is left that was not seen, or could not be taken out:
   * - `more-expired`: there was no end of expired copies within one look;
   * - `held`: only copies that others have received;
   * - `behind`: copies behind those that were seen, or expired ones that cannot be passed on now.
   */
  readonly unseen: 'none' | 'more-expired' | 'held' | 'behind'
}

const BATCH = 10
/** Longer than a sweep takes: what it looked at does not come twice. */
const VISIBILITY_S = 60
const MAX_COPIES = 1000
/** Standard queues are in rough order only, so one batch without an expired copy does not mean that there are no more. */
const CLEAN_BATCHES = 2
/** One copy that cannot be read does not end a look; where nothing can be passed on, the next ones cannot either. */
const FAILED_BATCHES = 3

/** Takes expired copies out of an SQS queue of `queue`. Throws `MissingQueueError`, and what the SDK throws. */
export const sweepSqsQueue = (
  context: VhostContext,
  queue: Queue,
  sqsQueueName: string,
  budgetMs: number,
): Promise<Findings> => new Sweep(context, queue, sqsQueueName).run(budgetMs)

class Sweep {
  readonly #context: VhostContext
  readonly #queue: Queue
  readonly #sqsQueueName: string
  /** Receipt handles of what is to go back. */
  readonly #kept: string[] = []
  #earliestMs = Number.POSITIVE_INFINITY
  #seenCount = 0
  #takenOutCount = 0
  #isEmpty = false
  #cleanBatches = 0
  /** Batches in a row of which no expired copy could be passed on. */
  #failedBatches = 0
  #hasFailed = false

  constructor(context: VhostContext, queue: Queue, sqsQueueName: string) {
    this.#context = context
    this.#queue = queue
    this.#sqsQueueName = sqsQueueName
  }

  async run(budgetMs: number): Promise<Findings> {
    const { clock } = this.#context.broker
    const endMs = clock.monotonicMs() + budgetMs
    try {
      while (!this.#isDone && this.#seenCount < MAX_COPIES && clock.monotonicMs() < endMs) await this.#step()
    } finally {
      await this.#giveBack()
    }
    const unseen = await this.#unseen()
    return { earliestMs: this.#earliestMs, hasTakenOut: this.#takenOutCount > 0, unseen }
  }

  get #isDone(): boolean {
    return this.#isEmpty || this.#isBlocked || this.#cleanBatches >= CLEAN_BATCHES
  }

  get #isBlocked(): boolean {
    return this.#failedBatches >= FAILED_BATCHES
  }

  async #step(): Promise<void> {
    const { broker } = this.#context
    const { copies, undecodable } = await broker.delivery.receiver.receive(this.#sqsQueueName, {
      queueName: this.#queue.name,
      max: BATCH,
      waitS: broker.config.fullPollWaitS,
      visibilityS: VISIBILITY_S,
    })
    this.#seenCount += copies.length + undecodable.length
    this.#isEmpty = copies.length + undecodable.length === 0
    this.#kept.push(...undecodable.map(({ receiptHandle }) => receiptHandle))
    const nowMs = broker.clock.wallMs()
    const expired = copies.filter((copy) => isExpired(copy, nowMs))
    for (const copy of copies) if (!isExpired(copy, nowMs)) this.#keep(copy)
    this.#cleanBatches = expired.length === 0 ? this.#cleanBatches + 1 : 0
    if (expired.length > 0) await this.#takeOut(expired)
  }

  #keep({ receiptHandle, identity }: ReceivedCopy): void {
    this.#kept.push(receiptHandle)
    this.#earliestMs = Math.min(this.#earliestMs, identity?.expiresAtMs ?? Number.POSITIVE_INFINITY)
  }

  /** To the dead-letter exchange, if there is one, and then out of the queue; what cannot be passed on stays. */
  async #takeOut(expired: readonly ReceivedCopy[]): Promise<void> {
    const failed = await expire(this.#context, this.#queue, this.#sqsQueueName, expired)
    this.#kept.push(...failed)
    this.#takenOutCount += expired.length - failed.length
    this.#hasFailed ||= failed.length > 0
    this.#failedBatches = failed.length === expired.length ? this.#failedBatches + 1 : 0
  }

  async #giveBack(): Promise<void> {
    const changes = this.#kept.map((receiptHandle) => ({ receiptHandle, visibilityS: 0 }))
    await this.#context.broker.delivery.receiver.changeVisibilityBatch(this.#sqsQueueName, changes)
  }

  async #unseen(): Promise<Findings['unseen']> {
    if (!this.#isDone) return 'more-expired'
    if (this.#hasFailed) return 'behind'
    const counts = await this.#context.broker.delivery.counter.countNow(this.#sqsQueueName)
    if (counts.state === 'down') return 'none'
    // An empty receive is no proof: a FIFO queue hands out nothing behind ten copies of a group.
    if (!this.#isEmpty || counts.ready > this.#kept.length) return 'behind'
    return counts.unacknowledged > 0 ? 'held' : 'none'
  }
}

import type { Clock } from '../journal/clock.ts'
import { mapConcurrent } from './concurrent.ts'
import type { SqsApi } from './sqs-client.ts'
import { isMissingQueue } from './sqs-errors.ts'

/** How many messages an SQS queue holds, approximately: SQS adds up what its hosts know. `down`: it does not exist. */
export type QueueCounts =
  | {
      readonly state: 'running'
      /** Visible ones and those that SQS delays. */
      readonly ready: number
      readonly unacknowledged: number
    }
  | { readonly state: 'down' }

/** How many expired counts may lie about before they are cleared away. */
const SWEEP_AT = 1024
const READ_CONCURRENCY = 16

const COUNT_NAMES = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesDelayed',
  'ApproximateNumberOfMessagesNotVisible',
] as const

const DOWN: QueueCounts = Object.freeze({ state: 'down' })

/**
 * Counts of many SQS queues, each read at most once in `cacheMs`: lists are polled every few seconds, and the counts of SQS
 * are not much fresher.
 */
export class QueueCounter {
  readonly #sqs: SqsApi
  readonly #urlOf: (sqsQueueName: string) => string
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #cacheMs: number
  readonly #cache = new Map<string, { readonly readMs: number; readonly counts: QueueCounts }>()

  constructor(
    sqs: SqsApi,
    urlOf: (sqsQueueName: string) => string,
    clock: Pick<Clock, 'monotonicMs'>,
    cacheMs: number,
  ) {
    this.#sqs = sqs
    this.#urlOf = urlOf
    this.#clock = clock
    this.#cacheMs = cacheMs
  }

  /** The counts of SQS queues, in the names' order. Throws what the SDK throws. */
  count(sqsQueueNames: readonly string[]): Promise<readonly QueueCounts[]> {
    this.#sweep()
    return mapConcurrent(sqsQueueNames, READ_CONCURRENCY, (name) => this.#countOf(name))
  }

  /** The counts of one SQS queue as SQS knows them now. Throws what the SDK throws. */
  async countNow(sqsQueueName: string): Promise<QueueCounts> {
    try {
      const attributes = await this.#sqs.getQueueAttributes(this.#urlOf(sqsQueueName), [...COUNT_NAMES])
      const [visible = 0, delayed = 0, notVisible = 0] = COUNT_NAMES.map((name) => Number(attributes[name] ?? 0))
      return { state: 'running', ready: visible + delayed, unacknowledged: notVisible }
    } catch (error) {
      if (isMissingQueue(error)) return DOWN
      throw error
    }
  }

  async #countOf(name: string): Promise<QueueCounts> {
    const cached = this.#cache.get(name)
    const readMs = this.#clock.monotonicMs()
    if (cached !== undefined && readMs - cached.readMs < this.#cacheMs) return cached.counts
    const counts = await this.countNow(name)
    // A queue that is down may be made anew at any moment.
    if (counts.state === 'running') this.#cache.set(name, { readMs, counts })
    return counts
  }

  #sweep(): void {
    if (this.#cache.size < SWEEP_AT) return
    const nowMs = this.#clock.monotonicMs()
    for (const [name, { readMs }] of this.#cache) if (nowMs - readMs >= this.#cacheMs) this.#cache.delete(name)
  }
}

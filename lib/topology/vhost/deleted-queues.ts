import type { Queue } from '../../model/queue.ts'
import type { QueueSettings } from './queue-settings.ts'

/** Of a queue that was deleted, what its messages need that were on their way to a dead-letter exchange by then. */
export interface DeletedQueue {
  readonly queue: Queue
  /** What was in force for it in the end. */
  readonly settings: Pick<QueueSettings, 'deadLetterExchange' | 'deadLetterRoutingKey' | 'deliveryLimit'>
  /** Milliseconds since 1970, by the clock of whoever deleted it. */
  readonly deletedMs: number
}

/** A day longer than SQS keeps a message that it moved (docs/architecture.md, Dead letters). */
const KEPT_MS = 15 * 86_400_000
/** Beyond this the one that was deleted first is forgotten. */
const MAX_KEPT = 1000

/** The queues of a vhost that were deleted within the last days. Time comes with the events: a replay keeps the same ones. */
export class DeletedQueues {
  /** By id, in the order of their deletion. */
  readonly #queues = new Map<string, DeletedQueue>()

  add(deleted: DeletedQueue): void {
    this.#queues.set(deleted.queue.id, deleted)
    for (const { queue, deletedMs } of this.#queues.values()) {
      const isOld = deletedMs < deleted.deletedMs - KEPT_MS
      if (isOld || this.#queues.size > MAX_KEPT) this.#queues.delete(queue.id)
    }
  }

  byId(id: string): DeletedQueue | undefined {
    return this.#queues.get(id)
  }

  bySqsName(sqsQueueName: string): DeletedQueue | undefined {
    return this.all().find(({ queue }) => queue.sqsQueues.some(({ name }) => name === sqsQueueName))
  }

  all(): readonly DeletedQueue[] {
    return [...this.#queues.values()]
  }
}

/** Without what is not set: a snapshot holds values only. */
export function lastSettings({ deadLetterExchange, deadLetterRoutingKey, deliveryLimit }: QueueSettings) {
  return {
    ...(deadLetterExchange !== undefined && { deadLetterExchange }),
    ...(deadLetterRoutingKey !== undefined && { deadLetterRoutingKey }),
    ...(deliveryLimit !== undefined && { deliveryLimit }),
  }
}

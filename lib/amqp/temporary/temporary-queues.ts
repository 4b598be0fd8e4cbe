import type { Broker } from '../../broker/broker.ts'
import type { DeadCopy } from '../../broker/dead-copy.ts'
import { deadLetter } from '../../broker/dead-letter.ts'
import type { VhostContext } from '../../broker/session.ts'
import { logError } from '../../log.ts'
import type { DeathReason } from '../../model/death.ts'
import type { Queue } from '../../model/queue.ts'
import type { Feed } from '../consuming/feed.ts'
import type { FedQueue } from '../consuming/feeds.ts'
import { type MemorySettings, MemorySource } from './memory-source.ts'

export interface TemporaryQueuesOptions {
  readonly broker: Broker
  /** The vhost as it was seen last. */
  readonly contextOf: (vhostId: string) => VhostContext
  /** Nobody used the queue for as long as it expires after. */
  readonly onExpired: (queue: FedQueue) => Promise<void>
}

interface Temporary extends FedQueue {
  readonly source: MemorySource
  readonly demand: Feed
  /** Until it expires. */
  timer: NodeJS.Timeout | undefined
}

/** The queues whose messages live in this process, by their id. */
export class TemporaryQueues {
  readonly #options: TemporaryQueuesOptions
  readonly #queues = new Map<string, Temporary>()

  constructor(options: TemporaryQueuesOptions) {
    this.#options = options
  }

  open({ vhostId, queue }: FedQueue, demand: Feed): MemorySource {
    const { statistics } = this.#options.broker
    const source = new MemorySource({
      settings: () => this.#settingsOf(vhostId, queue),
      demand,
      nowMs: () => this.#options.broker.clock.wallMs(),
      onDelivered: (kind, deliveries) => {
        const redelivered = deliveries.filter((delivery) => delivery.redelivered).length
        statistics.delivered(vhostId, queue.id, kind, deliveries.length, redelivered)
      },
      onAcknowledged: (count) => statistics.acknowledged(vhostId, queue.id, count),
      bury: (copies, reason) => this.#bury(vhostId, queue, copies, reason),
    })
    this.#queues.set(queue.id, { vhostId, queue, source, demand, timer: undefined })
    this.used(queue)
    return source
  }

  /** A message has come for one of them; whether there is one. */
  accept(queueId: string, copy: DeadCopy): boolean {
    const temporary = this.#queues.get(queueId)
    temporary?.source.accept(copy)
    return temporary !== undefined
  }

  get all(): readonly (FedQueue & { readonly source: MemorySource })[] {
    return [...this.#queues.values()]
  }

  vhostIdOf(queueId: string): string | undefined {
    return this.#queues.get(queueId)?.vhostId
  }

  /** The queue was declared or got from: it expires after its time from now, unless somebody consumes it then. */
  used({ id }: Pick<Queue, 'id'>): void {
    const temporary = this.#queues.get(id)
    if (!temporary) return
    clearTimeout(temporary.timer)
    const { vhostId, queue } = temporary
    const { expiresMs } = this.#options.contextOf(vhostId).vhost.settingsOf(queue)
    temporary.timer = expiresMs === undefined ? undefined : setTimeout(() => this.#expire(temporary), expiresMs)
  }

  #expire(temporary: Temporary): void {
    if (temporary.demand.recipients.length > 0) {
      this.used(temporary.queue)
      return
    }
    this.#options.onExpired(temporary).catch((error: unknown) => {
      logError('an unused queue could not be deleted', error, { queue: temporary.queue.name })
    })
  }

  readyCount({ id }: Pick<Queue, 'id'>): number {
    return this.#queues.get(id)?.source.readyCount ?? 0
  }

  isEmpty({ id }: Pick<Queue, 'id'>): boolean {
    const source = this.#queues.get(id)?.source
    return source === undefined || source.readyCount + source.heldCount === 0
  }

  /** Removes what is ready; answers how many messages that were. */
  purge({ id }: Pick<Queue, 'id'>): number {
    return this.#queues.get(id)?.source.purge() ?? 0
  }

  forget(queueId: string): void {
    clearTimeout(this.#queues.get(queueId)?.timer)
    this.#queues.delete(queueId)
  }

  #settingsOf(vhostId: string, queue: Queue): MemorySettings {
    const { maxLength, maxLengthBytes, overflow, maxPriority } = this.#options
      .contextOf(vhostId)
      .vhost.settingsOf(queue)
    return {
      maxLength,
      maxLengthBytes,
      keepsOldest: overflow !== undefined && overflow !== 'drop-head',
      maxPriority: maxPriority ?? 0,
    }
  }

  async #bury(vhostId: string, queue: Queue, copies: readonly DeadCopy[], reason: DeathReason): Promise<void> {
    try {
      const context = this.#options.contextOf(vhostId)
      // Without an exchange for them they go with the queue, which nobody looks into afterwards.
      if (context.vhost.settingsOf(queue).deadLetterExchange === undefined) return
      await deadLetter(context, queue, copies, reason)
    } catch (error) {
      logError('messages of a temporary queue could not be dead-lettered', error, { queue: queue.name })
    }
  }
}

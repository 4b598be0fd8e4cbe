import type { Broker } from '../../broker/broker.ts'
import { type DeadCopy, deadLetter } from '../../broker/dead-letter.ts'
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
}

/** The queues whose messages live in this process, by their id. */
export class TemporaryQueues {
  readonly #options: TemporaryQueuesOptions
  readonly #sources = new Map<string, MemorySource>()

  constructor(options: TemporaryQueuesOptions) {
    this.#options = options
  }

  open({ vhostId, queue }: FedQueue, demand: Feed): MemorySource {
    const source = new MemorySource({
      settings: () => this.#settingsOf(vhostId, queue),
      demand,
      nowMs: () => this.#options.broker.clock.wallMs(),
      bury: (copies, reason) => this.#bury(vhostId, queue, copies, reason),
    })
    this.#sources.set(queue.id, source)
    return source
  }

  /** A message has come for one of them; whether there is one. */
  accept(queueId: string, copy: DeadCopy): boolean {
    const source = this.#sources.get(queueId)
    source?.accept(copy)
    return source !== undefined
  }

  readyCount({ id }: Pick<Queue, 'id'>): number {
    return this.#sources.get(id)?.readyCount ?? 0
  }

  isEmpty({ id }: Pick<Queue, 'id'>): boolean {
    const source = this.#sources.get(id)
    return source === undefined || source.readyCount + source.heldCount === 0
  }

  /** Removes what is ready; answers how many messages that were. */
  purge({ id }: Pick<Queue, 'id'>): number {
    return this.#sources.get(id)?.purge() ?? 0
  }

  forget(queueId: string): void {
    this.#sources.delete(queueId)
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

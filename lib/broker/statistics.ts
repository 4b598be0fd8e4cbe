import { MAX_COUNTED, type StatisticsBatch } from '../delivery/statistics-item.ts'
import type { Clock } from '../journal/clock.ts'
import {
  type CountedObjects,
  type CountName,
  type MessageCounts,
  noCounts,
  nothingCounted,
} from '../model/message-counts.ts'
import type { Queue } from '../model/queue.ts'

/** How a message was handed out: to who asked for it or to a consumer, and whether it is to be settled. */
export type DeliveryKind = Extract<CountName, 'get' | 'get_no_ack' | 'deliver' | 'deliver_no_ack'>

/** What a publisher wants to be told: that its message is stored, and that no queue took it. */
export interface PublishManner {
  readonly isConfirmed: boolean
  readonly isMandatory: boolean
}

/** Of what comes in a request, which is answered with both. */
export const ANSWERED: PublishManner = { isConfirmed: true, isMandatory: true }

const INTERVAL_MS = 60_000

/**
 * What one environment counts of the messages that its doors take in and hand out, whichever doors they are, until it is
 * written down (write-statistics.ts). Counting is a look into two maps. Of more objects than an item may have the counts
 * go to their vhost alone.
 */
export class Statistics {
  readonly #clock: Pick<Clock, 'wallMs' | 'monotonicMs'>
  #counted: CountedObjects = nothingCounted()
  #fromMs = 0
  #toMs = 0
  #taken = { wallMs: Number.NEGATIVE_INFINITY, monotonicMs: Number.NEGATIVE_INFINITY }

  constructor(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>) {
    this.#clock = clock
  }

  /** A message of a client was accepted. The default exchange has no id, and no other is without one. */
  published(vhostId: string, exchangeId: string, isRouted: boolean, manner: PublishManner = ANSWERED): void {
    const vhost = this.#vhost(vhostId)
    if (!vhost) return
    vhost.publish += 1
    if (manner.isConfirmed) vhost.confirm += 1
    if (!isRouted) vhost[manner.isMandatory ? 'return_unroutable' : 'drop_unroutable'] += 1
    const exchange = this.#object(exchangeId || vhostId)
    if (exchange) exchange.publish_in += 1
  }

  /** Copies of a client's message went to queues. */
  copied(vhostId: string, exchangeId: string, queues: readonly Queue[]): void {
    if (!this.#vhost(vhostId)) return
    const exchange = this.#object(exchangeId || vhostId)
    if (exchange) exchange.publish_out += queues.length
    for (const { id } of queues) {
      const queue = this.#object(id)
      if (queue) queue.publish += 1
    }
  }

  /** Messages were handed out, some of which had been before. */
  delivered(vhostId: string, queueId: string, kind: DeliveryKind, count: number, redelivered: number): void {
    this.#add(vhostId, queueId, kind, count)
    this.#add(vhostId, queueId, 'redeliver', redelivered)
  }

  /** Somebody asked for a message and there was none. */
  foundEmpty(vhostId: string, queueId: string): void {
    this.#add(vhostId, queueId, 'get_empty', 1)
  }

  acknowledged(vhostId: string, queueId: string, count: number): void {
    this.#add(vhostId, queueId, 'ack', count)
  }

  /** What was counted since it was taken last, and is not written down anywhere. */
  peek(): StatisticsBatch {
    return { fromMs: this.#fromMs, toMs: this.#toMs, ...this.#counted }
  }

  /** Hands over what was counted, once a minute at most: undefined until then, and where there is nothing. */
  takeIfDue(): StatisticsBatch | undefined {
    // An environment may have been frozen, or its wall clock set back: one of the clocks knows that a minute has passed.
    const { wallMs, monotonicMs } = this.#taken
    const elapsedMs = Math.max(this.#clock.wallMs() - wallMs, this.#clock.monotonicMs() - monotonicMs)
    return elapsedMs < INTERVAL_MS ? undefined : this.take()
  }

  /** Hands over what was counted; undefined where there is nothing. */
  take(): StatisticsBatch | undefined {
    if (this.#counted.vhosts.size === 0) return undefined
    const batch = this.peek()
    this.#counted = nothingCounted()
    this.#taken = { wallMs: this.#clock.wallMs(), monotonicMs: this.#clock.monotonicMs() }
    return batch
  }

  #add(vhostId: string, objectId: string, name: CountName, count: number): void {
    if (count === 0) return
    const vhost = this.#vhost(vhostId)
    if (!vhost) return
    vhost[name] += count
    const object = this.#object(objectId)
    if (object) object[name] += count
  }

  #vhost(id: string): MessageCounts | undefined {
    this.#toMs = this.#clock.wallMs()
    if (this.#counted.vhosts.size === 0) this.#fromMs = this.#toMs
    return countsOf(this.#counted.vhosts, id, MAX_COUNTED.vhosts)
  }

  #object(id: string): MessageCounts | undefined {
    return countsOf(this.#counted.objects, id, MAX_COUNTED.objects)
  }
}

function countsOf(counted: Map<string, MessageCounts>, id: string, max: number): MessageCounts | undefined {
  const known = counted.get(id)
  if (known || counted.size >= max) return known
  const counts = noCounts()
  counted.set(id, counts)
  return counts
}

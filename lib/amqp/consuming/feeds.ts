import type { Broker } from '../../broker/broker.ts'
import { countReady } from '../../broker/queue-counts.ts'
import {
  type DeliverySettlement,
  extendDeliveries,
  type QueueDelivery,
  receiveDeliveries,
  settleDeliveries,
} from '../../broker/receive-deliveries.ts'
import type { VhostContext } from '../../broker/session.ts'
import { viewVhost } from '../../broker/view-vhost.ts'
import type { Queue } from '../../model/queue.ts'
import { isSingleActive } from './consumers.ts'
import { Feed } from './feed.ts'
import type { Source } from './source.ts'
import { type SqsOperations, SqsSource } from './sqs-source.ts'
import { VISIBILITY_S } from './visibility.ts'

/** A queue in a vhost, as a gateway remembers it. */
export interface FedQueue {
  readonly vhostId: string
  readonly queue: Queue
}

export interface FeedsOptions {
  readonly broker: Broker
  /** The vhost as it was seen last. */
  readonly contextOf: (vhostId: string) => VhostContext
  /** Where the messages of queues are that live in this process. */
  readonly openMemory: (queue: FedQueue, feed: Feed) => Source
}

/** The queues that are consumed here, one feed each, by the queue's id. */
export class Feeds {
  readonly #options: FeedsOptions
  readonly #feeds = new Map<string, FedQueue & { readonly feed: Feed }>()

  constructor(options: FeedsOptions) {
    this.#options = options
  }

  get all(): readonly (FedQueue & { readonly feed: Feed })[] {
    return [...this.#feeds.values()]
  }

  /** That of a queue which the session may consume. */
  open({ vhost }: Pick<VhostContext, 'vhost'>, queue: Queue): Feed {
    const known = this.#feeds.get(queue.id)
    if (known) return known.feed
    const fed = { vhostId: vhost.id, queue }
    const feed = new Feed(queue.id, {
      isSingleActive: isSingleActive(queue),
      openSource: (of) => (queue.exclusive ? this.#options.openMemory(fed, of) : this.#openSqs(fed, of)),
    })
    this.#feeds.set(queue.id, { ...fed, feed })
    return feed
  }

  find(queueId: string): Feed | undefined {
    return this.#feeds.get(queueId)?.feed
  }

  /** The queue is gone: its consumers are told, and nothing is taken out of it any more. */
  async lost(queueId: string): Promise<void> {
    const feed = this.find(queueId)
    this.#feeds.delete(queueId)
    feed?.lost()
    await feed?.stop()
  }

  /** Nobody here is in the vhost any more. */
  async leave(vhostId: string): Promise<void> {
    const left = this.all.filter((fed) => fed.vhostId === vhostId)
    for (const { queue } of left) this.#feeds.delete(queue.id)
    await Promise.all(left.map(({ feed }) => feed.stop()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map(({ feed }) => feed.stop()))
    this.#feeds.clear()
  }

  #openSqs(fed: FedQueue, feed: Feed): Source {
    const { clock, config } = this.#options.broker
    const { fullPollWaitS } = config
    return new SqsSource({ operations: this.#operationsOn(fed), demand: feed, clock, fullPollWaitS })
  }

  #operationsOn({ vhostId, queue }: FedQueue): SqsOperations<QueueDelivery> {
    const { broker, contextOf } = this.#options
    return {
      receive: (options) => receiveDeliveries(contextOf(vhostId), queue, { ...options, visibilityS: VISIBILITY_S }),
      settle: async (entries) => {
        const settlements = entries.map(({ delivery, settlement }) => ({ delivery, action: settlement }))
        const failures = await settleDeliveries(await this.#contextFor(vhostId, settlements), queue, settlements)
        return failures.map((failure) => failure === undefined)
      },
      extend: (deliveries) => extendDeliveries(contextOf(vhostId), queue, deliveries, VISIBILITY_S),
      countReady: () => countReady(broker, queue.sqsQueues),
    }
  }

  /** Where messages die, the dead-letter exchange of this moment counts. */
  async #contextFor(vhostId: string, settlements: readonly DeliverySettlement[]): Promise<VhostContext> {
    const { broker, contextOf } = this.#options
    const known = contextOf(vhostId)
    if (!settlements.some(({ action }) => action === 'reject')) return known
    return (await viewVhost(broker, vhostId).catch(() => undefined)) ?? known
  }
}

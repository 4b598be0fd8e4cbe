import { randomBytes } from 'node:crypto'
import type { Broker } from '../broker/broker.ts'
import { queueCounts } from '../broker/queue-counts.ts'
import type { VhostSession } from '../broker/session.ts'
import type { Queue } from '../model/queue.ts'
import { Held } from './connection/intake.ts'
import { Connections } from './connections.ts'
import { Consumers } from './consuming/consumers.ts'
import { Feeds } from './consuming/feeds.ts'
import type { AmqpError } from './errors.ts'
import { Replies } from './temporary/replies.ts'
import { TemporaryQueues } from './temporary/temporary-queues.ts'
import { VhostViews } from './vhost-views.ts'

/** What a client is told of a queue. */
export interface ShownCounts {
  readonly messageCount: number
  readonly consumerCount: number
}

/** What all connections of a gateway share. */
export class GatewayContext {
  readonly id = randomBytes(9).toString('base64url')
  readonly broker: Broker
  readonly views: VhostViews
  readonly temporary: TemporaryQueues
  readonly feeds: Feeds
  readonly consumers: Consumers
  readonly replies: Replies
  readonly connections = new Connections()
  readonly held = new Held()

  constructor(broker: Broker) {
    this.broker = broker
    this.views = new VhostViews(broker)
    const contextOf = this.views.contextOf
    this.temporary = new TemporaryQueues({ broker, contextOf })
    this.feeds = new Feeds({ broker, contextOf, openMemory: (queue, feed) => this.temporary.open(queue, feed) })
    this.consumers = new Consumers()
    this.replies = new Replies()
  }

  /** How many messages are ready, and how many consumers there are. */
  async countsOf(session: VhostSession, queue: Queue): Promise<ShownCounts> {
    const consumerCount = await this.consumers.countOf(queue)
    if (queue.exclusive) return { messageCount: this.temporary.readyCount(queue), consumerCount }
    const counts = await queueCounts(session, [queue])
    return { messageCount: counts.get(queue.id)?.ready ?? 0, consumerCount }
  }

  /** A queue was deleted: its consumers here are told at once. */
  async queueGone({ id }: Pick<Queue, 'id'>): Promise<void> {
    await this.feeds.lost(id)
    this.temporary.forget(id)
  }

  /** Ends everything: connections are told why, and what was in hand is given back. */
  async close(reason: AmqpError): Promise<void> {
    await this.connections.close(reason)
    await this.feeds.stop()
  }
}

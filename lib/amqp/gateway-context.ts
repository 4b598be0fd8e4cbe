import type { Broker } from '../broker/broker.ts'
import { consumerCount } from '../broker/consumer-counts.ts'
import type { InboxCopy } from '../broker/gateway-inbox.ts'
import type { Gateway } from '../broker/gateways.ts'
import { findGateways } from '../broker/live-gateways.ts'
import { queueCounts } from '../broker/queue-counts.ts'
import { isReplyName, replyQueue } from '../broker/reply-queue.ts'
import type { VhostSession } from '../broker/session.ts'
import type { Queue } from '../model/queue.ts'
import { Held } from './connection/intake.ts'
import { Connections } from './connections.ts'
import { Consumers } from './consuming/consumers.ts'
import { Feeds } from './consuming/feeds.ts'
import { AmqpError } from './errors.ts'
import { InboxLoop } from './temporary/inbox-loop.ts'
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
  readonly broker: Broker
  /** The gateway as all others know it. */
  readonly registration: Gateway
  readonly views: VhostViews
  readonly temporary: TemporaryQueues
  readonly feeds: Feeds
  readonly consumers: Consumers
  readonly replies = new Replies()
  readonly connections = new Connections()
  /** On its way from clients to queues. */
  readonly held = new Held()
  /** Delivered to clients and not settled. */
  readonly outstanding = new Held()
  readonly inbox: InboxLoop

  constructor(broker: Broker, registration: Gateway) {
    this.broker = broker
    this.registration = registration
    this.views = new VhostViews(broker)
    const { contextOf } = this.views
    this.temporary = new TemporaryQueues({
      broker,
      contextOf,
      onExpired: async ({ vhostId, queue }) => {
        await this.queueGone(queue)
        await registration.expireQueue(contextOf(vhostId), queue)
      },
    })
    this.feeds = new Feeds({ broker, contextOf, openMemory: (queue, feed) => this.temporary.open(queue, feed) })
    this.consumers = new Consumers(registration, contextOf)
    this.inbox = new InboxLoop(this)
  }

  get id(): string {
    return this.registration.id
  }

  /** How many messages are ready, and how many consumers there are. */
  async countsOf(session: VhostSession, queue: Queue): Promise<ShownCounts> {
    await this.caughtUp(queue)
    const [shown, counts] = await Promise.all([
      consumerCount(this.broker, queue),
      queue.exclusive ? undefined : queueCounts(session, [queue]),
    ])
    const messageCount = counts ? (counts.get(queue.id)?.ready ?? 0) : this.temporary.readyCount(queue)
    return { messageCount, consumerCount: shown }
  }

  /** Waits for what was sent to a queue that lives here. */
  async caughtUp({ exclusive }: Queue): Promise<void> {
    if (exclusive) await this.inbox.caughtUp()
  }

  /** A queue was deleted: its consumers here are told at once. */
  async queueGone({ id }: Pick<Queue, 'id'>): Promise<void> {
    this.temporary.forget(id)
    await this.feeds.lost(id)
  }

  /** The vhost of a queue that lives here; undefined where there is none of this id. */
  vhostIdOf(queueId: string): string | undefined {
    if (isReplyName(queueId)) return this.replies.vhostIdOf(queueId)
    return this.temporary.vhostIdOf(queueId) ?? this.#ownQueue(queueId)?.vhost.id
  }

  /** A message for a queue that lives here has come. */
  accept(copy: InboxCopy): void {
    if (isReplyName(copy.queueId)) {
      this.replies.accept(copy.queueId, copy.envelope.message)
      return
    }
    if (this.temporary.accept(copy.queueId, copy)) return
    // Others may know of a queue, and send to it, before its connection does.
    const context = this.#ownQueue(copy.queueId)
    const queue = context?.vhost.queueById(copy.queueId)
    if (!context || !queue) return
    this.feeds.open(context, queue)
    this.temporary.accept(copy.queueId, copy)
  }

  /** Whether somebody waits for a reply under that name; of another gateway it is known only whether it lives. */
  async isReplyExpected(session: VhostSession, name: string): Promise<boolean> {
    const gateway = replyQueue(session, name)?.exclusive?.gateway
    if (gateway === undefined || gateway === this.id) return this.replies.vhostIdOf(name) === session.vhost.id
    return (await findGateways(this.broker)).live.has(gateway)
  }

  #ownQueue(queueId: string) {
    return this.views.all.find(({ vhost }) => vhost.queueById(queueId)?.exclusive?.gateway === this.id)
  }

  /** Somebody asks for a connection to be closed. */
  closeConnection(id: string, reason: string): void {
    this.connections.all.find(({ ref }) => ref.id === id)?.close(new AmqpError(320, reason))
  }
}

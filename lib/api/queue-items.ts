import { consumerCounts } from '../broker/consumer-counts.ts'
import { type QueueCounts, queueCounts } from '../broker/queue-counts.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import type { Queue } from '../model/queue.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { NODE_NAME } from './identity.ts'
import type { Augmentation } from './list.ts'
import { withRate } from './rates.ts'

/** A queue as the topology has it (contract §1.2), and what else is known of it. */
export type QueueItem = ReturnType<typeof renderQueue> & Readonly<Record<string, unknown>>

export const QUEUE_ORDER = ['vhost', 'name'] as const

/** The queues of these vhosts, each with what stands behind it. */
export function queueItems(sessions: readonly VhostSession[]): Map<QueueItem, Queue> {
  const items = new Map<QueueItem, Queue>()
  for (const { vhost } of sessions) {
    for (const { queue } of vhost.queues()) items.set(renderQueue(vhost, queue), queue)
  }
  return items
}

/** Without a policy its field is left out rather than null: the old rabbitmqadmin prints no null (contract §6.1). */
export function renderQueue(vhost: VhostState, queue: Queue) {
  const { policy, operatorPolicy, definition } = vhost.policiesOf(queue)
  return {
    arguments: queue.arguments,
    auto_delete: queue.autoDelete,
    consumers: 0,
    durable: queue.durable,
    effective_policy_definition: definition,
    exclusive: queue.exclusive !== undefined,
    garbage_collection: {},
    name: queue.name,
    node: NODE_NAME,
    ...(operatorPolicy && { operator_policy: operatorPolicy.name }),
    ...(policy && { policy: policy.name }),
    type: queue.type,
    vhost: vhost.vhost,
  }
}

/** What SQS says of a queue: approximate, and up to five seconds old. */
export const renderCounts = ({ ready, unacknowledged, state }: QueueCounts) => ({
  ...withRate('messages', ready + unacknowledged),
  ...withRate('messages_ready', ready),
  ...withRate('messages_unacknowledged', unacknowledged),
  state,
})

const COUNT_FIELDS: ReadonlySet<string> = new Set([
  ...Object.keys(renderCounts({ ready: 0, unacknowledged: 0, state: 'running' })),
  'consumers',
])

/** Counts for those queues of a list that are answered. */
export const counting = (session: Session, queueOf: ReadonlyMap<QueueItem, Queue>): Augmentation<QueueItem> => ({
  fields: COUNT_FIELDS,
  async augment(items) {
    const queues = items.map((item) => queueOf.get(item))
    const known = queues.filter((queue) => queue !== undefined)
    const [counts, consumers] = await Promise.all([queueCounts(session, known), consumerCounts(session.broker, known)])
    return items.map((item, index) => {
      const id = queues[index]?.id ?? ''
      const count = counts.get(id)
      return count ? { ...item, ...renderCounts(count), consumers: consumers.get(id) ?? 0 } : item
    })
  },
})

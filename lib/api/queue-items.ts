import { consumerCounts } from '../broker/consumer-counts.ts'
import { type QueueCounts, queueCounts } from '../broker/queue-counts.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import type { Queue } from '../model/queue.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { ApiContext } from './env.ts'
import { NODE_NAME } from './identity.ts'
import type { Augmentation } from './list.ts'
import { messageStats } from './message-stats.ts'
import { queryFlag, queryParameter } from './path.ts'
import { withRate } from './rates.ts'
import { type SampleRange, sampleRange } from './sample-ranges.ts'

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

/** Nothing of a queue is kept in a node's memory. */
const IN_MEMORY = {
  memory: 0,
  message_bytes_paged_out: 0,
  message_bytes_ram: 0,
  messages_paged_out: 0,
  messages_ram: 0,
  messages_ready_ram: 0,
  messages_unacknowledged_ram: 0,
}

/** Without a policy its field is left out rather than null: the old rabbitmqadmin prints no null (contract §6.1). */
export function renderQueue(vhost: VhostState, queue: Queue) {
  const { policy, operatorPolicy, definition } = vhost.policiesOf(queue)
  return {
    arguments: queue.arguments,
    auto_delete: queue.autoDelete,
    ...IN_MEMORY,
    consumer_capacity: 0,
    consumer_utilisation: 0,
    consumers: 0,
    durable: queue.durable,
    effective_policy_definition: definition,
    exclusive: queue.exclusive !== undefined,
    garbage_collection: {},
    name: queue.name,
    node: NODE_NAME,
    ...(operatorPolicy && { operator_policy: operatorPolicy.name }),
    ...(policy && { policy: policy.name }),
    // Unless it is looked at, and an SQS queue found to be missing.
    state: 'running',
    type: queue.type,
    vhost: vhost.vhost,
  }
}

type Lengths = Pick<QueueCounts, 'ready' | 'unacknowledged'>

/** Lengths are what SQS says now: it tells no history, so where one is asked for it has one sample. */
export function renderLengths({ ready, unacknowledged }: Lengths, history: LengthHistory | undefined) {
  const field = (name: string, count: number) =>
    withRate(name, count, 0, history && { samples: [{ sample: count, timestamp: history.atMs }], range: history.range })
  return {
    ...field('messages', ready + unacknowledged),
    ...field('messages_ready', ready),
    ...field('messages_unacknowledged', unacknowledged),
  }
}

interface LengthHistory {
  readonly atMs: number
  readonly range: SampleRange
}

export function lengthHistory(c: ApiContext): LengthHistory | undefined {
  const range = sampleRange((name) => queryParameter(c, name), 'lengths')
  return range && { atMs: c.get('broker').clock.wallMs(), range }
}

/** What SQS says of a queue: approximate, and up to five seconds old. All messages are on disks. */
const renderCounts = (counts: QueueCounts, history: LengthHistory | undefined) => ({
  ...renderLengths(counts, history),
  messages_persistent: counts.ready + counts.unacknowledged,
  state: counts.state,
})

const COUNT_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(renderCounts({ ready: 0, unacknowledged: 0, state: 'running' }, undefined)),
)

/**
 * What is read of queues that are answered: their lengths and their statistics. `disable_stats` leaves both out,
 * `enable_queue_totals` keeps the lengths all the same (contract §1.1).
 */
export function queueAugmentations<Item>(
  c: ApiContext,
  session: Session,
  queueOf: (item: Item) => Queue | undefined,
): readonly Augmentation<Item>[] {
  const isCounted = !queryFlag(c, 'disable_stats') || queryFlag(c, 'enable_queue_totals')
  return [
    ...(isCounted ? [counting(session, queueOf, lengthHistory(c)), consuming(session, queueOf)] : []),
    ...messageStats<Item>(c, session.broker, (item) => ({ kind: 'queue', id: queueOf(item)?.id ?? '' })),
  ]
}

/** Those who poll SQS queues themselves are not known. */
const consuming = <Item>({ broker }: Session, queueOf: (item: Item) => Queue | undefined): Augmentation<Item> => ({
  fields: new Set(['consumers']),
  async fieldsOf(items) {
    const queues = items.map(queueOf)
    const counts = await consumerCounts(
      broker,
      queues.filter((queue) => queue !== undefined),
    )
    return queues.map((queue) => ({ consumers: counts.get(queue?.id ?? '') ?? 0 }))
  },
})

const counting = <Item>(
  session: Session,
  queueOf: (item: Item) => Queue | undefined,
  history: LengthHistory | undefined,
): Augmentation<Item> => ({
  fields: COUNT_FIELDS,
  async fieldsOf(items) {
    const queues = items.map(queueOf)
    const counts = await queueCounts(
      session,
      queues.filter((queue) => queue !== undefined),
    )
    return queues.map((queue) => {
      const count = counts.get(queue?.id ?? '')
      return count ? renderCounts(count, history) : {}
    })
  },
})

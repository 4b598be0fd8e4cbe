import type { StatisticsView } from '../broker/read-statistics.ts'
import { addCounts, type MessageCounts, noCounts } from '../model/message-counts.ts'
import type { Queue } from '../model/queue.ts'
import { counter } from './prometheus-text.ts'

export interface Located {
  readonly queue: Queue
  /** Its vhost's name. */
  readonly vhost: string
}

interface CounterMetric {
  readonly name: string
  readonly help: string
  readonly countOf: (counts: MessageCounts) => number
}

/** What follows `rabbitmq_global_`; RabbitMQ has a series for each protocol, and counts what comes over its HTTP API as AMQP. */
const GLOBAL: readonly CounterMetric[] = [
  { name: 'messages_received_total', help: 'Messages that publishers sent', countOf: ({ publish }) => publish },
  {
    name: 'messages_received_confirm_total',
    help: 'Messages that publishers sent and wanted confirmed',
    countOf: ({ confirm }) => confirm,
  },
  {
    name: 'messages_routed_total',
    help: 'Messages that were routed',
    countOf: (counts) => counts.publish - counts.return_unroutable - counts.drop_unroutable,
  },
  {
    name: 'messages_unroutable_returned_total',
    help: 'Messages that no queue took, and whose publishers were told',
    countOf: (counts) => counts.return_unroutable,
  },
  {
    name: 'messages_unroutable_dropped_total',
    help: 'Messages that no queue took, and whose publishers did not want to be told',
    countOf: (counts) => counts.drop_unroutable,
  },
  { name: 'messages_confirmed_total', help: 'Messages that were confirmed', countOf: ({ confirm }) => confirm },
  {
    name: 'messages_delivered_total',
    help: 'Messages that were handed out',
    countOf: (counts) => counts.get + counts.get_no_ack + counts.deliver + counts.deliver_no_ack,
  },
  {
    name: 'messages_delivered_get_manual_ack_total',
    help: 'Messages that a get answered, to be settled',
    countOf: ({ get }) => get,
  },
  {
    name: 'messages_delivered_get_auto_ack_total',
    help: 'Messages that a get answered and removed',
    countOf: (counts) => counts.get_no_ack,
  },
  { name: 'messages_get_empty_total', help: 'Gets that found nothing', countOf: (counts) => counts.get_empty },
  { name: 'messages_redelivered_total', help: 'Messages delivered again', countOf: ({ redeliver }) => redeliver },
  { name: 'messages_acknowledged_total', help: 'Messages acknowledged', countOf: ({ ack }) => ack },
]

/** What follows `rabbitmq_detailed_queue_`. */
const OF_QUEUES: readonly CounterMetric[] = [
  { name: 'messages_published_total', help: 'Messages published to the queue', countOf: ({ publish }) => publish },
  { name: 'get_ack_total', help: 'Messages that a get answered, to be settled', countOf: ({ get }) => get },
  { name: 'get_total', help: 'Messages that a get answered and removed', countOf: (counts) => counts.get_no_ack },
  { name: 'get_empty_total', help: 'Gets that found nothing', countOf: (counts) => counts.get_empty },
  {
    name: 'messages_delivered_ack_total',
    help: 'Messages delivered to consumers, to be settled',
    countOf: ({ deliver }) => deliver,
  },
  {
    name: 'messages_delivered_total',
    help: 'Messages delivered to consumers and removed',
    countOf: (counts) => counts.deliver_no_ack,
  },
  { name: 'messages_redelivered_total', help: 'Messages delivered again', countOf: ({ redeliver }) => redeliver },
  { name: 'messages_acked_total', help: 'Messages acknowledged', countOf: ({ ack }) => ack },
]

/** What was counted of messages, with the names of RabbitMQ's exporter: of these vhosts in all, and of each of these queues. */
export function messageCounters(
  view: StatisticsView,
  vhostIds: readonly string[],
  queues: readonly Located[],
): readonly string[] {
  const total = noCounts()
  for (const id of vhostIds) addCounts(total, view.counts('vhosts', id) ?? noCounts())
  return [
    ...GLOBAL.map(({ name, help, countOf }) =>
      counter(`rabbitmq_global_${name}`, help, [[{ protocol: 'amqp091' }, countOf(total)]]),
    ),
    ...OF_QUEUES.map(({ name, help, countOf }) =>
      counter(
        `rabbitmq_detailed_queue_${name}`,
        help,
        queues.map(({ queue, vhost }) => {
          const counts = view.counts('objects', queue.id) ?? noCounts()
          return [{ vhost, queue: queue.name }, countOf(counts)] as const
        }),
      ),
    ),
  ]
}

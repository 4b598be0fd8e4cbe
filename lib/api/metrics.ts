import { type QueueCounts, queueCounts } from '../broker/queue-counts.ts'
import { readStatistics } from '../broker/read-statistics.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import { answer } from './answer.ts'
import type { Api, ApiContext } from './env.ts'
import { NODE_NAME, PRODUCT_NAME, PRODUCT_VERSION, RABBITMQ_VERSION } from './identity.ts'
import { MAX_COUNTED_QUEUES } from './lengths.ts'
import { type Located, messageCounters } from './message-counters.ts'
import { clusterName, objectTotals } from './overview.ts'
import { gauge } from './prometheus-text.ts'
import { type Entry, withSession } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

const MONITORING: Entry = { tag: 'monitoring' }

/** How long an answer serves: SQS's counts are read for it, and scrapers come every few seconds. */
const CACHE_MS = 60_000
/** Callers who see different vhosts get different answers. */
const MAX_ANSWERS = 16
/** How many queues have series of their own, the first by name. */
const MAX_DETAILED_QUEUES = 200

interface Answer {
  readonly madeMs: number
  readonly text: Promise<string>
}

/** Prometheus's text format, with the names of RabbitMQ's own exporter (its plugin rabbitmq_prometheus). */
export function metricsRoutes(api: Api): void {
  const answers = new Map<string, Answer>()
  api.get(
    '/metrics',
    withSession(MONITORING, async (c, session) => textAnswer(await cached(answers, c, session))),
  )
}

const textAnswer = (text: string): Response =>
  answer(200, { 'cache-control': 'no-cache', 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }, text)

async function cached(answers: Map<string, Answer>, c: ApiContext, session: Session): Promise<string> {
  const sessions = await listedSessions(c, session)
  const key = sessions.map(({ vhost }) => vhost.id).join()
  const nowMs = session.broker.clock.monotonicMs()
  const known = answers.get(key)
  if (known && nowMs - known.madeMs < CACHE_MS) return known.text
  const made = { madeMs: nowMs, text: render(session, sessions) }
  if (answers.size >= MAX_ANSWERS) answers.clear()
  answers.set(key, made)
  // What failed is tried again by the next scrape.
  made.text.catch(() => answers.delete(key))
  return made.text
}

async function render(session: Session, sessions: readonly VhostSession[]): Promise<string> {
  const queues = sessions.flatMap(({ vhost }) =>
    Array.from(vhost.queues(), ({ queue }) => ({ queue, vhost: vhost.vhost })),
  )
  const counted = queues.length <= MAX_COUNTED_QUEUES ? queues : firstByName(queues)
  const counts = await queueCounts(
    session,
    counted.map(({ queue }) => queue),
  )
  const {
    connections,
    channels,
    consumers,
    queues: queueCount,
    exchanges,
  } = await objectTotals(session.broker, sessions)
  const identity = { rabbitmq_node: NODE_NAME, rabbitmq_cluster: String(clusterName(session)) }
  return [
    gauge('rabbitmq_build_info', 'What answers here', [
      [{ rabbitmq_version: RABBITMQ_VERSION, product_name: PRODUCT_NAME, product_version: PRODUCT_VERSION }, 1],
    ]),
    gauge('rabbitmq_identity_info', 'Node and cluster', [[identity, 1]]),
    gauge('rabbitmq_connections', 'Connections', [[{}, connections]]),
    gauge('rabbitmq_channels', 'Channels', [[{}, channels]]),
    gauge('rabbitmq_consumers', 'Consumers', [[{}, consumers]]),
    gauge('rabbitmq_queues', 'Queues', [[{}, queueCount]]),
    gauge('rabbitmq_exchanges', 'Exchanges', [[{}, exchanges]]),
    ...(counted === queues ? MESSAGE_METRICS.map((metric) => totalOf(metric, [...counts.values()])) : []),
    ...MESSAGE_METRICS.map((metric) => detailsOf(metric, firstByName(counted), counts)),
    ...messageCounters(
      await readStatistics(session.broker),
      sessions.map(({ vhost }) => vhost.id),
      firstByName(counted),
    ),
  ].join('')
}

const firstByName = (queues: readonly Located[]): readonly Located[] =>
  queues
    .toSorted((left, right) => compareBy(left.vhost, right.vhost) || compareBy(left.queue.name, right.queue.name))
    .slice(0, MAX_DETAILED_QUEUES)

const compareBy = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0)

interface MessageMetric {
  /** What follows `rabbitmq_queue_` or `rabbitmq_detailed_queue_`. */
  readonly name: string
  readonly help: string
  readonly countOf: (counts: QueueCounts) => number
}

const MESSAGE_METRICS: readonly MessageMetric[] = [
  { name: 'messages_ready', help: 'Messages ready to be delivered', countOf: ({ ready }) => ready },
  {
    name: 'messages_unacked',
    help: 'Messages delivered and not settled',
    countOf: ({ unacknowledged }) => unacknowledged,
  },
  {
    name: 'messages',
    help: 'Messages ready and not settled',
    countOf: (counts) => counts.ready + counts.unacknowledged,
  },
]

const totalOf = ({ name, help, countOf }: MessageMetric, counts: readonly QueueCounts[]): string =>
  gauge(`rabbitmq_queue_${name}`, help, [[{}, counts.reduce((sum, count) => sum + countOf(count), 0)]])

/** Under a name of its own, as in RabbitMQ: a sum over the series of one name must not count messages twice. */
const detailsOf = (
  { name, help, countOf }: MessageMetric,
  queues: readonly Located[],
  counts: ReadonlyMap<string, QueueCounts>,
): string =>
  gauge(
    `rabbitmq_detailed_queue_${name}`,
    help,
    queues.flatMap(({ queue, vhost }) => {
      const count = counts.get(queue.id)
      return count === undefined || count.state === 'down' ? [] : [[{ vhost, queue: queue.name }, countOf(count)]]
    }),
  )

import { bindTo } from '../../lib/broker/bind.ts'
import { ensureBootstrapped } from '../../lib/broker/bootstrap.ts'
import { declareExchange } from '../../lib/broker/declare-exchange.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { FAILED_QUEUES, failedQueueOf, fedQueues, internalQueueName, MAX_FEED_ATTEMPTS } from '../../lib/config.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import type { Conditions } from './conditions.ts'
import type { Cloud, Environment } from './environment.ts'
import type { BindRequest } from './operations/topology.ts'

/**
 * The queues of a run. Rejects go in circles: r to itself, and b to a, a to d, d to b. f and g are FIFO by routing key, and
 * what is rejected in f goes to g. Messages expire in t, and then go to d, and in u, where they are dropped.
 */
const QUEUES: Readonly<Record<string, AmqpTable>> = {
  a: { 'x-dead-letter-exchange': 'dead' },
  b: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'a' },
  c: {},
  d: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'b' },
  f: { 'x-fifo-group': 'routing-key', 'x-dead-letter-exchange': 'dead-fifo' },
  g: { 'x-fifo-group': 'routing-key' },
  t: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'd', 'x-message-ttl': 8000 },
  u: { 'x-message-ttl': 3000 },
  r: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'r' },
}

export const QUEUE_NAMES = Object.keys(QUEUES)
export const ROUTING_KEYS = ['k1', 'k2', 'k3'] as const

/** The arguments of the queues: quorum queues where there is a limit of deliveries. */
export function drawQueues({ deliveryLimit }: Pick<Conditions, 'deliveryLimit'>): Readonly<Record<string, AmqpTable>> {
  const limit = deliveryLimit === 0 ? {} : { 'x-queue-type': 'quorum', 'x-delivery-limit': deliveryLimit }
  return Object.fromEntries(Object.entries(QUEUES).map(([name, args]) => [name, { ...args, ...limit }]))
}

const EXCHANGES = { fan: 'fanout', key: 'direct', dead: 'fanout', 'dead-fifo': 'fanout' } as const

const BINDINGS: readonly BindRequest[] = [
  { exchange: 'fan', queue: 'a', routingKey: '' },
  { exchange: 'fan', queue: 'c', routingKey: '' },
  { exchange: 'fan', queue: 'f', routingKey: '' },
  { exchange: 'key', queue: 'a', routingKey: 'k1' },
  { exchange: 'key', queue: 'b', routingKey: 'k2' },
  { exchange: 'key', queue: 'f', routingKey: 'k1' },
  { exchange: 'key', queue: 'f', routingKey: 'k2' },
  { exchange: 'key', queue: 'g', routingKey: 'k2' },
  { exchange: 'fan', queue: 't', routingKey: '' },
  { exchange: 'key', queue: 'u', routingKey: 'k2' },
  { exchange: 'dead', queue: 'd', routingKey: '' },
  { exchange: 'dead-fifo', queue: 'g', routingKey: '' },
]

const INTERNAL = { VisibilityTimeout: '180', MessageRetentionPeriod: '1209600' } as const

/** What the stack makes before anything runs. */
export function createInternalQueues({ sqs, config }: Cloud): void {
  for (const queue of FAILED_QUEUES) sqs.create(internalQueueName(config, queue), INTERNAL)
  for (const queue of fedQueues()) {
    const failed = `${config.sqsQueueArnBase}${internalQueueName(config, failedQueueOf(queue))}`
    const redrive = { deadLetterTargetArn: failed, maxReceiveCount: MAX_FEED_ATTEMPTS }
    sqs.create(internalQueueName(config, queue), { ...INTERNAL, RedrivePolicy: JSON.stringify(redrive) })
  }
}

/** Sets up the broker and declares everything, while nothing goes wrong yet. */
export async function setTheScene(
  environment: Environment,
  queues: Readonly<Record<string, AmqpTable>>,
): Promise<void> {
  await ensureBootstrapped(environment.broker, { user: 'guest', password: 'guest' })
  const opened = await environment.session(true)
  const common = { durable: true, autoDelete: false }
  await Promise.all(
    Object.entries(EXCHANGES).map(([name, exchangeType]) =>
      declareExchange(opened, { name, exchangeType, internal: false, arguments: {}, ...common }),
    ),
  )
  await Promise.all(
    Object.entries(queues).map(([name, args]) => declareQueue(opened, { name, arguments: args, ...common })),
  )
  await Promise.all(
    BINDINGS.map(({ exchange, queue, routingKey }) => {
      const ends = { source: exchange, destination: queue, destinationType: 'queue' as const }
      return bindTo(opened, { ...ends, routingKey, arguments: {} })
    }),
  )
}

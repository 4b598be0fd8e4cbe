import { ensureBootstrapped } from '../../lib/broker/bootstrap.ts'
import { changeVhost, newId } from '../../lib/broker/change.ts'
import { importQueues } from '../../lib/broker/declare-queue.ts'
import { createOrUpdateVhost } from '../../lib/broker/vhosts.ts'
import { FAILED_QUEUES, failedQueueOf, fedQueues, internalQueueName, MAX_FEED_ATTEMPTS } from '../../lib/config.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import type { Conditions } from './conditions.ts'
import type { Cloud, Environment } from './environment.ts'
import type { BindRequest } from './operations/topology.ts'

/**
 * The queues of a run. Rejects go in circles: r to itself, and b to a, a to d, d to b. f and g are FIFO by routing key, and
 * what is rejected in f goes to g. Messages expire in t, and then go to d, and in u, where they are dropped. p has
 * priorities, n is full soon, x is deleted when nobody uses it, and e takes one message of a kind. Policies are for b, c
 * and h (operations/policy.ts).
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
  h: {},
  p: { 'x-max-priority': 4 },
  n: { 'x-max-length': 4, 'x-overflow': 'reject-publish' },
  x: { 'x-expires': 20_000 },
  e: { 'x-message-deduplication': true },
}

/** Queues that count no deliveries, whatever the conditions. */
const CLASSIC = ['p', 'n', 'x', 'e']

/** The vhosts, and which of the queues are in a second one: some dead letters lead nowhere there. */
export const VHOSTS = ['/', 'second'] as const
const QUEUES_OF_SECOND = ['a', 'c', 'd', 'g', 't', 'e', 'p']

export const ROUTING_KEYS = ['k1', 'k2', 'k3'] as const

/** The arguments of the queues: quorum queues where there is a limit of deliveries. */
export function queuesOf(
  vhost: string,
  { deliveryLimit }: Pick<Conditions, 'deliveryLimit'>,
): Readonly<Record<string, AmqpTable>> {
  const limit = deliveryLimit === 0 ? {} : { 'x-queue-type': 'quorum', 'x-delivery-limit': deliveryLimit }
  const queues = Object.entries(QUEUES).filter(([name]) => vhost === VHOSTS[0] || QUEUES_OF_SECOND.includes(name))
  return Object.fromEntries(queues.map(([name, args]) => [name, CLASSIC.includes(name) ? args : { ...args, ...limit }]))
}

/** What "late" holds, "once" has passed and "recent" has kept is checked by books of their own. */
const EXCHANGES: readonly (readonly [name: string, type: string, args: AmqpTable])[] = [
  ['fan', 'fanout', {}],
  ['key', 'direct', {}],
  ['dead', 'fanout', {}],
  ['dead-fifo', 'fanout', {}],
  ['late', 'x-delayed-message', { 'x-delayed-type': 'direct' }],
  ['once', 'x-message-deduplication', {}],
  ['recent', 'x-recent-history', {}],
]

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
  { exchange: 'key', queue: 'p', routingKey: 'k3' },
  { exchange: 'key', queue: 'n', routingKey: 'k3' },
  { exchange: 'key', queue: 'x', routingKey: 'k3' },
  { exchange: 'key', queue: 'e', routingKey: 'k1' },
  { exchange: 'late', queue: 'a', routingKey: 'k1' },
  { exchange: 'late', queue: 'g', routingKey: 'k1' },
  { exchange: 'late', queue: 'c', routingKey: 'k2' },
  { exchange: 'late', queue: 'p', routingKey: 'k2' },
  { exchange: 'late', queue: 't', routingKey: 'k3' },
  { exchange: 'once', queue: 'a', routingKey: '' },
  { exchange: 'once', queue: 'c', routingKey: '' },
  { exchange: 'once', queue: 'g', routingKey: '' },
  { exchange: 'recent', queue: 'd', routingKey: '' },
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

/** Sets up the broker, while nothing goes wrong yet. */
export async function setUp(environment: Environment, vhosts: readonly string[]): Promise<void> {
  await ensureBootstrapped(environment.broker, { user: 'guest', password: 'guest' })
  const session = await environment.session('/', true)
  for (const name of vhosts.filter((vhost) => vhost !== '/')) await createOrUpdateVhost(session, { name })
}

/** Declares everything in a vhost. */
export async function setTheScene(
  environment: Environment,
  vhost: string,
  queues: Readonly<Record<string, AmqpTable>>,
): Promise<void> {
  const common = { durable: true, autoDelete: false }
  const exchanges = EXCHANGES.map(([name, exchangeType, args]) => {
    const made = { id: newId(environment.broker), user: 'guest', internal: false, arguments: args, ...common }
    return { type: 'declare-exchange' as const, name, exchangeType, ...made }
  })
  await changeVhost(await environment.session(vhost, true), { type: 'import', items: exchanges })
  const declarations = Object.entries(queues).map(([name, args]) => ({ name, arguments: args, ...common }))
  await importQueues(await environment.session(vhost, true), declarations)
  const bindings = BINDINGS.filter(({ queue }) => queue in queues).map(({ exchange, queue, routingKey }) => {
    const ends = { source: exchange, destination: queue, destinationType: 'queue' as const }
    return { type: 'bind' as const, ...ends, routingKey, arguments: {} }
  })
  await changeVhost(await environment.session(vhost, true), { type: 'import', items: bindings })
}

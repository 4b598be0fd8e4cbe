import { createHash } from 'node:crypto'
import type { CopyIdentity } from '../delivery/copy.ts'
import { type DeadLetterRoute, type DeathReason, deadLettered, mayEnter } from '../model/death.ts'
import { BrokerError } from '../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { headersOf, type Message, routingKeysOf } from '../model/message.ts'
import type { Queue } from '../model/queue.ts'
import { routableMessage } from '../routing/route-message.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { newId } from './change.ts'
import type { DeadCopy } from './dead-copy.ts'
import { deliver } from './deliver.ts'
import { deliverOnce } from './deliver-once.ts'
import { type Publication, type Route, routeToQueues } from './publication.ts'
import { sendToDead } from './send-to-dead.ts'
import type { VhostContext } from './session.ts'

/**
 * After so many deaths in a row that no delivery came before, a message is not routed any more. The rule against cycles
 * ends every cycle earlier; this bounds chains, whatever headers say.
 */
export const MAX_IDLE_HOPS = 256

/**
 * What becomes of copies that die in a queue, for whichever reason; answers for each, in their order, the error because of
 * which it must stay where it is, or undefined once it may be deleted.
 *
 * With a dead-letter exchange they are published to it (contract §3.7); where that leads nowhere they are dropped, as
 * RabbitMQ does. Without one, what somebody refused or could not deal with is kept for people to look at, and what
 * expired or found no room is dropped (docs/architecture.md). The broker itself publishes: permissions were the matter of
 * who declared the queue. All are encoded at once: callers bring no more than memory holds.
 */
export async function deadLetter(
  context: VhostContext,
  queue: Queue,
  copies: readonly DeadCopy[],
  reason: DeathReason,
): Promise<readonly (BrokerError | undefined)[]> {
  const fates = copies.map((copy) => fateOf(context.vhost, queue, copy, reason))
  const withFate = (fate: Fate): DeadCopy[] => copies.filter((_, index) => fates[index] === fate)
  const [published, kept] = await Promise.all([
    publish(context, queue, withFate('publish'), reason),
    keep(context, queue, withFate('keep'), reason),
  ])
  const outcomes = { publish: published.values(), keep: kept.values(), drop: undefined }
  return fates.map((fate) => outcomes[fate]?.next().value)
}

type Fate = 'publish' | 'keep' | 'drop'

/** What becomes of a copy that dies. With a queue that goes with its connection nothing is kept. */
export function fateOf(vhost: VhostState, queue: Queue, copy: DeadCopy, reason: DeathReason): Fate {
  const end = queue.exclusive ? 'drop' : 'keep'
  if (deadLetterRouteOf(vhost, queue)) return idleHopsAfter(copy, reason) > MAX_IDLE_HOPS ? end : 'publish'
  return hasBeenDelivered(reason) ? end : 'drop'
}

const hasBeenDelivered = (reason: DeathReason): boolean => reason === 'rejected' || reason === 'delivery_limit'

const idleHopsAfter = ({ identity }: DeadCopy, reason: DeathReason): number =>
  hasBeenDelivered(reason) ? 0 : (identity?.idleHops ?? 0) + 1

async function publish(
  context: VhostContext,
  queue: Queue,
  copies: readonly DeadCopy[],
  reason: DeathReason,
): Promise<readonly (BrokerError | undefined)[]> {
  const route = deadLetterRouteOf(context.vhost, queue)
  if (!route) return []
  const publications = copies.map((copy) => orError(() => publicationOf(context, queue, copy, reason, route)))
  const outcomes = (await deliverOnce(context, publications.filter(isRoutable))).values()
  const failures = publications.map((one) => (isRoutable(one) ? outcomes.next().value : one))
  for (const failure of failures) if (failure === undefined) context.broker.counters.DeadLettered += 1
  return failures
}

/** What others put into an SQS queue may have headers that nothing can be routed by: it does not hold up what is beside it. */
function orError(make: () => Publication): Publication | BrokerError {
  try {
    return make()
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
}

const isRoutable = (publication: Publication | BrokerError): publication is Publication =>
  !(publication instanceof BrokerError)

function deadLetterRouteOf(vhost: VhostState, queue: Queue): DeadLetterRoute | undefined {
  const { deadLetterExchange: exchange, deadLetterRoutingKey: routingKey } = vhost.settingsOf(queue)
  return exchange === undefined ? undefined : { exchange, routingKey }
}

/**
 * Puts copies, with their deaths, into the queue's own SQS queue of dead letters; where that is still to be made, leaves
 * them to function dead-letter, which makes it.
 */
async function keep(
  context: VhostContext,
  queue: Queue,
  copies: readonly DeadCopy[],
  reason: DeathReason,
): Promise<readonly (BrokerError | undefined)[]> {
  if (copies.length === 0) return []
  const { deadLetters } = queue
  if (!deadLetters) return sendToDead(context, queue, copies, reason)
  // Nothing groups what waits for people, and a group would hide what is behind the one that is looked at.
  const { fifo: _ungrouped, ...standard } = queue
  const target: Queue = { ...standard, sqsQueues: [deadLetters] }
  const publications = copies.map((copy) => {
    const { exchange } = copy.envelope.message
    return {
      ...publicationOf(context, queue, copy, reason, { exchange, routingKey: undefined }),
      queues: [target],
      effects: [],
    }
  })
  return deliver(context, publications)
}

function publicationOf(
  context: VhostContext,
  queue: Queue,
  copy: DeadCopy,
  reason: DeathReason,
  route: DeadLetterRoute,
): Publication {
  const { broker, version } = context
  const { envelope, identity } = copy
  const { message, bccKeys } = envelope
  const routingKeys = routingKeysOf(message.routingKey, headersOf(message.properties))
  const death = { queue: queue.name, reason, timeS: Math.floor(broker.clock.wallMs() / 1000), routingKeys }
  const dead = deadLettered(withBcc(message, bccKeys), death, route)
  const { queues, effects } = targetsOf(context, dead)
  const publishId = identity ? deathId(identity) : newId(broker)
  return {
    publishId,
    hop: (identity?.hop ?? 0) + 1,
    idleHops: idleHopsAfter(copy, reason),
    message: dead,
    queues: queues.filter(({ name }) => mayEnter(dead, name)),
    effects,
    version,
  }
}

/**
 * The copies of one publish die in several queues, and each death, as each return from there, is a publish of its own; a
 * repetition of the same is not.
 */
export const deathId = ({ publishId, queueId, hop }: CopyIdentity): string =>
  createHash('sha256').update(`${publishId}/${queueId}/${hop}`).digest('base64url')

/** A dead message is routed by every key that it was published with, also by those that no receiver sees. */
export function withBcc(message: Message, bccKeys: readonly string[]): Message {
  if (bccKeys.length === 0) return message
  const headers = { ...headersOf(message.properties), BCC: [...bccKeys] }
  return { ...message, properties: { ...message.properties, headers } }
}

function targetsOf({ broker, vhost }: VhostContext, { exchange, ...message }: Message): Route {
  if (exchange !== DEFAULT_EXCHANGE && !vhost.exchangeByName(exchange)) return { queues: [], effects: [] }
  return routeToQueues({ vhost }, exchange, routableMessage({ ...message, random: () => broker.clock.random() }))
}

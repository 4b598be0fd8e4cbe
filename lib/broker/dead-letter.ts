import { createHash } from 'node:crypto'
import type { CopyIdentity } from '../delivery/copy.ts'
import type { Envelope } from '../delivery/envelope.ts'
import { type DeadLetterRoute, type DeathReason, deadLettered, mayEnter } from '../model/death.ts'
import type { BrokerError } from '../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { headersOf, type Message, routingKeysOf } from '../model/message.ts'
import type { Queue } from '../model/queue.ts'
import { routableMessage, routeMessage } from '../routing/route-message.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { newId } from './change.ts'
import { deliver } from './deliver.ts'
import type { Publication } from './publication.ts'
import type { VhostContext } from './session.ts'

/** A copy that is to leave its queue. */
export interface DeadCopy {
  readonly envelope: Envelope
  /** Absent where something other than Leveret had put it into the SQS queue. */
  readonly identity: CopyIdentity | undefined
}

/** Whether dead messages of the queue go anywhere. */
export const hasDeadLetterExchange = (queue: Queue): boolean => deadLetterRouteOf(queue) !== undefined

/**
 * Publishes copies to their queue's dead-letter exchange (contract §3.7), in their order; answers for each the error
 * because of which it must stay where it is, or undefined once it may be deleted. Without such an exchange, or where it
 * leads nowhere, a copy is dropped, as RabbitMQ does. The broker itself publishes: permissions were the matter of who
 * declared the queue. All are encoded at once: callers bring no more than memory holds.
 */
export async function deadLetter(
  context: VhostContext,
  queue: Queue,
  copies: readonly DeadCopy[],
  reason: DeathReason,
): Promise<readonly (BrokerError | undefined)[]> {
  const route = deadLetterRouteOf(queue)
  if (!route) return copies.map(() => undefined)
  return deliver(
    context,
    copies.map((copy) => publicationOf(context, queue, copy, reason, route)),
  )
}

function deadLetterRouteOf({ arguments: args }: Queue): DeadLetterRoute | undefined {
  const exchange = args['x-dead-letter-exchange']
  const routingKey = args['x-dead-letter-routing-key']
  if (typeof exchange !== 'string') return undefined
  return { exchange, routingKey: typeof routingKey === 'string' ? routingKey : undefined }
}

function publicationOf(
  context: VhostContext,
  queue: Queue,
  { envelope, identity }: DeadCopy,
  reason: DeathReason,
  route: DeadLetterRoute,
): Publication {
  const { broker, vhost } = context
  const { message, bccKeys } = envelope
  const routingKeys = routingKeysOf(message.routingKey, headersOf(message.properties))
  const death = { queue: queue.name, reason, timeS: Math.floor(broker.clock.wallMs() / 1000), routingKeys }
  const dead = deadLettered(withBcc(message, bccKeys), death, route)
  const queues = targetsOf(vhost, dead, () => broker.clock.random()).filter(({ name }) => mayEnter(dead, name))
  const publishId = identity ? deathId(identity) : newId(broker)
  return { publishId, hop: (identity?.hop ?? 0) + 1, message: dead, queues, version: context.version }
}

/**
 * The copies of one publish die in several queues, and each death is a publish of its own; a repetition of the same death
 * is not.
 */
const deathId = ({ publishId, queueId, hop }: CopyIdentity): string =>
  createHash('sha256').update(`${publishId}/${queueId}/${hop}`).digest('base64url')

/** A dead message is routed by every key that it was published with, also by those that no receiver sees. */
function withBcc(message: Message, bccKeys: readonly string[]): Message {
  if (bccKeys.length === 0) return message
  const headers = { ...headersOf(message.properties), BCC: [...bccKeys] }
  return { ...message, properties: { ...message.properties, headers } }
}

function targetsOf(vhost: VhostState, { exchange, ...message }: Message, random: () => number): readonly Queue[] {
  if (exchange !== DEFAULT_EXCHANGE && !vhost.exchangeByName(exchange)) return []
  return routeMessage(vhost, exchange, routableMessage({ ...message, random }))
}

import { assertMayPublish } from '../access/permissions.ts'
import { accessRefused, preconditionFailed } from '../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { type Message, type Properties, parseExpirationMs } from '../model/message.ts'
import { assertShortString, noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import type { User } from '../model/user.ts'
import { explainRoute, routableMessage, routeMessage } from '../routing/route-message.ts'
import { newId } from './change.ts'
import type { VhostSession } from './session.ts'

/** What somebody asks to have published. */
export interface PublishInput {
  readonly exchange: string
  readonly routingKey: string
  readonly properties: Properties
  readonly payload: Uint8Array
}

/** A message with where it goes: all that delivery needs to know. */
export interface Publication {
  /** Minted once, before any retry; with the queue's id it is what tells a copy from its duplicate (docs/architecture.md). */
  readonly publishId: string
  /** How often the message was dead-lettered or redriven before. */
  readonly hop: number
  /** How many of the last hops no delivery came before (dead-letter.ts). */
  readonly idleHops?: number
  readonly message: Message
  readonly queues: readonly Queue[]
  /** The version of the vhost's journal that `queues` were decided on. */
  readonly version: number
}

/** Checks a publish and routes it. Throws BrokerError; nothing has been sent then. */
export function routePublication(session: VhostSession, { payload, ...input }: PublishInput): Publication {
  const routable = assertPublishable(session, input)
  const queues = routeMessage(session.vhost, input.exchange, routable)
  return { publishId: newId(session.broker), hop: 0, message: { ...input, payload }, queues, version: session.version }
}

/** Where a message would go and why, without a message. Whoever may publish it may ask. */
export function explainPublish(
  session: VhostSession,
  input: Omit<PublishInput, 'payload'>,
): ReturnType<typeof explainRoute> {
  return explainRoute(session.vhost, input.exchange, assertPublishable(session, input))
}

function assertPublishable(session: VhostSession, { exchange, routingKey, properties }: Omit<PublishInput, 'payload'>) {
  const { access, user, vhost, broker } = session
  assertShortString(routingKey, 'the routing key')
  const node = vhost.exchangeByName(exchange)
  const checked = { name: exchange, type: node?.exchange.type }
  assertMayPublish(access, user, vhost.vhost, checked, [routingKey])
  if (!node && exchange !== DEFAULT_EXCHANGE) throw noSuchObject('exchange', exchange, vhost.vhost)
  if (node?.exchange.internal) {
    throw accessRefused(`cannot publish to internal exchange '${exchange}' in vhost '${vhost.vhost}'`)
  }
  assertProperties(properties, user)
  const routable = routableMessage({ routingKey, properties, random: () => broker.clock.random() })
  // CC and BCC add keys, each of which is to be allowed as the first one is.
  if (routable.routingKeys.length > 1) assertMayPublish(access, user, vhost.vhost, checked, routable.routingKeys)
  return routable
}

/** Contract §1.3, §3.8. */
function assertProperties({ delivery_mode: deliveryMode, expiration, user_id: userId }: Properties, user: User): void {
  if (userId !== undefined && userId !== user.name && !user.tags.includes('impersonator')) {
    throw preconditionFailed(`user_id property set to '${userId}' but authenticated user was '${user.name}'`)
  }
  if (expiration !== undefined) parseExpirationMs(expiration)
  if (deliveryMode === undefined || deliveryMode === 1 || deliveryMode === 2) return
  throw preconditionFailed(`invalid message: {delivery_mode_unknown,${deliveryMode}}`)
}

import { assertMayPublish } from '../access/permissions.ts'
import { accessRefused, type BrokerError, preconditionFailed } from '../model/errors.ts'
import { DEFAULT_EXCHANGE, type Exchange } from '../model/exchange.ts'
import { type Message, type Properties, parseExpirationMs } from '../model/message.ts'
import { assertShortString, noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import type { User } from '../model/user.ts'
import type { ExchangeEffect, RoutableMessage } from '../routing/exchange-type.ts'
import { assertHoldable } from '../routing/exchange-types/x-delayed-message.ts'
import { explainRoute, routableMessage, routeMessage } from '../routing/route-message.ts'
import { newId } from './change.ts'
import { isReplyName, replyQueue } from './reply-queue.ts'
import type { VhostContext, VhostSession } from './session.ts'
import type { PublishManner } from './statistics.ts'

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
  /** How often the broker itself sent the message on before: 0 for what a client publishes now, which may be refused. */
  readonly hop: number
  /** How many of the last hops no delivery came before (dead-letter.ts). */
  readonly idleHops?: number
  readonly message: Message
  readonly queues: readonly Queue[]
  /** What exchanges on its way do beside routing it. */
  readonly effects: readonly Effect[]
  /** Of a copy that goes back to its queue as it was: how often it was delivered before, and when it expires. */
  readonly returned?: { readonly deliveries: number; readonly expiresAtMs: number | undefined }
  /**
   * By queue id, the publish ids of copies that go on where another message of the same deduplication key stopped: a FIFO
   * queue that has its copy takes no second one. Other queues are owed a copy of this message.
   */
  readonly takenOver?: ReadonlyMap<string, string>
  /** The version of the vhost's journal that `queues` were decided on. */
  readonly version: number
}

/** An exchange that does more with a message than route it. */
export interface Effect {
  readonly exchange: Exchange
  readonly effect: ExchangeEffect
}

/** Where a message goes, and what happens to it on the way. */
export type Route = Pick<Publication, 'queues' | 'effects'>

/** Why publications were not delivered; what is not in it was. */
export type Failures = Map<Publication, BrokerError>

export const UNREACHABLE = 'the message could not be stored: publish it again'

const NO_EFFECTS: readonly Effect[] = Object.freeze([])

/**
 * Where a message goes. It stops at exchanges that hold it or pass each message once, but for the one whose id is `passed`.
 * Throws `not-found` for an unknown exchange.
 */
export function routeToQueues(
  { vhost }: Pick<VhostContext, 'vhost'>,
  exchangeName: string,
  message: RoutableMessage,
  passed?: string,
): Route {
  let effects: Effect[] | undefined
  const queues = routeMessage(vhost, exchangeName, message, (exchange, effect) => {
    if (exchange.id === passed) return true
    effects ??= []
    effects.push({ exchange, effect })
    return effect.type === 'keep'
  })
  return { queues, effects: effects ?? NO_EFFECTS }
}

/** Whether anything becomes of a message: a copy, now or later, or one that was there before. */
export const isRouted = ({ queues, effects }: Route): boolean =>
  queues.length > 0 || effects.some(({ effect }) => effect.type !== 'keep')

/** Checks a publish and routes it. Throws BrokerError; nothing has been sent then. */
export function routePublication(
  session: VhostSession,
  { payload, ...input }: PublishInput,
  publishId = newId(session.broker),
): Publication {
  const routable = assertPublishable(session, input)
  const route = replyRoute(session, input) ?? routeToQueues(session, input.exchange, routable)
  assertEffects(route)
  const message = { ...input, payload }
  return { publishId, hop: 0, message, ...route, version: session.version }
}

/** A direct reply goes to whoever asked, and nowhere else (AMQP contract §7). */
function replyRoute(session: VhostSession, { exchange, routingKey }: Omit<PublishInput, 'payload'>): Route | undefined {
  const queue = exchange === DEFAULT_EXCHANGE ? replyQueue(session, routingKey) : undefined
  return queue && { queues: [queue], effects: NO_EFFECTS }
}

/** To be called once a publish was accepted; answers whether it was routed. */
export function countPublished(
  { broker, vhost }: VhostSession,
  publication: Publication,
  manner?: PublishManner,
): boolean {
  const { counters, statistics } = broker
  const routed = isRouted(publication)
  counters.Published += 1
  if (!routed) counters.Unroutable += 1
  statistics.published(vhost.id, exchangeIdOf(vhost, publication), routed, manner)
  return routed
}

/** To be called once the copies of what a client published are stored; what the broker itself sends on is no publish. */
export function countCopies({ broker, vhost }: VhostContext, publication: Publication): void {
  const { hop } = publication
  // Whoever waits for a direct reply is no queue that anybody looks at.
  const queues = publication.queues.filter(({ id }) => !isReplyName(id))
  if (hop > 0 || queues.length === 0) return
  broker.statistics.copied(vhost.id, exchangeIdOf(vhost, publication), queues)
}

const exchangeIdOf = (vhost: VhostContext['vhost'], { message }: Publication): string =>
  vhost.exchangeByName(message.exchange)?.exchange.id ?? ''

/** Whether exchanges can do with a message of a client what it asks of them. */
export function assertEffects({ effects }: Pick<Route, 'effects'>): void {
  for (const { effect } of effects) if (effect.type === 'hold') assertHoldable(effect.holdMs)
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

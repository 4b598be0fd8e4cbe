import { decodeMessage } from '../delivery/envelope.ts'
import { historyPartition, type KeptMessage, parseKept } from '../delivery/kept-message.ts'
import type { Intent } from '../journal/intents.ts'
import { logError } from '../log.ts'
import type { AmqpValue } from '../model/amqp-value.ts'
import type { Destination } from '../model/binding.ts'
import { routableMessage } from '../routing/route-message.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import { newId } from './change.ts'
import { withBcc } from './dead-letter.ts'
import { deliverOnce } from './deliver-once.ts'
import { type Publication, type Route, routeToQueues } from './publication.ts'
import type { VhostContext } from './session.ts'
import { viewVhost } from './view-vhost.ts'

/** What is left to be done for a destination that was bound to an exchange that keeps messages. */
export interface ReplayBody {
  readonly vhostId: string
  readonly exchangeId: string
  readonly destination: Destination
  readonly count: number
  /** The version of the vhost's journal that the binding came with: messages that knew it reached the destination by it. */
  readonly version: number
}

/** How many of the last messages an exchange keeps; 0 for most. */
export function keptCountOf(vhost: VhostState, exchangeName: string): number {
  const message = routableMessage({ routingKey: '', properties: {}, random: () => 0 })
  const effect = vhost.exchangeByName(exchangeName)?.bindings.effectOf?.(message)
  return effect?.type === 'keep' ? effect.count : 0
}

/** Left by the commit that binds: the messages come when every publish knows of the binding, and come even if the binder dies. */
export function replayIntent(broker: Broker, body: ReplayBody): Intent {
  return {
    id: newId(broker),
    state: 'replaying',
    createdMs: broker.clock.wallMs(),
    body: body as unknown as AmqpValue,
  }
}

/** Sends what an intent is about, then removes it. Throws where that failed; repeating it makes duplicates at worst. */
export async function finishReplaying(broker: Broker, intent: Intent): Promise<void> {
  const body = intent.body as unknown as ReplayBody
  const context = await viewVhost(broker, body.vhostId, { confirm: true })
  if (context?.vhost.exchangeById(body.exchangeId)) await replay(context, intent.id, body)
  await broker.journals.intents.remove(intent.id)
}

/** As {@link finishReplaying}, for a binding that is made: what fails now is tried again by the clock. */
export async function finishReplayingOrLeave(broker: Broker, intent: Intent): Promise<void> {
  try {
    await finishReplaying(broker, intent)
  } catch (error) {
    logError('the history of an exchange is left to be sent later', error)
  }
}

async function replay(context: VhostContext, replayId: string, body: ReplayBody): Promise<void> {
  const { items } = context.broker.delivery
  const newest = await items.list(historyPartition(body.exchangeId), { limit: body.count, newestFirst: true })
  const kept = newest.map(({ data }) => parseKept(data)).filter(({ version }) => version < body.version)
  const publications: Publication[] = []
  for (const message of kept.reverse()) publications.push(await publicationOf(context, replayId, body, message))
  const failures = await deliverOnce(context, publications)
  const failure = failures.find((one) => one !== undefined)
  if (failure) throw failure
}

async function publicationOf(
  context: VhostContext,
  replayId: string,
  { destination }: ReplayBody,
  { publishId, message: stored }: KeptMessage,
): Promise<Publication> {
  const { broker, vhost, version } = context
  const { message, bccKeys } = await broker.delivery.claimChecks.open(decodeMessage(stored, ''), vhost.id)
  const route = routeFrom(context, destination, withBcc(message, bccKeys))
  return { publishId: `${replayId}${publishId}`.slice(0, 64), hop: 1, message, ...route, version }
}

function routeFrom({ broker, vhost }: VhostContext, destination: Destination, message: Publication['message']): Route {
  const nowhere: Route = { queues: [], effects: [] }
  if (destination.type === 'queue') {
    const queue = vhost.queueById(destination.id)
    return queue ? { queues: [queue], effects: [] } : nowhere
  }
  const exchange = vhost.exchangeById(destination.id)?.exchange
  const routable = routableMessage({ ...message, random: () => broker.clock.random() })
  return exchange ? routeToQueues({ vhost }, exchange.name, routable) : nowhere
}

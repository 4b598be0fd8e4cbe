import { mapConcurrent } from '../delivery/concurrent.ts'
import { BrokerError, unavailable } from '../model/errors.ts'
import { headersOf } from '../model/message.ts'
import type { Queue } from '../model/queue.ts'
import { deduplicationKeyOf, rememberedMsOf } from '../routing/exchange-types/x-message-deduplication.ts'
import { routableMessage, routeMessage } from '../routing/route-message.ts'
import { type Claim, claim, keepClaim, releaseClaim } from './claims.ts'
import { deliver, failThoseBehind } from './deliver.ts'
import {
  assertEffects,
  type Effect,
  type Failures,
  type Publication,
  routeToQueues,
  UNREACHABLE,
} from './publication.ts'
import type { VhostContext } from './session.ts'

/**
 * As `deliver`, for whatever is published: exchanges and queues that take one message of a kind take no other. Being
 * confirmed means for such a message that all its copies are stored, be they this one's or those of one before. `send` is
 * what delivers those that pass.
 */
export async function deliverOnce(
  context: VhostContext,
  publications: readonly Publication[],
  send: typeof deliver = deliver,
): Promise<readonly (BrokerError | undefined)[]> {
  if (!publications.some((publication) => isDeduplicated(context, publication))) return send(context, publications)
  const passages = await inOrder(context, publications, await passAll(context, publications))
  const passing = passages.filter((passage): passage is Passage => !(passage instanceof BrokerError))
  const failures = await send(
    context,
    passing.map(({ publication }) => publication),
  )
  const failureOf = new Map(passing.map(({ original }, index) => [original, failures[index]]))
  for (const [index, original] of publications.entries()) {
    const passage = passages[index]
    if (passage instanceof BrokerError) failureOf.set(original, passage)
  }
  await Promise.all(
    passing.map(({ original, claims }) => settle(context, claims, failureOf.get(original) === undefined)),
  )
  return passages.map((passage) => {
    if (passage instanceof BrokerError) return passage
    return [passage.original, ...passage.follows].map((one) => failureOf.get(one)).find((failure) => failure)
  })
}

/** How many of a batch ask at a time whether they may pass. */
const PASS_CONCURRENCY = 16

/** Of those with one key, each waits until it is known whether the one before passes. */
async function passAll(
  context: VhostContext,
  publications: readonly Publication[],
): Promise<readonly (Passage | BrokerError)[]> {
  const claimed = new Map<string, Publication>()
  const passages = new Map<Publication, Passage | BrokerError>()
  const lanes = Map.groupBy(publications, (one) => deduplicationKeyOf(headersOf(one.message.properties)) ?? one)
  await mapConcurrent([...lanes.values()], PASS_CONCURRENCY, async (lane) => {
    for (const publication of lane) passages.set(publication, await pass(context, publication, claimed))
  })
  return publications.map((publication) => passages.get(publication) ?? unavailable(UNREACHABLE))
}

/** As {@link failThoseBehind}: what comes in a group behind a message that may not pass yet gives its claims back. */
async function inOrder(
  context: VhostContext,
  publications: readonly Publication[],
  passages: readonly (Passage | BrokerError)[],
): Promise<readonly (Passage | BrokerError)[]> {
  const routes = publications.map((original, index) => {
    const passage = passages[index]
    return passage instanceof BrokerError || !passage ? throughAll(context, original) : passage.publication
  })
  const failures: Failures = new Map()
  for (const [index, route] of routes.entries()) {
    const passage = passages[index]
    if (passage instanceof BrokerError) failures.set(route, passage)
  }
  failThoseBehind(routes, failures)
  return Promise.all(
    routes.map(async (route, index) => {
      const passage = passages[index] ?? unavailable(UNREACHABLE)
      const failure = failures.get(route)
      if (!failure || passage instanceof BrokerError) return passage
      await settle(context, passage.claims, false)
      return failure
    }),
  )
}

/** With every queue that it may reach, whoever lets it pass. */
function throughAll({ broker, vhost }: VhostContext, publication: Publication): Publication {
  const { message } = publication
  const queues = new Map(publication.queues.map((queue) => [queue.id, queue]))
  for (const { exchange } of publication.effects) {
    const routable = routableMessage({ ...message, random: () => broker.clock.random() })
    for (const queue of routeMessage(vhost, exchange.name, routable)) queues.set(queue.id, queue)
  }
  return { ...publication, queues: [...queues.values()] }
}

const isDeduplicated = ({ vhost }: VhostContext, { message, queues, effects }: Publication): boolean =>
  effects.some(({ effect }) => effect.type === 'once') ||
  (deduplicationKeyOf(headersOf(message.properties)) !== undefined &&
    queues.some((queue) => vhost.settingsOf(queue).deduplicates))

/** A publication with what it reaches behind exchanges that it may pass, and without what it may not reach again. */
interface Passage {
  readonly original: Publication
  readonly publication: Publication
  readonly claims: readonly Claim[]
  /** Others of the same call that pass in its place somewhere: it is confirmed only if they are. */
  readonly follows: readonly Publication[]
}

async function pass(
  context: VhostContext,
  original: Publication,
  claimed: Map<string, Publication>,
): Promise<Passage | BrokerError> {
  const gate = new Gate(context, original, claimed)
  try {
    const publication = await enterQueues(context, await passExchanges(context, original, gate), gate)
    return { original, publication, ...gate.outcome() }
  } catch (error) {
    await gate.giveBack()
    return error instanceof BrokerError ? error : unavailable(UNREACHABLE, { cause: error })
  }
}

async function settle({ broker }: VhostContext, claims: readonly Claim[], isDelivered: boolean): Promise<void> {
  await Promise.all(claims.map((own) => (isDelivered ? keepClaim : releaseClaim)(broker, own)))
}

/** Asks for one publication whether it may pass, and remembers the answers. */
class Gate {
  readonly #context: VhostContext
  readonly #original: Publication
  readonly #claimed: Map<string, Publication>
  readonly #claims: Claim[] = []
  readonly #follows: Publication[] = []

  constructor(context: VhostContext, original: Publication, claimed: Map<string, Publication>) {
    this.#context = context
    this.#original = original
    this.#claimed = claimed
  }

  /** The publish id under which it passes: that of one before it, whose fate nobody knows, or its own. Undefined where it may not. */
  async pass(scopeId: string, key: string, rememberedMs: number): Promise<string | undefined> {
    const place = `${scopeId}/${key}`
    const first = this.#claimed.get(place)
    if (first) {
      this.#follows.push(first)
      return undefined
    }
    const { publishId } = this.#original
    const own = await claim(this.#context.broker, { scopeId, key, rememberedMs, publishId })
    if (!own) return undefined
    this.#claims.push(own)
    this.#claimed.set(place, this.#original)
    return own.state.publishId
  }

  outcome(): Pick<Passage, 'claims' | 'follows'> {
    return { claims: this.#claims, follows: this.#follows }
  }

  async giveBack(): Promise<void> {
    await settle(this.#context, this.#claims, false)
    for (const [place, publication] of this.#claimed) {
      if (publication === this.#original) this.#claimed.delete(place)
    }
  }
}

/** Routes the message onward from each exchange that it may pass. One that it may not pass is the end of that way. */
async function passExchanges(context: VhostContext, publication: Publication, gate: Gate): Promise<Publication> {
  const queues = new Map(publication.queues.map((queue) => [queue.id, queue]))
  const effects: Effect[] = []
  const passed = new Set<string>()
  const takenOver = new Map<string, string>()
  const waiting = [...publication.effects]
  for (let next = waiting.shift(); next; next = waiting.shift()) {
    const { exchange, effect } = next
    if (effect.type !== 'once') {
      effects.push(next)
      continue
    }
    if (passed.has(exchange.id)) continue
    passed.add(exchange.id)
    const publishId = await gate.pass(exchange.id, effect.key, effect.rememberedMs)
    if (publishId === undefined) continue
    const routable = routableMessage({ ...publication.message, random: () => context.broker.clock.random() })
    const onward = routeToQueues(context, exchange.name, routable, exchange.id)
    if (publication.hop === 0) assertEffects(onward)
    for (const queue of onward.queues) {
      // What another way leads to as well is owed a copy of this message.
      if (!queues.has(queue.id)) takenOver.set(queue.id, publishId)
      queues.set(queue.id, queue)
    }
    waiting.push(...onward.effects)
  }
  return { ...publication, queues: [...queues.values()], effects, takenOver }
}

async function enterQueues(context: VhostContext, publication: Publication, gate: Gate): Promise<Publication> {
  const headers = headersOf(publication.message.properties)
  const key = deduplicationKeyOf(headers)
  if (key === undefined) return publication
  const entered: Queue[] = []
  const takenOver = new Map(publication.takenOver)
  for (const queue of publication.queues) {
    if (context.vhost.settingsOf(queue).deduplicates) {
      const publishId = await gate.pass(queue.id, key, rememberedMsOf(headers, queue.arguments))
      if (publishId === undefined) continue
      takenOver.set(queue.id, publishId)
    }
    entered.push(queue)
  }
  return { ...publication, queues: entered, takenOver }
}

import { assertMayPublish } from '../access/permissions.ts'
import { ClaimCheckError } from '../delivery/claim-checks.ts'
import type { Envelope } from '../delivery/envelope.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import { logError } from '../log.ts'
import { accessRefused } from '../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import type { Message } from '../model/message.ts'
import { assertShortString, noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import { routableMessage } from '../routing/route-message.ts'
import { newId } from './change.ts'
import { deathId, withBcc } from './dead-letter.ts'
import { assertMatched, type DeadLetterFilter, queueOfDeadLetters, scanDeadLetters } from './dead-letter-scan.ts'
import { deliver } from './deliver.ts'
import { isRouted, type Publication, type Route, routeToQueues } from './publication.ts'
import type { VhostSession } from './session.ts'

/** An exchange that dead letters are to be published to. */
export interface RedriveTarget {
  readonly exchange: string
  /** Where left out, each is routed by the keys that it was published with. */
  readonly routingKey?: string | undefined
}

export interface RedriveInput {
  readonly queue: string
  readonly filter: DeadLetterFilter
  /** How many at most; all where it is left out. */
  readonly max?: number | undefined
  /** Where left out, they go back to their queue. */
  readonly to?: RedriveTarget | undefined
}

export interface Redriven {
  readonly redrivenCount: number
  /** Those that the exchange had no queue for, which stay. */
  readonly unroutableCount: number
  /** Those that could not be sent, or whose payload is gone; they stay as well. */
  readonly failedCount: number
  /** About how many dead letters there were. */
  readonly totalCount: number
  /** Whether all were looked at; if not, repeat it. */
  readonly isComplete: boolean
}

/**
 * Sends dead letters on their way again, with their deaths: back to their queue, or through an exchange to which the user
 * may publish. Each is removed once it is durable where it goes, so what dies on the way duplicates and never loses.
 * Throws `invalid` where a filter fits none, `not-found` and `access-refused` as a publish does.
 */
export async function redriveDeadLetters(session: VhostSession, input: RedriveInput): Promise<Redriven> {
  const { filter, max, to } = input
  const queue = queueOfDeadLetters(session, input.queue)
  if (to) assertTarget(session, to)
  let unroutableCount = 0
  const scanned = await scanDeadLetters(session, queue, {
    filter,
    max,
    visit: async (copies) => {
      const opened = await Promise.all(copies.map((copy) => open(session, copy)))
      const publications = opened.map((envelope, index) =>
        envelope ? publicationOf(session, queue, to, envelope, copies[index]) : undefined,
      )
      unroutableCount += publications.filter((publication) => publication && !isRouted(publication)).length
      return send(session, publications)
    },
  })
  assertMatched(queue, filter, scanned)
  const { matchedCount, removedCount: redrivenCount, totalCount, isComplete } = scanned
  const failedCount = matchedCount - redrivenCount - unroutableCount
  return { redrivenCount, unroutableCount, failedCount, totalCount, isComplete }
}

function assertTarget({ access, user, vhost }: VhostSession, { exchange, routingKey = '' }: RedriveTarget): void {
  assertShortString(routingKey, 'the routing key')
  const node = vhost.exchangeByName(exchange)
  assertMayPublish(access, user, vhost.vhost, { name: exchange, type: node?.exchange.type }, [routingKey])
  if (!node && exchange !== DEFAULT_EXCHANGE) throw noSuchObject('exchange', exchange, vhost.vhost)
  if (node?.exchange.internal) throw accessRefused(`cannot publish to internal exchange '${exchange}'`)
}

/** Undefined where the payload is gone: that one stays, and holds nobody up. */
async function open({ broker, vhost }: VhostSession, { message }: ReceivedCopy): Promise<Envelope | undefined> {
  try {
    return await broker.delivery.claimChecks.open(message, vhost.id)
  } catch (error) {
    if (!(error instanceof ClaimCheckError)) throw error
    logError('a dead letter cannot be redriven', error)
    return undefined
  }
}

function publicationOf(
  session: VhostSession,
  queue: Queue,
  to: RedriveTarget | undefined,
  { message: dead, bccKeys }: Envelope,
  copy: ReceivedCopy | undefined,
): Publication {
  const { broker, version } = session
  const identity = copy?.identity
  const identified = { publishId: identity ? deathId(identity) : newId(broker), hop: (identity?.hop ?? 0) + 1, version }
  const message = withBcc(dead, bccKeys)
  if (!to) return { ...identified, message, queues: [queue], effects: [] }
  const redirected = { ...message, exchange: to.exchange, routingKey: to.routingKey ?? message.routingKey }
  return { ...identified, message: redirected, ...routeOf(session, redirected) }
}

function routeOf({ broker, access, user, vhost }: VhostSession, message: Message): Route {
  const routable = routableMessage({ ...message, random: () => broker.clock.random() })
  const type = vhost.exchangeByName(message.exchange)?.exchange.type
  assertMayPublish(access, user, vhost.vhost, { name: message.exchange, type }, routable.routingKeys)
  return routeToQueues({ vhost }, message.exchange, routable)
}

/** Answers which of them are durable where they go. */
async function send(
  session: VhostSession,
  publications: readonly (Publication | undefined)[],
): Promise<readonly boolean[]> {
  const routed = publications.filter((publication) => publication !== undefined).filter(isRouted)
  const failures = await deliver(session, routed)
  const sent = new Set(routed.filter((_, index) => failures[index] === undefined))
  return publications.map((publication) => publication !== undefined && sent.has(publication))
}

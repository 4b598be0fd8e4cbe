import { decodeMessage } from '../delivery/envelope.ts'
import { keyOf, parsePointer, parseScheduled, type ScheduledMessage, toItem } from '../delivery/scheduled-message.ts'
import { logError } from '../log.ts'
import { headersOf, type Message } from '../model/message.ts'
import { withDelayServed } from '../routing/exchange-types/x-delayed-message.ts'
import { routableMessage } from '../routing/route-message.ts'
import type { Broker } from './broker.ts'
import { withBcc } from './dead-letter.ts'
import { deliverOnce } from './deliver-once.ts'
import { routeToQueues } from './publication.ts'
import { sendPointers } from './schedule.ts'
import { viewVhost } from './view-vhost.ts'

/** A message of the delay queue. */
export interface DelayRecord {
  readonly id: string
  readonly body: string
}

/** Longer than the function may run: while a delivery may still succeed nobody else begins one. */
const CLAIM_MS = 90_000
const FIRST_BACKOFF_MS = 2_000
const MAX_BACKOFF_MS = 600_000

/**
 * Routes and delivers the messages that are due; answers the ids of the records that are to come again. Each is claimed
 * first and removed last, so whoever dies in between makes a duplicate at worst; what is not delivered stays and is tried
 * again.
 */
export async function fireScheduled(broker: Broker, records: readonly DelayRecord[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(records.map(({ body }) => fireOne(broker, body)))
  return records.flatMap(({ id }, index) => {
    const outcome = outcomes[index]
    if (outcome?.status !== 'rejected') return []
    logError('a scheduled message is looked at again', outcome.reason)
    return [id]
  })
}

async function fireOne(broker: Broker, pointer: string): Promise<void> {
  const { items } = broker.delivery
  const key = parsePointer(pointer)
  for (;;) {
    const item = await items.get(key)
    if (!item) return
    const scheduled = parseScheduled(item.data)
    const nowMs = broker.clock.wallMs()
    if (scheduled.dueMs > nowMs) return sendPointers(broker, [scheduled])
    // If who has it dies, the clock finds it late and hands it over again.
    if (scheduled.claimedUntilMs > nowMs) return
    const claimed = { ...scheduled, claimedUntilMs: nowMs + CLAIM_MS, attempts: scheduled.attempts + 1 }
    const revision = await items.put(toItem(claimed), item.revision)
    // The clock may only have noted that it was late: nobody else may come for it soon, so it is looked at once more.
    if (revision !== undefined) return deliverClaimed(broker, claimed, revision)
  }
}

async function deliverClaimed(broker: Broker, claimed: ScheduledMessage, revision: string): Promise<void> {
  try {
    await deliverScheduled(broker, claimed)
  } catch (error) {
    logError('a scheduled message could not be delivered yet', error)
    return putBack(broker, claimed, revision)
  }
  await broker.delivery.items.remove(keyOf(claimed), revision)
}

/** What has nowhere to go, as its exchange or vhost is gone or nothing is bound, is dropped, as RabbitMQ does. */
async function deliverScheduled(broker: Broker, scheduled: ScheduledMessage): Promise<void> {
  const { vhostId, version, exchangeId, publishId, hop } = scheduled
  const view = await viewVhost(broker, vhostId, { atLeast: version })
  const exchange = view?.vhost.exchangeById(exchangeId)?.exchange
  if (!view || !exchange) return
  const { claimChecks } = broker.delivery
  const { message, bccKeys } = await claimChecks.open(decodeMessage(scheduled.message, ''), vhostId)
  const served = servedMessage(withBcc(message, bccKeys))
  const routable = routableMessage({ ...served, random: () => broker.clock.random() })
  const route = routeToQueues(view, exchange.name, routable)
  const publication = { publishId, hop: hop + 1, message: served, ...route, version: view.version }
  const [failure] = await deliverOnce(view, [publication])
  if (failure) throw failure
}

const servedMessage = ({ properties, ...message }: Message): Message => ({
  ...message,
  properties: { ...properties, headers: withDelayServed(headersOf(properties)) },
})

/** Best effort: without it the claim ends by itself. */
async function putBack(broker: Broker, claimed: ScheduledMessage, revision: string): Promise<void> {
  const nowMs = broker.clock.wallMs()
  const backoffMs = Math.min(FIRST_BACKOFF_MS * 2 ** (claimed.attempts - 1), MAX_BACKOFF_MS)
  const released = { ...claimed, claimedUntilMs: nowMs }
  if ((await broker.delivery.items.put(toItem(released), revision)) === undefined) return
  await sendPointers(broker, [released], backoffMs)
}

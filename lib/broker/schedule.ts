import { internalQueueName } from '../config.ts'
import { mapConcurrent } from '../delivery/concurrent.ts'
import { envelopeOf } from '../delivery/envelope.ts'
import { ABSENT } from '../delivery/item-store.ts'
import { MAX_RELAY_INLINE_BYTES } from '../delivery/relay-message.ts'
import { encodePointer, keyOf, type ScheduledMessage, toItem } from '../delivery/scheduled-message.ts'
import { logError } from '../log.ts'
import { BrokerError, preconditionFailed, unavailable } from '../model/errors.ts'
import type { Exchange } from '../model/exchange.ts'
import { MAX_DELAY_MS } from '../routing/exchange-types/x-delayed-message.ts'
import type { Broker } from './broker.ts'
import { type Failures, type Publication, UNREACHABLE } from './publication.ts'
import type { VhostContext } from './session.ts'

/** As far ahead as SQS delays a message; what is due later waits for the clock to hand it over. */
export const MAX_SQS_DELAY_MS = 900_000
/** DynamoDB takes 400 KB as an item. */
export const MAX_ITEM_BYTES = 380_000
const STORE_CONCURRENCY = 16

interface Hold {
  readonly publication: Publication
  readonly exchange: Exchange
  readonly holdMs: number
}

const holdsOf = (publication: Publication): readonly Hold[] =>
  publication.effects.flatMap(({ exchange, effect }) =>
    effect.type === 'hold' ? [{ publication, exchange, holdMs: effect.holdMs }] : [],
  )

/**
 * Stores what exchanges hold of these publications. Stored means safe: who dies after that loses nothing, since the clock
 * hands over what nobody else does. Publications that could not be stored are put into `failures`.
 */
export async function holdAll(
  view: VhostContext,
  publications: readonly Publication[],
  failures: Failures,
): Promise<void> {
  const held = publications.flatMap((publication) => holdsOf(publication))
  if (held.length === 0) return
  const stored = await mapConcurrent(held, STORE_CONCURRENCY, async (hold) => {
    try {
      return await store(view, hold)
    } catch (error) {
      failures.set(hold.publication, error instanceof BrokerError ? error : unavailable(UNREACHABLE, { cause: error }))
      return undefined
    }
  })
  const soonMs = view.broker.clock.wallMs() + MAX_SQS_DELAY_MS
  const soon = stored.filter((scheduled) => scheduled !== undefined).filter(({ dueMs }) => dueMs <= soonMs)
  try {
    await sendPointers(view.broker, soon)
  } catch (error) {
    logError('scheduled messages wait for the clock', error)
  }
}

async function store(
  { broker, vhost }: VhostContext,
  { publication, exchange, holdMs }: Hold,
): Promise<ScheduledMessage> {
  const { publishId, hop, version, message } = publication
  const dueMs = broker.clock.wallMs() + Math.min(holdMs, MAX_DELAY_MS)
  const options = { vhostId: vhost.id, area: 'scheduled' as const, maxInlineBytes: MAX_RELAY_INLINE_BYTES }
  const { body, attribute } = await broker.delivery.claimChecks.encode(envelopeOf(message), {
    ...options,
    ...(hop > 0 && { maxMetadataBytes: MAX_ITEM_BYTES }),
  })
  const scheduled: ScheduledMessage = {
    dueMs,
    publishId,
    hop,
    vhostId: vhost.id,
    exchangeId: exchange.id,
    version,
    message: { body, attribute },
    claimedUntilMs: 0,
    handedOverMs: 0,
    attempts: 0,
  }
  const item = toItem(scheduled)
  if (Buffer.byteLength(item.data) > MAX_ITEM_BYTES) {
    throw preconditionFailed(
      `a message that is held may have ${MAX_ITEM_BYTES} bytes of properties and headers at most`,
    )
  }
  // A put that is repeated may arrive once more when somebody has taken the message back, or has begun to deliver it.
  await broker.delivery.items.put(item, ABSENT)
  return scheduled
}

/**
 * Puts pointers to scheduled messages into the delay queue, each to come out when its message is due, though after
 * `atLeastMs` only. Throws where one cannot be put.
 */
export async function sendPointers(
  { config, clock, delivery }: Broker,
  due: readonly ScheduledMessage[],
  atLeastMs = 0,
): Promise<void> {
  const sqsQueueName = internalQueueName(config, 'delay')
  const nowMs = clock.wallMs()
  const copies = due.map((scheduled) => {
    const body = encodePointer(keyOf(scheduled))
    const delayMs = Math.min(Math.max(atLeastMs, scheduled.dueMs - nowMs), MAX_SQS_DELAY_MS)
    return { sqsQueueName, message: { body, sizeBytes: Buffer.byteLength(body) }, delayS: Math.ceil(delayMs / 1000) }
  })
  const outcomes = await delivery.sender.send(copies)
  const failed = outcomes.filter(({ status }) => status !== 'sent').length
  if (failed > 0) throw new Error(`${failed} of ${copies.length} scheduled messages could not be handed over`)
}

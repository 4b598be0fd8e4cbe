import { mapConcurrent } from '../delivery/concurrent.ts'
import { envelopeOf } from '../delivery/envelope.ts'
import { historyPartition, keptItem } from '../delivery/kept-message.ts'
import { MAX_RELAY_INLINE_BYTES } from '../delivery/relay-message.ts'
import { logError } from '../log.ts'
import { BrokerError, unavailable } from '../model/errors.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Broker } from './broker.ts'
import { type Failures, type Publication, UNREACHABLE } from './publication.ts'
import { MAX_ITEM_BYTES } from './schedule.ts'
import type { VhostContext } from './session.ts'
import { viewVhost } from './view-vhost.ts'

const KEEP_CONCURRENCY = 16
/** One publish in so many looks for messages that are no longer to be kept. */
const TRIM_EVERY = 10
const TRIM_AT_ONCE = 100

interface Keep {
  readonly publication: Publication
  readonly exchange: Exchange
  readonly count: number
  /** Among those of the same call. */
  readonly place: number
}

const keepsOf = (publication: Publication, place: number): readonly Keep[] =>
  publication.effects.flatMap(({ exchange, effect }) =>
    effect.type === 'keep' ? [{ publication, exchange, count: effect.count, place }] : [],
  )

/** Stores what exchanges keep of these publications for queues that are bound later; those that cannot be go into `failures`. */
export async function keepAll(
  context: VhostContext,
  publications: readonly Publication[],
  failures: Failures,
): Promise<void> {
  const keeps = publications.flatMap(keepsOf)
  if (keeps.length === 0) return
  const keptAtMs = context.broker.clock.wallMs()
  await mapConcurrent(keeps, KEEP_CONCURRENCY, async (keep) => {
    try {
      await store(context, keep, keptAtMs)
    } catch (error) {
      fail(failures, keep, error)
    }
  })
  try {
    await refuseOvertaken(context, keeps, failures)
  } catch (error) {
    for (const keep of keeps) fail(failures, keep, error)
  }
}

function fail(failures: Failures, { publication }: Keep, error: unknown): void {
  if (failures.has(publication)) return
  failures.set(publication, error instanceof BrokerError ? error : unavailable(UNREACHABLE, { cause: error }))
}

/**
 * What a binding brings is read once its lease wait is over. A message that is kept before that is among it; one that knows
 * of the binding is routed by it. What was kept too late for the one and routed too early for the other is refused.
 */
async function refuseOvertaken(
  { broker, vhost }: VhostContext,
  keeps: readonly Keep[],
  failures: Failures,
): Promise<void> {
  const now = await viewVhost(broker, vhost.id)
  const oldest = Math.min(...keeps.map(({ publication }) => publication.version))
  if (!now || now.version <= oldest) return
  const boundAt = await lastBindings(broker, vhost.id, oldest)
  for (const keep of keeps) {
    const isOvertaken = (boundAt.get(keep.exchange.id) ?? 0) > keep.publication.version
    if (isOvertaken) fail(failures, keep, unavailable(OVERTAKEN))
  }
}

const OVERTAKEN = 'a queue was bound before the message could be kept for it: publish it again'

/** The version by which each exchange was last bound to something, of those after `after`. */
async function lastBindings({ journals }: Broker, vhostId: string, after: number): Promise<Map<string, number>> {
  const boundAt = new Map<string, number>()
  for (let reached = after; ; ) {
    const page = await journals.entries(vhostId, { after: reached })
    for (const { version, events } of page) {
      for (const event of events) if (event.type === 'bound') boundAt.set(event.binding.sourceId, version)
      reached = version
    }
    if (page.length === 0) return boundAt
  }
}

async function store(
  { broker, vhost }: VhostContext,
  { publication, exchange, count, place }: Keep,
  keptAtMs: number,
): Promise<void> {
  const { publishId, hop, version, message } = publication
  // Kept for as long as a scheduled message may be: nobody knows when a queue will be bound.
  const { body, attribute } = await broker.delivery.claimChecks.encode(envelopeOf(message), {
    vhostId: vhost.id,
    area: 'scheduled',
    maxInlineBytes: MAX_RELAY_INLINE_BYTES,
    ...(hop > 0 && { maxMetadataBytes: MAX_ITEM_BYTES }),
  })
  const kept = { exchangeId: exchange.id, keptAtMs, publishId, version, message: { body, attribute } }
  await broker.delivery.items.put(keptItem(kept, place))
  if (broker.clock.random() < 1 / TRIM_EVERY) await trim(broker, exchange, count)
}

/** Best effort: whoever reads the history takes the newest only. */
async function trim({ delivery }: Broker, { id }: Exchange, count: number): Promise<void> {
  try {
    const range = { limit: count + TRIM_AT_ONCE, newestFirst: true }
    const old = (await delivery.items.list(historyPartition(id), range)).slice(count)
    await mapConcurrent(old, KEEP_CONCURRENCY, ({ partition, sort }) => delivery.items.remove({ partition, sort }))
  } catch (error) {
    logError('an exchange keeps more messages than it has to', error)
  }
}

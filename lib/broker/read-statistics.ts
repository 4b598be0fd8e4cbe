import { batchesFrom, parseBatch, parseTotal, type StatisticsBatch, totalKey } from '../delivery/statistics-item.ts'
import {
  addCounts,
  addObjects,
  type CountedObjects,
  type MessageCounts,
  noCounts,
  nothingCounted,
} from '../model/message-counts.ts'
import type { Broker } from './broker.ts'

/** The time that a rate is of. */
export const RATE_MS = 60_000
/** Batches beyond this are not read: the oldest are left out. */
const MAX_BATCHES = 1000

export type Kind = keyof CountedObjects

/** What is known of messages, as of one moment. */
export interface StatisticsView {
  /** Since the object was made, or has been forgotten for being idle; undefined where nothing ever happened to it. */
  counts(kind: Kind, id: string): MessageCounts | undefined
  /** In the last minute, a second. */
  rates(kind: Kind, id: string): MessageCounts
  /** What {@link counts} was at some earlier time. */
  countsAt(kind: Kind, id: string, atMs: number): MessageCounts
  /** What is later than this is not complete, ms since 1970. */
  readonly completeMs: number
}

interface Read {
  readonly readMs: number
  readonly reachMs: number
  readonly view: Promise<StatisticsView>
}

/** Lists and dashboards ask every few seconds, and what environments write comes once a minute. */
const lastRead = new WeakMap<Broker, Read>()

/** Reads what was counted, by all environments as far as they have written it down, and by this one. `reachMs` is how far back earlier counts will be asked for. */
export function readStatistics(broker: Broker, reachMs = 0): Promise<StatisticsView> {
  const nowMs = broker.clock.monotonicMs()
  const known = lastRead.get(broker)
  if (known && nowMs - known.readMs < broker.config.countsCacheMs && known.reachMs >= reachMs) return known.view
  const read = { readMs: nowMs, reachMs, view: readNow(broker, reachMs) }
  lastRead.set(broker, read)
  // What failed is tried again by whoever asks next.
  read.view.catch(() => lastRead.delete(broker))
  return read.view
}

async function readNow(
  { delivery: { items }, clock, config, statistics }: Broker,
  reachMs: number,
): Promise<StatisticsView> {
  const completeMs = clock.wallMs() - config.statisticsLagMs
  // The total comes first: what is added to it after that is among the batches behind its key as well, and counts once.
  const { upTo, ...total } = parseTotal(await items.get(totalKey()))
  const { partition, range } = batchesFrom(completeMs - RATE_MS - reachMs)
  const from = [range.from, batchesFrom(upTo).range.from].toSorted()[0]
  const stored = await items.list(partition, { ...range, from, limit: MAX_BATCHES, newestFirst: true })
  const own = statistics.peek()
  for (const item of stored) if (item.sort > upTo) addObjects(total, parseBatch(item))
  addObjects(total, own)
  return viewOf(total, [...stored.map(parseBatch), own], completeMs)
}

function viewOf(
  { vhosts, objects }: CountedObjects,
  batches: readonly StatisticsBatch[],
  completeMs: number,
): StatisticsView {
  const current = { vhosts, objects }
  const rates = nothingCounted()
  for (const batch of batches) {
    const share = shareOf(batch, completeMs - RATE_MS, completeMs)
    if (share > 0) addObjects(rates, batch, (share * 1000) / RATE_MS)
  }
  return {
    completeMs,
    counts: (kind, id) => current[kind].get(id),
    rates: (kind, id) => rates[kind].get(id) ?? noCounts(),
    countsAt(kind, id, atMs) {
      const counts = noCounts()
      addCounts(counts, current[kind].get(id) ?? noCounts())
      for (const batch of batches) {
        const later = batch[kind].get(id)
        if (later) addCounts(counts, later, -shareOf(batch, atMs, Number.POSITIVE_INFINITY))
      }
      return counts
    },
  }
}

/** How much of what a batch counted happened after one time and not after another; it knows the first and the last of it. */
function shareOf({ fromMs, toMs }: StatisticsBatch, afterMs: number, untilMs: number): number {
  if (fromMs === toMs) return afterMs < toMs && toMs <= untilMs ? 1 : 0
  return Math.max(0, Math.min(toMs, untilMs) - Math.max(fromMs, afterMs)) / (toMs - fromMs)
}

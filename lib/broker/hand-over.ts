import { parseFields } from '../delivery/envelope-metadata.ts'
import type { StoredItem } from '../delivery/item-store.ts'
import {
  CANCELLED_KEPT_MS,
  dueBefore,
  dueFrom,
  keyOf,
  parseScheduled,
  SCHEDULED_PARTITIONS,
  type ScheduledMessage,
  sortAfter,
  toItem,
} from '../delivery/scheduled-message.ts'
import type { Broker } from './broker.ts'
import { MAX_SQS_DELAY_MS, sendPointers } from './schedule.ts'

/** For each partition until when everything has been handed over, ms since 1970. */
export const HORIZON = { partition: 'clock', sort: 'scheduled-handed-over' } as const
/**
 * What is due within 15 minutes is handed over by whoever stores it. So the clock stays a minute behind: what it passes
 * has been stored.
 */
const AHEAD_MS = MAX_SQS_DELAY_MS - 60_000
/** A message is due, and nobody delivers it: whoever was to has died, or the delay queue is behind. */
const LATE_MS = 60_000
/** What was late is handed over again after so long. */
const AGAIN_AFTER_MS = 600_000
const PAGE = 100
/** The clock has a minute, and other work. */
const BUDGET_MS = 30_000

/**
 * Hands scheduled messages over to the delay queue, in the minute in which SQS can delay them until they are due, and
 * again those that are late. What it does not get to is left to the next minute, which goes on from there; it begins with
 * another partition each time, so that one with too many messages does not hold up the others for ever.
 */
export async function handOverScheduled(broker: Broker): Promise<void> {
  const { clock } = broker
  const [nowMs, endMs] = [clock.wallMs(), clock.monotonicMs() + BUDGET_MS]
  const isInTime = () => clock.monotonicMs() < endMs
  const first = Math.floor(nowMs / 60_000) % SCHEDULED_PARTITIONS.length
  const partitions = [...SCHEDULED_PARTITIONS.slice(first), ...SCHEDULED_PARTITIONS.slice(0, first)]
  await handOverAhead(broker, partitions, nowMs, isInTime)
  for (const partition of partitions) {
    for await (const page of pagesOf(broker, partition, dueFrom(0), dueBefore(nowMs - LATE_MS))) {
      await handOverLate(broker, page, nowMs)
      if (!isInTime()) return
    }
  }
}

async function handOverAhead(
  broker: Broker,
  partitions: readonly string[],
  nowMs: number,
  isInTime: () => boolean,
): Promise<void> {
  const { items } = broker.delivery
  const horizons = parseHorizons(await items.get(HORIZON), nowMs + AHEAD_MS)
  for (const partition of partitions) {
    if (!isInTime()) break
    const from = dueFrom(Math.max(nowMs - LATE_MS, horizons[partition] ?? 0))
    horizons[partition] = nowMs + AHEAD_MS
    for await (const page of pagesOf(broker, partition, from, dueBefore(nowMs + AHEAD_MS))) {
      const scheduled = page.map(({ data }) => parseScheduled(data))
      await sendPointers(
        broker,
        scheduled.filter(({ cancelledMs }) => cancelledMs === undefined),
      )
      if (isInTime()) continue
      // What is due in the same millisecond may be on the next page: it is handed over twice then.
      horizons[partition] = scheduled.at(-1)?.dueMs ?? nowMs
      break
    }
  }
  await items.put({ ...HORIZON, data: JSON.stringify(horizons) })
}

/** One that lies further ahead than this clock ever looks was written by a clock that was wrong. */
function parseHorizons(item: StoredItem | undefined, furthestMs: number): Record<string, number> {
  const horizons = Object.entries(item ? parseFields(item.data) : {})
  return Object.fromEntries(
    horizons.flatMap(([partition, ms]) => (typeof ms === 'number' && ms <= furthestMs ? [[partition, ms]] : [])),
  )
}

async function* pagesOf(
  { delivery }: Broker,
  partition: string,
  from: string,
  to: string,
): AsyncGenerator<StoredItem[]> {
  let next = from
  for (;;) {
    const page = await delivery.items.list(partition, { from: next, to, limit: PAGE })
    const last = page.at(-1)
    if (!last) return
    yield page
    if (page.length < PAGE) return
    next = sortAfter(last.sort)
  }
}

async function handOverLate(broker: Broker, page: readonly StoredItem[], nowMs: number): Promise<void> {
  const scheduled = page.map(({ data, revision }) => ({ scheduled: parseScheduled(data), revision }))
  const forgotten = scheduled.filter(
    ({ scheduled: { cancelledMs = nowMs } }) => cancelledMs < nowMs - CANCELLED_KEPT_MS,
  )
  await Promise.all(forgotten.map((one) => broker.delivery.items.remove(keyOf(one.scheduled), one.revision)))
  const late = scheduled.filter((one) => isLeft(one.scheduled, nowMs))
  await sendPointers(
    broker,
    late.map(({ scheduled }) => scheduled),
  )
  await Promise.all(
    late.map(({ scheduled, revision }) =>
      broker.delivery.items.put(toItem({ ...scheduled, handedOverMs: nowMs }), revision),
    ),
  )
}

const isLeft = ({ claimedUntilMs, handedOverMs }: ScheduledMessage, nowMs: number): boolean =>
  claimedUntilMs <= nowMs && handedOverMs <= nowMs - AGAIN_AFTER_MS

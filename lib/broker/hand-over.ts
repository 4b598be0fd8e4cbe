import type { StoredItem } from '../delivery/item-store.ts'
import {
  dueBefore,
  dueFrom,
  parseScheduled,
  SCHEDULED_PARTITIONS,
  type ScheduledMessage,
  sortAfter,
  toItem,
} from '../delivery/scheduled-message.ts'
import type { Broker } from './broker.ts'
import { MAX_SQS_DELAY_MS, sendPointers } from './schedule.ts'

/** Until when everything has been handed over. */
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
 * again those that are late. What it does not get to is left to the next minute.
 */
export async function handOverScheduled(broker: Broker): Promise<void> {
  const { clock, delivery } = broker
  const [nowMs, startMs] = [clock.wallMs(), clock.monotonicMs()]
  const horizon = await delivery.items.get(HORIZON)
  const lateMs = nowMs - LATE_MS
  const fromMs = Math.max(lateMs, horizonOf(horizon, nowMs + AHEAD_MS))
  const isInTime = () => clock.monotonicMs() - startMs < BUDGET_MS
  for (const partition of SCHEDULED_PARTITIONS) {
    for await (const page of pagesOf(broker, partition, dueFrom(0), dueBefore(lateMs))) {
      await handOverLate(broker, page, nowMs)
      if (!isInTime()) return
    }
    for await (const page of pagesOf(broker, partition, dueFrom(fromMs), dueBefore(nowMs + AHEAD_MS))) {
      await sendPointers(
        broker,
        page.map(({ data }) => parseScheduled(data)),
      )
      if (!isInTime()) return
    }
  }
  await delivery.items.put({ ...HORIZON, data: String(nowMs + AHEAD_MS) })
}

/** One that lies further ahead than this clock ever looks was written by a clock that was wrong. */
function horizonOf(item: StoredItem | undefined, furthestMs: number): number {
  const horizonMs = Number(item?.data ?? 0)
  return horizonMs <= furthestMs ? horizonMs : 0
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
  const late = page
    .map(({ data, revision }) => ({ scheduled: parseScheduled(data), revision }))
    .filter(({ scheduled }) => isLeft(scheduled, nowMs))
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

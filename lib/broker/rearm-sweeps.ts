import { ENDED, parseSweepItem, SWEEP_PARTITIONS, type SweepItem } from '../delivery/sweep-chain.ts'
import { logError } from '../log.ts'
import type { Broker } from './broker.ts'
import { armSweep } from './sweep-chains.ts'

/** Nobody has looked: the message that was to bring the look about was lost. */
const LATE_MS = 180_000
const PAGE = 500
/** Looks at everything in so many minutes, a part in each. */
const ROUND_MINUTES = SWEEP_PARTITIONS.length

/** Has queues looked through whose look is overdue. */
export async function rearmSweeps(broker: Broker): Promise<void> {
  const { clock, delivery } = broker
  const nowMs = clock.wallMs()
  const partition = SWEEP_PARTITIONS[Math.floor(nowMs / 60_000) % ROUND_MINUTES] ?? ''
  let from: string | undefined
  for (;;) {
    const page = await delivery.items.list(partition, { from, limit: PAGE })
    const late = page
      .flatMap(({ data }) => readable(data))
      .filter(({ nextLookMs }) => nextLookMs !== ENDED && nextLookMs < nowMs - LATE_MS)
    for (const { vhostId, queueId } of late) await armSweep(broker, { vhostId, queueId, nextLookMs: nowMs })
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    from = `${last.sort} `
  }
}

/** What another release wrote is left to it, and holds up no other queue. */
function readable(data: string): SweepItem[] {
  try {
    return [parseSweepItem(data)]
  } catch (error) {
    logError('a queue is not looked after by this release', error)
    return []
  }
}

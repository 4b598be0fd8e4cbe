import { MissingQueueError } from '../delivery/sqs-errors.ts'
import { parseChain, type SweepChain, sweepKey } from '../delivery/sweep-chain.ts'
import { logError } from '../log.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import type { VhostContext } from './session.ts'
import { armSweep, endSweeps, noteLook, sendLook } from './sweep-chains.ts'
import { type Findings, sweepSqsQueue } from './sweep-sqs-queue.ts'
import { viewVhost } from './view-vhost.ts'

/** A message of the sweep queue. */
export interface SweepRecord {
  readonly id: string
  readonly body: string
}

/** How long a look takes at most, however many SQS queues a queue has: ten looks at once must end within a minute. */
const BUDGET_MS = 25_000
/** How soon a queue is looked at again of which some copies could not be seen: others hold them. */
const AGAIN_AFTER_MS = 60_000
/**
 * Where what could not be seen lies behind copies that do not expire, or copies cannot be taken out, a look that takes
 * nothing out doubles the time to the next one up to this: a backlog that nobody fetches is not looked at each minute for
 * ever.
 */
const MAX_AGAIN_AFTER_MS = 900_000

/** Takes expired copies out of queues (docs/architecture.md); answers the ids of the records that are to come again. */
export async function sweepQueues(broker: Broker, records: readonly SweepRecord[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(records.map(({ body }) => look(broker, parseChain(body))))
  return records.flatMap(({ id }, index) => {
    const outcome = outcomes[index]
    if (outcome?.status !== 'rejected') return []
    logError('a queue is looked through again for expired messages', outcome.reason)
    return [id]
  })
}

/** A look that is due is done, whatever was arranged since: somebody may have relied on it. */
async function look(broker: Broker, chain: SweepChain): Promise<void> {
  if (chain.nextLookMs > broker.clock.wallMs()) return sendLook(broker, chain)
  const context = await viewVhost(broker, chain.vhostId, { confirm: true })
  const queue = context?.vhost.queueById(chain.queueId)
  if (!context || !queue) {
    await broker.delivery.items.remove(sweepKey(chain.queueId))
    return
  }
  await noteLook(broker, chain)
  const findings = await sweep(context, queue)
  const { idleLooks: idleBefore = 0 } = chain
  const idleLooks = findings.some(({ hasTakenOut }) => hasTakenOut) ? 0 : idleBefore + 1
  const nextLookMs = Math.min(...findings.map((each) => nextLookAfter(each, broker.clock.wallMs(), idleLooks)))
  if (nextLookMs < Number.POSITIVE_INFINITY) {
    return armSweep(broker, { ...chain, nextLookMs, isQuiet: false, idleLooks })
  }
  // Nothing was found that can expire. A copy may still be on its way, so the queue is looked through once more.
  if (chain.isQuiet) return endSweeps(broker, chain)
  await armSweep(broker, { ...chain, nextLookMs: broker.clock.wallMs() + AGAIN_AFTER_MS, isQuiet: true, idleLooks })
}

/** Those of an SQS queue that is gone are left out. */
async function sweep(context: VhostContext, queue: Queue): Promise<readonly Findings[]> {
  const found: Findings[] = []
  const budgetMs = BUDGET_MS / queue.sqsQueues.length
  for (const { name } of queue.sqsQueues) {
    try {
      found.push(await sweepSqsQueue(context, queue, name, budgetMs))
    } catch (error) {
      if (!(error instanceof MissingQueueError)) throw error
    }
  }
  return found
}

/** When to look again, ms since 1970; Infinity where there is nothing to come back for. */
function nextLookAfter({ earliestMs, unseen }: Findings, nowMs: number, idleLooks: number): number {
  switch (unseen) {
    case 'none':
      return earliestMs
    case 'more-expired':
      return nowMs
    case 'held':
      return Math.min(earliestMs, nowMs + AGAIN_AFTER_MS)
    case 'behind': {
      const againAfterMs = Math.min(AGAIN_AFTER_MS * 2 ** Math.max(0, idleLooks - 1), MAX_AGAIN_AFTER_MS)
      return Math.min(earliestMs, nowMs + againAfterMs)
    }
  }
}

import type { SettleOutcome as SqsOutcome, VisibilityChange } from '../delivery/sqs-receiver.ts'
import type { BrokerError } from '../model/errors.ts'
import { MAX_VISIBILITY_S, type Queue } from '../model/queue.ts'
import { rejectHeld } from './reject-held.ts'
import { retryDelayOf } from './retry.ts'
import type { VhostContext } from './session.ts'
import { type Fate, type HeldCopy, type SettleFailures, settleFailure } from './settlements.ts'

/** A held copy, and what is to become of it. */
export interface Verdict {
  readonly held: HeldCopy
  readonly fate: Fate
}

/** Settles copies of a queue; answers for each, in their order, the error because of which it could not be settled. */
export async function settleHeld(
  context: VhostContext,
  queue: Queue,
  verdicts: readonly Verdict[],
): Promise<readonly (BrokerError | undefined)[]> {
  const withAction = (...actions: Fate['action'][]): Verdict[] =>
    verdicts.filter(({ fate }) => actions.includes(fate.action))
  const rejects = withAction('reject')
  const rejections = await rejectHeld(context, queue, rejects)
  const deletes = [...withAction('delete', 'discard'), ...rejects.filter((verdict) => !rejections.has(verdict))]
  const others = await Promise.all([
    deleteAll(context, deletes),
    changeAll(context, queue, withAction('put-back', 'hide')),
  ])
  const failures = new Map([rejections, ...others].flatMap((some) => [...some]))
  const acknowledged = withAction('delete').filter((verdict) => !failures.has(verdict))
  context.broker.statistics.acknowledged(context.vhost.id, queue.id, acknowledged.length)
  return verdicts.map((verdict) => failures.get(verdict))
}

const deleteAll = ({ broker }: VhostContext, verdicts: readonly Verdict[]): Promise<SettleFailures> =>
  eachSqsQueue(verdicts, (name, some) =>
    broker.delivery.receiver.deleteBatch(
      name,
      some.map(({ held }) => held.receiptHandle),
    ),
  )

function changeAll(context: VhostContext, queue: Queue, verdicts: readonly Verdict[]): Promise<SettleFailures> {
  const toChange = ({ held, fate }: Verdict): VisibilityChange => ({
    receiptHandle: held.receiptHandle,
    visibilityS: fate.action === 'hide' ? fate.visibilityS : putBackForS(context, queue, held, fate),
  })
  return eachSqsQueue(verdicts, (name, some) =>
    context.broker.delivery.receiver.changeVisibilityBatch(name, some.map(toChange)),
  )
}

/** Of what is put back: as long as its receiver says, else as the queue's back-off has it. */
function putBackForS({ broker, vhost }: VhostContext, queue: Queue, held: HeldCopy, fate: Fate): number {
  const asked = fate.action === 'put-back' ? fate.delayS : undefined
  const delayS = asked ?? retryDelayOf(broker, vhost, queue, held.receiveCount)
  // SQS refuses to hide a message for more than its limit in all, and counts from the receive.
  const elapsedS = Math.ceil((broker.clock.wallMs() - held.receivedAtMs) / 1000)
  return Math.max(0, Math.min(delayS, MAX_VISIBILITY_S - elapsedS))
}

async function eachSqsQueue(
  verdicts: readonly Verdict[],
  apply: (sqsQueueName: string, some: readonly Verdict[]) => Promise<readonly SqsOutcome[]>,
): Promise<SettleFailures> {
  const failures = new Map<Verdict, BrokerError>()
  const byQueue = Map.groupBy(verdicts, ({ held }) => held.sqsQueueName)
  await Promise.all(
    Array.from(byQueue, async ([name, some]) => {
      const results = await apply(name, some)
      for (const [index, verdict] of some.entries()) {
        const failure = settleFailure(results[index])
        if (failure) failures.set(verdict, failure)
      }
    }),
  )
  return failures
}

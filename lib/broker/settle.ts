import { assertMayConsume } from '../access/permissions.ts'
import type { SettleOutcome as SqsOutcome, VisibilityChange } from '../delivery/sqs-receiver.ts'
import type { Delivered } from '../delivery/tags.ts'
import { BrokerError, invalid } from '../model/errors.ts'
import { noSuchObject } from '../model/names.ts'
import { MAX_VISIBILITY_S, type Queue } from '../model/queue.ts'
import { noteUse } from './note-use.ts'
import { rejectDeliveries } from './reject-deliveries.ts'
import { retryDelayOf } from './retry.ts'
import type { VhostSession } from './session.ts'
import { expiredTag, type Open, type SettleFailures, settleFailure } from './settlements.ts'
import { tagsOf } from './tags.ts'

/** What the caller says of one delivery (docs/api.md). */
export interface Settlement {
  readonly deliveryTag: string
  readonly action: 'ack' | 'nack' | 'reject' | 'extend'
  /** Of nack and reject: whether the message goes back to the queue; it does unless this is false. */
  readonly requeue?: boolean | undefined
  /** Of what goes back: after how long it may be delivered again; by default as the queue's back-off has it, or at once. */
  readonly delayS?: number | undefined
  /** Of extend: how much longer the message stays hidden, from now. */
  readonly visibilityS?: number | undefined
}

/** Of an extension that succeeded: the tag that is good until the new deadline. The old one is good until the old deadline. */
interface Extended {
  readonly newDeliveryTag?: string
}

export type SettleOutcome = ({ readonly ok: true } & Extended) | { readonly ok: false; readonly error: BrokerError }

const DEFAULT_EXTENSION_S = 30

/** What becomes of a delivery. */
type Fate = 'delete' | 'reject' | 'hide'

/**
 * Settles deliveries, each with an outcome of its own in the order given. A tag that is not good, or named twice, changes
 * nothing.
 */
export async function settle(
  session: VhostSession,
  queueName: string,
  settlements: readonly Settlement[],
): Promise<readonly SettleOutcome[]> {
  const { access, user, vhost, broker } = session
  assertMayConsume(access, user, vhost.vhost, queueName)
  const queue = vhost.queueByName(queueName)
  if (!queue) throw noSuchObject('queue', queueName, vhost.vhost)
  await noteUse(session, queue)
  const startMs = broker.clock.wallMs()
  const opened = openAll(session, queue, settlements)
  const failures = await applyAll(session, queue, opened)
  countAcknowledged(session, queue, opened, failures)
  return opened.map((entry) => {
    const error = entry instanceof BrokerError ? entry : failures.get(entry)
    if (error) return { ok: false, error }
    if (!(entry instanceof BrokerError) && entry.settlement.action !== 'extend') broker.counters.Settled += 1
    return { ok: true, ...(entry instanceof BrokerError ? {} : extension(session, queue, entry, startMs)) }
  })
}

function countAcknowledged(
  { broker, vhost }: VhostSession,
  queue: Queue,
  opened: readonly (Open<Settlement> | BrokerError)[],
  failures: SettleFailures,
): void {
  const acknowledged = opened.filter(
    (entry) => !(entry instanceof BrokerError) && entry.settlement.action === 'ack' && !failures.has(entry),
  )
  broker.statistics.acknowledged(vhost.id, queue.id, acknowledged.length)
}

function openAll(
  session: VhostSession,
  queue: Queue,
  settlements: readonly Settlement[],
): readonly (Open<Settlement> | BrokerError)[] {
  const seen = new Set<string>()
  return settlements.map((settlement) => {
    const delivered = tagsOf(session).open(settlement.deliveryTag, queue.id)
    if (!delivered) return invalid(`the delivery tag is not one of queue '${queue.name}'`)
    if (delivered.deadlineMs <= session.broker.clock.wallMs()) return expiredTag()
    if (seen.has(delivered.receiptHandle)) return invalid('the delivery is settled by an earlier entry already')
    seen.add(delivered.receiptHandle)
    return { delivered, settlement }
  })
}

async function applyAll(
  session: VhostSession,
  queue: Queue,
  opened: readonly (Open<Settlement> | BrokerError)[],
): Promise<SettleFailures> {
  const good = opened.filter((entry): entry is Open<Settlement> => !(entry instanceof BrokerError))
  const { reject = [], delete: deletes = [], hide = [] } = Object.groupBy(good, fateOf)
  const rejections = await rejectDeliveries(session, queue, reject)
  const rejected = reject.filter((entry) => !rejections.has(entry))
  const others = await Promise.all([deleteAll(session, [...deletes, ...rejected]), changeAll(session, queue, hide)])
  return new Map([rejections, ...others].flatMap((failures) => [...failures]))
}

function fateOf({ settlement: { action, requeue = true } }: Open<Settlement>): Fate {
  if (action === 'ack') return 'delete'
  return action === 'extend' || requeue ? 'hide' : 'reject'
}

/** Of what is put back: as long as its receiver says, else as the queue's back-off has it. */
function putBackForS(session: VhostSession, queue: Queue, { delivered, settlement }: Open<Settlement>): number {
  const { broker, vhost } = session
  const delayS = settlement.delayS ?? retryDelayOf(broker, vhost, queue, delivered.receiveCount)
  // SQS refuses to hide a message for more than its limit in all, and counts from the receive.
  const elapsedS = Math.ceil((broker.clock.wallMs() - delivered.receivedAtMs) / 1000)
  return Math.max(0, Math.min(delayS, MAX_VISIBILITY_S - elapsedS))
}

const deleteAll = ({ broker }: VhostSession, entries: readonly Open<Settlement>[]): Promise<SettleFailures> =>
  eachSqsQueue(entries, (name, some) =>
    broker.delivery.receiver.deleteBatch(
      name,
      some.map(({ delivered }) => delivered.receiptHandle),
    ),
  )

function changeAll(session: VhostSession, queue: Queue, entries: readonly Open<Settlement>[]): Promise<SettleFailures> {
  const toChange = (entry: Open<Settlement>): VisibilityChange => ({
    receiptHandle: entry.delivered.receiptHandle,
    visibilityS:
      entry.settlement.action === 'extend' ? extendedForS(entry.settlement) : putBackForS(session, queue, entry),
  })
  return eachSqsQueue(entries, (name, some) =>
    session.broker.delivery.receiver.changeVisibilityBatch(name, some.map(toChange)),
  )
}

const extendedForS = ({ visibilityS = DEFAULT_EXTENSION_S }: Settlement): number => visibilityS

async function eachSqsQueue(
  entries: readonly Open<Settlement>[],
  apply: (sqsQueueName: string, some: readonly Open<Settlement>[]) => Promise<readonly SqsOutcome[]>,
): Promise<SettleFailures> {
  const failures = new Map<Open<Settlement>, BrokerError>()
  const byQueue = Map.groupBy(entries, ({ delivered }) => delivered.sqsQueueName)
  await Promise.all(
    Array.from(byQueue, async ([name, some]) => {
      const results = await apply(name, some)
      for (const [index, entry] of some.entries()) {
        const failure = settleFailure(results[index])
        if (failure) failures.set(entry, failure)
      }
    }),
  )
  return failures
}

/** The deadline counts from before the call that extended it, so that it never ends after SQS's. */
function extension(
  session: VhostSession,
  queue: Queue,
  { delivered, settlement }: Open<Settlement>,
  startMs: number,
): Extended {
  if (settlement.action !== 'extend') return {}
  const extended: Delivered = { ...delivered, deadlineMs: startMs + extendedForS(settlement) * 1000 }
  return { newDeliveryTag: tagsOf(session).seal(extended, queue.id) }
}

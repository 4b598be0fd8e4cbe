import { decodeMessage } from '../delivery/envelope.ts'
import type { Delivered } from '../delivery/tags.ts'
import { BrokerError, invalid } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import { assertMayConsumeFrom } from './consuming.ts'
import { noteUse } from './note-use.ts'
import type { VhostSession } from './session.ts'
import { settleHeld, type Verdict } from './settle-held.ts'
import { expiredTag, type Fate, type HeldCopy } from './settlements.ts'
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

/** A tag that is good, with what its delivery is settled by. */
interface Open extends Verdict {
  readonly delivered: Delivered
  readonly settlement: Settlement
}

/**
 * Settles deliveries, each with an outcome of its own in the order given. A tag that is not good, or named twice, changes
 * nothing.
 */
export async function settle(
  session: VhostSession,
  queueName: string,
  settlements: readonly Settlement[],
): Promise<readonly SettleOutcome[]> {
  const { broker } = session
  const queue = assertMayConsumeFrom(session, queueName)
  await noteUse(session, queue)
  const startMs = broker.clock.wallMs()
  const opened = openAll(session, queue, settlements)
  const good = opened.filter((entry): entry is Open => !(entry instanceof BrokerError))
  const failures = (await settleHeld(session, queue, good)).values()
  return opened.map((entry) => {
    if (entry instanceof BrokerError) return { ok: false, error: entry }
    const error = failures.next().value
    if (error) return { ok: false, error }
    if (entry.settlement.action !== 'extend') broker.counters.Settled += 1
    return { ok: true, ...extension(session, queue, entry, startMs) }
  })
}

function openAll(
  session: VhostSession,
  queue: Queue,
  settlements: readonly Settlement[],
): readonly (Open | BrokerError)[] {
  const seen = new Set<string>()
  return settlements.map((settlement) => {
    const delivered = tagsOf(session).open(settlement.deliveryTag, queue.id)
    if (!delivered) return invalid(`the delivery tag is not one of queue '${queue.name}'`)
    if (delivered.deadlineMs <= session.broker.clock.wallMs()) return expiredTag()
    if (seen.has(delivered.receiptHandle)) return invalid('the delivery is settled by an earlier entry already')
    seen.add(delivered.receiptHandle)
    return { delivered, settlement, held: heldBy(session, queue, delivered), fate: fateOf(settlement) }
  })
}

const heldBy = ({ broker, vhost }: VhostSession, queue: Queue, { stored, ...receive }: Delivered): HeldCopy => ({
  ...receive,
  open: () => broker.delivery.claimChecks.open(decodeMessage(stored, queue.name), vhost.id),
})

function fateOf(settlement: Settlement): Fate {
  const { action, requeue = true, delayS } = settlement
  if (action === 'ack') return { action: 'delete' }
  if (action === 'extend') return { action: 'hide', visibilityS: extendedForS(settlement) }
  return requeue ? { action: 'put-back', delayS } : { action: 'reject' }
}

const extendedForS = ({ visibilityS = DEFAULT_EXTENSION_S }: Settlement): number => visibilityS

/** The deadline counts from before the call that extended it, so that it never ends after SQS's. */
function extension(session: VhostSession, queue: Queue, { delivered, settlement }: Open, startMs: number): Extended {
  if (settlement.action !== 'extend') return {}
  const extended: Delivered = { ...delivered, deadlineMs: startMs + extendedForS(settlement) * 1000 }
  return { newDeliveryTag: tagsOf(session).seal(extended, queue.id) }
}

import { assertMayConsume } from '../access/permissions.ts'
import { decodeMessage } from '../delivery/envelope.ts'
import type { SettleOutcome as SqsOutcome } from '../delivery/sqs-receiver.ts'
import type { Delivered } from '../delivery/tags.ts'
import { BrokerError, invalid, preconditionFailed, unavailable } from '../model/errors.ts'
import { noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import { deadLetter } from './dead-letter.ts'
import type { VhostSession } from './session.ts'
import { tagsOf } from './tags.ts'

/** What the caller says of one delivery (DESIGN §8). */
export interface Settlement {
  readonly deliveryTag: string
  readonly action: 'ack' | 'nack' | 'reject' | 'extend'
  /** Of nack and reject: whether the message goes back to the queue; it does unless this is false. */
  readonly requeue?: boolean | undefined
  /** Of what goes back: after how long it may be delivered again. */
  readonly delayS?: number | undefined
  /** Of extend: how much longer the message stays hidden, from now. */
  readonly visibilityS?: number | undefined
}

/** Of an extension that succeeded: the tag that is good until the new deadline. The old one is good until the old deadline. */
interface Extended {
  readonly newDeliveryTag?: string
}

export type SettleOutcome = ({ readonly ok: true } & Extended) | { readonly ok: false; readonly error: BrokerError }

/** What becomes of a copy in SQS: it is deleted, or becomes visible after so long. */
type Step = { readonly delete: true } | { readonly visibleAfterS: number }

interface Open {
  readonly delivered: Delivered
  readonly step: Step
  /** Whether the delivery goes on, under a new tag. */
  readonly isExtended: boolean
}

const DEFAULT_EXTENSION_S = 30

/** Settles deliveries, each with an outcome of its own in the order given. A tag that is not good changes nothing. */
export async function settle(
  session: VhostSession,
  queueName: string,
  settlements: readonly Settlement[],
): Promise<readonly SettleOutcome[]> {
  const { access, user, vhost } = session
  assertMayConsume(access, user, vhost.vhost, queueName)
  const queue = vhost.queueByName(queueName)
  if (!queue) throw noSuchObject('queue', queueName, vhost.vhost)
  const opened = await Promise.all(settlements.map((settlement) => open(session, queue, settlement)))
  const failures = await applySteps(session, opened)
  return opened.map((entry) => {
    const error = entry instanceof BrokerError ? entry : failures.get(entry)
    if (error) return { ok: false, error }
    return { ok: true, ...(entry instanceof BrokerError ? {} : extension(session, queue, entry)) }
  })
}

function extension(session: VhostSession, queue: Queue, { delivered, step, isExtended }: Open): Extended {
  if (!isExtended || !('visibleAfterS' in step)) return {}
  const deadlineMs = session.broker.clock.wallMs() + step.visibleAfterS * 1000
  return { newDeliveryTag: tagsOf(session).seal({ ...delivered, deadlineMs }, queue.id) }
}

/** Finds out what is to be done; a reject is passed on to its dead-letter exchange here, before its copy goes. */
async function open(session: VhostSession, queue: Queue, settlement: Settlement): Promise<Open | BrokerError> {
  const delivered = tagsOf(session).open(settlement.deliveryTag, queue.id)
  if (!delivered) return invalid(`the delivery tag is not one of queue '${queue.name}'`)
  if (delivered.deadlineMs <= session.broker.clock.wallMs()) return expired()
  try {
    const step = await stepFor(session, queue, settlement, delivered)
    return { delivered, step, isExtended: settlement.action === 'extend' }
  } catch (error) {
    return error instanceof BrokerError ? error : unavailable('the message could not be passed on', { cause: error })
  }
}

const expired = () => preconditionFailed('the delivery tag has expired: the message is back in the queue')

async function stepFor(
  session: VhostSession,
  queue: Queue,
  { action, requeue = true, delayS = 0, visibilityS = DEFAULT_EXTENSION_S }: Settlement,
  delivered: Delivered,
): Promise<Step> {
  if (action === 'ack') return { delete: true }
  if (action === 'extend') return { visibleAfterS: visibilityS }
  if (requeue) return { visibleAfterS: delayS }
  const { claimChecks } = session.broker.delivery
  const envelope = await claimChecks.open(decodeMessage(delivered.stored, queue.name), session.vhost.id)
  await deadLetter(session, queue, { envelope, identity: delivered.identity }, 'rejected')
  return { delete: true }
}

/** One batch of deletes and one of visibility changes for each SQS queue. */
async function applySteps(
  { broker }: VhostSession,
  opened: readonly (Open | BrokerError)[],
): Promise<ReadonlyMap<Open, BrokerError>> {
  const failures = new Map<Open, BrokerError>()
  const good = opened.filter((entry): entry is Open => !(entry instanceof BrokerError))
  const byQueue = Map.groupBy(good, ({ delivered }) => delivered.sqsQueueName)
  const note = (entries: readonly Open[], outcomes: readonly SqsOutcome[]) => {
    for (const [index, entry] of entries.entries()) {
      const failure = failureOf(outcomes[index])
      if (failure) failures.set(entry, failure)
    }
  }
  await Promise.all(
    Array.from(byQueue, async ([name, entries]) => {
      const deletes = entries.filter(({ step }) => 'delete' in step)
      const changes = entries.filter(({ step }) => !('delete' in step))
      const { receiver } = broker.delivery
      note(deletes, await receiver.deleteBatch(name, deletes.map(handleOf)))
      note(changes, await receiver.changeVisibilityBatch(name, changes.map(toChange)))
    }),
  )
  return failures
}

const handleOf = ({ delivered }: Open): string => delivered.receiptHandle

const toChange = ({ delivered, step }: Open) => ({
  receiptHandle: delivered.receiptHandle,
  visibilityS: 'visibleAfterS' in step ? step.visibleAfterS : 0,
})

function failureOf(outcome: SqsOutcome | undefined): BrokerError | undefined {
  if (outcome?.status === 'done') return undefined
  if (outcome?.status === 'gone') return expired()
  return unavailable('the message could not be settled: try again before its deadline')
}

import { BrokerError, unavailable } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import type { DeadCopy } from './dead-copy.ts'
import { deadLetter } from './dead-letter.ts'
import type { VhostContext } from './session.ts'
import { type HeldCopy, type SettleFailures, settleFailure } from './settlements.ts'

/** Payloads of so many are in memory at a time: SQS answers and takes ten at once. */
const SLICE = 10
/** Long enough to publish a slice in. */
const TAKEN_FOR_S = 60

interface Rejected {
  readonly held: HeldCopy
}

/**
 * Passes rejected copies on to the queue's dead-letter exchange, in their order; those without a failure may be
 * deleted. Each copy is taken first: one that was settled already, or that somebody else holds by now, is not passed on
 * once more.
 */
export async function rejectHeld(
  context: VhostContext,
  queue: Queue,
  rejected: readonly Rejected[],
): Promise<SettleFailures> {
  const failures = new Map<object, BrokerError>()
  for (let start = 0; start < rejected.length; start += SLICE) {
    const slice = rejected.slice(start, start + SLICE)
    const taken = await take(context, slice, failures)
    await passOn(context, queue, taken, failures)
  }
  return failures
}

type Failures = Map<object, BrokerError>

async function take(
  { broker }: VhostContext,
  slice: readonly Rejected[],
  failures: Failures,
): Promise<readonly Rejected[]> {
  for (const [name, entries] of Map.groupBy(slice, ({ held }) => held.sqsQueueName)) {
    const changes = entries.map(({ held }) => ({ receiptHandle: held.receiptHandle, visibilityS: TAKEN_FOR_S }))
    const outcomes = await broker.delivery.receiver.changeVisibilityBatch(name, changes)
    for (const [index, entry] of entries.entries()) note(failures, entry, settleFailure(outcomes[index]))
  }
  return slice.filter((entry) => !failures.has(entry))
}

async function passOn(
  context: VhostContext,
  queue: Queue,
  taken: readonly Rejected[],
  failures: Failures,
): Promise<void> {
  const opened = await Promise.all(taken.map(open))
  const copies = opened.filter((copy): copy is DeadCopy => !(copy instanceof BrokerError))
  const outcomes = (await deadLetter(context, queue, copies, 'rejected')).values()
  for (const [index, entry] of taken.entries()) {
    const copy = opened[index]
    note(failures, entry, copy instanceof BrokerError ? copy : outcomes.next().value)
  }
}

async function open({ held }: Rejected): Promise<DeadCopy | BrokerError> {
  try {
    return { envelope: await held.open(), identity: held.identity }
  } catch (error) {
    return unavailable('the message could not be read', { cause: error })
  }
}

function note(failures: Failures, entry: Rejected, failure: BrokerError | undefined): void {
  if (failure) failures.set(entry, failure)
}

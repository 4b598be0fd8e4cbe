import type { SettleOutcome as SqsOutcome } from '../delivery/sqs-receiver.ts'
import type { Delivered } from '../delivery/tags.ts'
import { type BrokerError, preconditionFailed, unavailable } from '../model/errors.ts'

/** A delivery whose tag is good, with what is to become of it. */
export interface Open<Settlement> {
  readonly delivered: Delivered
  readonly settlement: Settlement
}

/** Why deliveries could not be settled; those that could are not in it. */
export type SettleFailures = ReadonlyMap<object, BrokerError>

export const expiredTag = (): BrokerError =>
  preconditionFailed('the delivery tag has expired: the message is back in the queue')

/** What an outcome of SQS means for a delivery; undefined where it is settled. */
export function settleFailure(outcome: SqsOutcome | undefined): BrokerError | undefined {
  if (outcome?.status === 'done') return undefined
  if (outcome?.status === 'gone') return expiredTag()
  return unavailable('the message could not be settled: try again before its deadline')
}

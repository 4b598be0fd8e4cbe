import type { CopyIdentity } from '../delivery/copy.ts'
import type { Envelope } from '../delivery/envelope.ts'
import type { SettleOutcome as SqsOutcome } from '../delivery/sqs-receiver.ts'
import { type BrokerError, preconditionFailed, unavailable } from '../model/errors.ts'

/** One receive of one copy, by which somebody holds it and may settle it. */
export interface HeldCopy {
  readonly sqsQueueName: string
  readonly receiptHandle: string
  /** When it was received or a little before, milliseconds since 1970. */
  readonly receivedAtMs: number
  readonly receiveCount: number
  /** Absent where something other than Leveret sent the message. */
  readonly identity?: CopyIdentity | undefined
  /** Reads the whole message. May reject. */
  readonly open: () => Promise<Envelope>
}

/**
 * What becomes of a held copy:
 *
 * - `delete`: its receiver is done with it;
 * - `discard`: as `delete`, for a receiver that says nothing of what it gets;
 * - `reject`: it dies (dead-letter.ts);
 * - `put-back`: it is another's turn, after `delayS`, else as the queue's back-off has it, or at once;
 * - `hide`: it stays with its holder for `visibilityS` from now on.
 */
export type Fate =
  | { readonly action: 'delete' | 'discard' | 'reject' }
  | { readonly action: 'put-back'; readonly delayS?: number | undefined }
  | { readonly action: 'hide'; readonly visibilityS: number }

/** Why copies could not be settled; those that could are not in it. */
export type SettleFailures = ReadonlyMap<object, BrokerError>

export const expiredTag = (): BrokerError =>
  preconditionFailed('the delivery tag has expired: the message is back in the queue')

/** What an outcome of SQS means for a held copy; undefined where it is settled. */
export function settleFailure(outcome: SqsOutcome | undefined): BrokerError | undefined {
  if (outcome?.status === 'done') return undefined
  if (outcome?.status === 'gone') return expiredTag()
  return unavailable('the message could not be settled: try again before its deadline')
}

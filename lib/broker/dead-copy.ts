import type { CopyIdentity } from '../delivery/copy.ts'
import type { Envelope } from '../delivery/envelope.ts'

/** A copy that is to leave its queue. */
export interface DeadCopy {
  readonly envelope: Envelope
  /** Absent where something other than Leveret had put it into the SQS queue. */
  readonly identity: CopyIdentity | undefined
}

import type { LambdaRecord } from '../delivery/received-copy.ts'

/** A record of the internal queues `dead` and `dead.fifo`. */
export interface DeadRecord extends LambdaRecord {
  readonly messageId: string
}

import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { BrokerError, type ErrorKind, unavailable } from '../../lib/model/errors.ts'
import type { SimWorld } from '../support/sim-world.ts'
import type { Environment } from './environment.ts'
import { NetworkError } from './network.ts'
import type { Operation } from './operation.ts'
import type { Publication } from './promises.ts'
import type { SimMessage } from './sqs/sim-message.ts'
import type { SimSqs } from './sqs/sim-sqs.ts'
import type { Witness } from './witness.ts'

/** A message that a client got and has not settled yet, as it knows it, and as it really is. */
export interface Delivery {
  readonly queue: string
  readonly queueId: string
  readonly tag: string
  readonly message: SimMessage
  readonly receipt: number
  /** The latest that the broker may think of it, by SQS's clock. */
  readonly deadlineMs: number
}

/** What was published under an Idempotency-Key, which is its label. */
export type Repeatable = Publication

/** What the operations in one vhost share. */
export interface Stage {
  readonly vhost: string
  readonly world: SimWorld
  readonly sqs: SimSqs
  readonly witness: Witness
  /** The arguments of all queues that are ever declared, by name. */
  readonly queues: Readonly<Record<string, AmqpTable>>
  readonly deliveries: Delivery[]
  readonly repeatables: Repeatable[]
  /** Deduplication keys that were used. */
  readonly keys: string[]
  nextSerial(): number
}

/** One call of a client. */
export interface ClientOperation extends Operation {
  readonly promised: number
  /** Makes the call and checks its answer, which it returns in words. */
  run(environment: Environment): Promise<string>
}

/** What a call that was refused is answered; a failure of AWS is the door's 503. Throws everything that is no refusal. */
export function refusalOf(error: unknown, ...kinds: ErrorKind[]): BrokerError {
  if (error instanceof BrokerError && (error.kind === 'unavailable' || kinds.includes(error.kind))) return error
  if (error instanceof NetworkError) return unavailable(error.name)
  throw error
}

export const inWords = ({ kind, message }: BrokerError): string => `${kind}: ${message}`

import { Duration, Validations } from 'aws-cdk-lib'
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import {
  FAILED_QUEUES,
  type FailedQueue,
  FED_QUEUES,
  type FedFunction,
  type FedQueue,
  failedQueueOf,
  fedQueues,
  type InternalQueue,
  internalQueueName,
  MAX_FEED_ATTEMPTS,
} from '../lib/config.ts'
import type { BrokerNames } from './names.ts'
import type { Settings } from './settings.ts'

/** The failed ones hold what functions could not deal with; to be looked at, and moved back, by people. */
export type InternalQueues = Readonly<Record<InternalQueue, Queue>>

const MAX_MESSAGE_BYTES = 1_048_576

/** What a batch may take the functions that internal queues feed. */
export const FED_TIMEOUTS: Readonly<Record<FedFunction, Duration>> = {
  relay: Duration.seconds(60),
  'dead-letter': Duration.seconds(60),
  delay: Duration.seconds(60),
  sweep: Duration.seconds(60),
}

export function internalQueues(
  scope: Construct,
  names: BrokerNames,
  { removalPolicy, encryptionKey }: Pick<Settings, 'removalPolicy' | 'encryptionKey'>,
): InternalQueues {
  const make = (queue: InternalQueue, props: QueueProps = {}): Queue =>
    new Queue(scope, `${constructIdOf(queue)}Queue`, {
      ...COMMON,
      ...encryptionOf(encryptionKey),
      ...props,
      removalPolicy,
      queueName: internalQueueName(names, queue),
      ...(queue.endsWith('.fifo') && { fifo: true }),
    })
  const failed = byName(FAILED_QUEUES, (queue: FailedQueue) => make(queue))
  for (const queue of FAILED_QUEUES) acknowledgeLast(failed[queue])
  const fed = byName(fedQueues(), (queue: FedQueue) =>
    make(queue, {
      visibilityTimeout: visibilityTimeoutFor(FED_QUEUES[queue]),
      // Together with the visibility timeout an hour or two: what SQS or DynamoDB does to us is over by then.
      deadLetterQueue: { queue: failed[failedQueueOf(queue)], maxReceiveCount: MAX_FEED_ATTEMPTS },
    }),
  )
  return { ...fed, ...failed }
}

/** `DeadFifo` of `dead.fifo`: what begins the ids of an internal queue's constructs. */
export const constructIdOf = (name: string): string =>
  name
    .split(/[.-]/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

/** SQS hides a batch for six times what it may take, as AWS advises (Lambda Developer Guide, "Using Lambda with Amazon SQS"). */
const visibilityTimeoutFor = (name: FedFunction): Duration => Duration.seconds(6 * FED_TIMEOUTS[name].toSeconds())

const byName = <Name extends string, Value>(
  names: readonly Name[],
  make: (name: Name) => Value,
): Readonly<Record<Name, Value>> =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Readonly<Record<Name, Value>>

function acknowledgeLast(failed: Queue): void {
  Validations.of(failed).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'It is the dead-letter queue of the internal queues.',
  })
}

/** A message that is moved to a dead-letter queue keeps the time at which it was sent, so both keep it for as long as SQS can. */
const COMMON: QueueProps = {
  retentionPeriod: Duration.days(14),
  enforceSSL: true,
  maxMessageSizeBytes: MAX_MESSAGE_BYTES,
}

/** Of SQS queues, under the broker's key if it has one. */
export const encryptionOf = (encryptionKey: Settings['encryptionKey']): QueueProps =>
  encryptionKey
    ? { encryption: QueueEncryption.KMS, encryptionMasterKey: encryptionKey }
    : { encryption: QueueEncryption.SQS_MANAGED }

import { Duration, Validations } from 'aws-cdk-lib'
import { Queue, QueueEncryption, type QueueProps } from 'aws-cdk-lib/aws-sqs'
import type { Construct } from 'constructs'
import type { BrokerNames } from './names.ts'
import type { Settings } from './props.ts'

export interface InternalQueues {
  readonly relay: Queue
  /** Relay messages that could not be relayed; to be looked at, and moved back, by people. */
  readonly failed: Queue
}

const MAX_MESSAGE_BYTES = 1_048_576
/** Together with the visibility timeout an hour or two: what SQS or DynamoDB does to us is over by then. */
const MAX_ATTEMPTS = 20

/** What a batch may take the relay function. SQS hides a batch for six times that, as AWS advises (Lambda Developer Guide, "Using Lambda with Amazon SQS"). */
export const RELAY_TIMEOUT = Duration.seconds(60)
const VISIBILITY_TIMEOUT = Duration.seconds(6 * RELAY_TIMEOUT.toSeconds())

export function internalQueues(
  scope: Construct,
  names: BrokerNames,
  { removalPolicy }: Pick<Settings, 'removalPolicy'>,
): InternalQueues {
  const common = { ...COMMON, removalPolicy }
  const failed = new Queue(scope, 'FailedQueue', { ...common, queueName: names.failedQueueName })
  const relay = new Queue(scope, 'RelayQueue', {
    ...common,
    queueName: names.relayQueueName,
    visibilityTimeout: VISIBILITY_TIMEOUT,
    deadLetterQueue: { queue: failed, maxReceiveCount: MAX_ATTEMPTS },
  })
  Validations.of(failed).acknowledge({
    id: 'AwsSolutions-SQS3',
    reason: 'It is the dead-letter queue of the internal queues.',
  })
  return { relay, failed }
}

/** A message that is moved to a dead-letter queue keeps the time at which it was sent, so both keep it for as long as SQS can. */
const COMMON: QueueProps = {
  retentionPeriod: Duration.days(14),
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  maxMessageSizeBytes: MAX_MESSAGE_BYTES,
}

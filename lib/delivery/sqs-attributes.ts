import {
  type Config,
  FED_QUEUES,
  type FedQueue,
  failedQueueOf,
  type InternalQueue,
  internalQueueName,
  MAX_FEED_ATTEMPTS,
} from '../config.ts'
import { MAX_SQS_BYTES } from './claim-checks.ts'
import { isFifoName } from './physical-name.ts'

const DAY_S = 86_400

/** How long a message may wait in a declared queue. */
export const QUEUE_RETENTION_S = 10 * DAY_S

/** Of internal and dead-letter SQS queues, the longest there is: SQS keeps the old timestamp of what it moves there. */
export const INTERNAL_RETENTION_S = 14 * DAY_S

type QueuesConfig = Pick<Config, 'namePrefix' | 'sqsQueueArnBase' | 'encryptionKeyArn'>

/** Everything that matters of a declared queue's SQS queue, set explicitly; FIFO where the name ends in `.fifo`. */
export const queueAttributes = (config: QueuesConfig, name: string, retentionS: number): Record<string, string> => ({
  ...commonAttributes(config, name, retentionS),
  ...(isFifoName(name) ? FIFO_ATTRIBUTES : {}),
})

/** As {@link queueAttributes}, of one of the broker's own queues, as the stack makes them (cdk/internal-queues.ts). */
export function internalAttributes(config: QueuesConfig, queue: InternalQueue): Record<string, string> {
  const name = internalQueueName(config, queue)
  return {
    ...commonAttributes(config, name, INTERNAL_RETENTION_S),
    ...(isFifoName(name) && { FifoQueue: 'true' }),
    ...(isFed(queue) && { RedrivePolicy: redrivePolicy(config, failedQueueOf(queue)) }),
  }
}

const isFed = (queue: InternalQueue): queue is FedQueue => Object.hasOwn(FED_QUEUES, queue)

const redrivePolicy = (config: QueuesConfig, failed: InternalQueue): string =>
  JSON.stringify({
    deadLetterTargetArn: config.sqsQueueArnBase + internalQueueName(config, failed),
    maxReceiveCount: MAX_FEED_ATTEMPTS,
  })

const commonAttributes = (
  { sqsQueueArnBase, encryptionKeyArn }: QueuesConfig,
  name: string,
  retentionS: number,
): Record<string, string> => ({
  MaximumMessageSize: String(MAX_SQS_BYTES),
  MessageRetentionPeriod: String(retentionS),
  ...encryptionAttributes(encryptionKeyArn),
  Policy: tlsOnlyPolicy(sqsQueueArnBase + name),
})

/** For how long SQS encrypts with one data key before it asks KMS for another: its default. */
const DATA_KEY_REUSE_S = 300

/** SQS refuses both at once (SQS API reference, CreateQueue). */
const encryptionAttributes = (keyArn: string | undefined): Record<string, string> =>
  keyArn === undefined
    ? { SqsManagedSseEnabled: 'true' }
    : { KmsMasterKeyId: keyArn, KmsDataKeyReusePeriodSeconds: String(DATA_KEY_REUSE_S) }

/** High throughput: groups are ordered each by itself, and deduplicated each by itself (SQS, high throughput for FIFO queues). */
const FIFO_ATTRIBUTES = {
  FifoQueue: 'true',
  ContentBasedDeduplication: 'false',
  DeduplicationScope: 'messageGroup',
  FifoThroughputLimit: 'perMessageGroupId',
}

const tlsOnlyPolicy = (arn: string): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 'sqs:*',
        Resource: arn,
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  })

import { type Config, internalQueueName } from '../config.ts'
import type { SqsApi } from '../delivery/sqs-client.ts'
import { SqsQueues } from '../delivery/sqs-queues.ts'

type Place = Pick<Config, 'namePrefix' | 'sqsQueueUrlBase' | 'sqsQueueArnBase'>

/** The key that SQS queues are to have: a deployment gives its internal queues the one that it gives declared ones. */
export async function encryptionKeyOf(sqs: SqsApi, place: Place): Promise<Pick<Config, 'encryptionKeyArn'>> {
  const relay = await new SqsQueues(sqs, place).attributes(internalQueueName(place, 'relay'))
  return relay?.KmsMasterKeyId ? { encryptionKeyArn: relay.KmsMasterKeyId } : {}
}

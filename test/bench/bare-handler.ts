import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'

const dynamoDb = new DynamoDBClient({})
const sqs = new SQSClient({ useQueueUrlAsEndpoint: false })

/** The least that a function could do that looks something up and sends a message: what a cold start is held against. */
export async function handler(event: { readonly body: string | null }): Promise<{ statusCode: number; body: string }> {
  const Keys = [{ journal: { S: 'access' }, item: { S: 'head' } }]
  await dynamoDb.send(
    new BatchGetItemCommand({
      RequestItems: { [process.env.LEVERET_TOPOLOGY_TABLE ?? '']: { Keys, ConsistentRead: true } },
    }),
  )
  await sqs.send(new SendMessageCommand({ QueueUrl: process.env.BARE_QUEUE_URL, MessageBody: event.body ?? '-' }))
  return { statusCode: 200, body: '{}' }
}

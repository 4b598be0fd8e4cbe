import { QueueDoesNotExist } from '@aws-sdk/client-sqs'
import type { BatchAnswer, SqsApi } from '../../../lib/delivery/sqs-client.ts'
import { openSqsEngine } from '../../../lib/local/sqs/engine.ts'

export const QUEUE_URL_BASE = 'http://sqs/000000000000'

/** The embedded SQS engine, called without a network and kept in memory. */
export function engineSqs(): SqsApi {
  const engine = openSqsEngine({ file: ':memory:', endpoint: () => 'http://sqs' })
  const never = new AbortController().signal

  async function call<Output>(action: string, input: object, signal = never): Promise<Output> {
    const { status, body } = await engine.handle({ target: `AmazonSQS.${action}`, body: JSON.stringify(input), signal })
    const answer = JSON.parse(body)
    if (status === 200) return answer
    if (answer.__type.endsWith('#QueueDoesNotExist')) throw new QueueDoesNotExist({ $metadata: {}, ...answer })
    throw Object.assign(new Error(answer.message), { name: answer.__type })
  }

  return {
    sendMessageBatch: (input) => call<BatchAnswer>('SendMessageBatch', encodeBinary(input)),
    deleteMessageBatch: (input) => call<BatchAnswer>('DeleteMessageBatch', input),
    changeMessageVisibilityBatch: (input) => call<BatchAnswer>('ChangeMessageVisibilityBatch', input),
    receiveMessage: async (input, signal) =>
      (await call<{ Messages?: [] }>('ReceiveMessage', input, signal)).Messages ?? [],
    createQueue: (input) => call('CreateQueue', input),
    deleteQueue: (QueueUrl) => call('DeleteQueue', { QueueUrl }),
    setQueueAttributes: (input) => call('SetQueueAttributes', input),
    getQueueAttributes: async (QueueUrl, AttributeNames) =>
      (await call<{ Attributes: Record<string, string> }>('GetQueueAttributes', { QueueUrl, AttributeNames }))
        .Attributes,
    close: () => engine.close(),
  }
}

/** The SDK writes bytes as base64. */
function encodeBinary(input: object): object {
  const text = JSON.stringify(input, (_name, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value,
  )
  return JSON.parse(text)
}

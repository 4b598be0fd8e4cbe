import {
  CreateQueueCommand,
  DeleteMessageCommand,
  QueueDoesNotExist,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterEach, expect, test } from 'vitest'
import { openSqsEngine, type SqsEngine } from '../../../lib/local/sqs/engine.ts'
import { engineTransport } from '../../../lib/local/sqs/transport.ts'

const opened: { engine: SqsEngine; client: SQSClient }[] = []
afterEach(() => {
  for (const { engine, client } of opened.splice(0)) {
    client.destroy()
    engine.close()
  }
})

async function open(): Promise<{ client: SQSClient; QueueUrl: string }> {
  // Nobody listens there: what arrives came without a socket.
  const endpoint = 'http://127.0.0.1:1'
  const engine = openSqsEngine({ file: ':memory:', endpoint: () => endpoint })
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new SQSClient({ region: 'us-east-1', credentials, endpoint, ...engineTransport(engine) })
  opened.push({ engine, client })
  const { QueueUrl = '' } = await client.send(new CreateQueueCommand({ QueueName: 'queue' }))
  return { client, QueueUrl }
}

test('carries what clients of the SDK ask, and errors as they know them', async () => {
  const { client, QueueUrl } = await open()
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'hällo' }))
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl }))
  expect(Messages?.map(({ Body }) => Body)).toEqual(['hällo'])
  await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: Messages?.[0]?.ReceiptHandle }))
  await expect(client.send(new ReceiveMessageCommand({ QueueUrl: `${QueueUrl}-not` }))).rejects.toThrow(
    QueueDoesNotExist,
  )
})

test('takes no message for a caller who has gone', async () => {
  const { client, QueueUrl } = await open()
  const caller = new AbortController()
  const waiting = client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }), {
    abortSignal: caller.signal,
  })
  const sent = client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'for somebody else' }))
  caller.abort()
  await expect(waiting).rejects.toThrow(/abort/i)
  await sent
  const { Messages } = await client.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }))
  expect(Messages?.map(({ Body }) => Body)).toEqual(['for somebody else'])
})

test('leaves a message with whoever got it, though the caller goes on to abort', async () => {
  const { client, QueueUrl } = await open()
  const caller = new AbortController()
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody: 'mine' }))
  const command = new ReceiveMessageCommand({ QueueUrl, VisibilityTimeout: 30 })
  const { Messages } = await client.send(command, { abortSignal: caller.signal })
  expect(Messages).toHaveLength(1)
  caller.abort()
  const again = await client.send(new ReceiveMessageCommand({ QueueUrl }))
  expect(again.Messages).toBeUndefined()
})

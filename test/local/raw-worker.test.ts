import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DeleteMessageCommand, ReceiveMessageCommand, SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, expect, test } from 'vitest'
import { type ConsumedMessage, decode, RECEIVE_OPTIONS } from '../../lib/delivery/consumer.ts'
import { Story, unique } from '../integration/story.ts'
import { useLeveret } from '../support/embedded.ts'

/** Where the embedded cloud keeps what the deployed broker keeps in its bucket. */
const dataDir = mkdtempSync(join(tmpdir(), 'leveret-worker-'))
afterAll(() => rmSync(dataDir, { recursive: true, force: true }))

const leveret = useLeveret({ dataDir })
const story = new Story(leveret)

let opened: SQSClient | undefined
afterAll(() => opened?.destroy())

function client(): SQSClient {
  opened ??= new SQSClient({
    endpoint: leveret.running.sqsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  })
  return opened
}

async function urlOf(queue: string): Promise<string> {
  const { body } = await story.call('GET', story.path('queues', queue))
  return (body as { sqs_urls: string[] }).sqs_urls[0] ?? ''
}

/** Takes one message as a worker does that knows nothing of Leveret but `decode`. */
async function consume(queue: string): Promise<ConsumedMessage> {
  const QueueUrl = await urlOf(queue)
  const input = { QueueUrl, WaitTimeSeconds: 5, ...RECEIVE_OPTIONS }
  const { Messages: [message] = [] } = await client().send(new ReceiveMessageCommand(input))
  const decoded = await decode(message ?? {}, { queue, readBlob: (key) => readFile(join(dataDir, 'blobs', key)) })
  await client().send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }))
  return decoded
}

test.each([
  ['text', Buffer.from('{"order": 1.50}')],
  ['bytes that SQS cannot carry', Buffer.from([0, 1, 2, 255])],
  ['nothing', Buffer.alloc(0)],
  ['more than SQS can hold', Buffer.alloc(1_200_000, 'large ')],
])('a worker of the SQS queue decodes a message of %s as it was published', async (_what, payload) => {
  const queue = await story.queue(unique('decoded'))
  const exchange = await story.exchange(unique('events'), 'topic')
  await story.bind(exchange, queue, '#')
  const properties = { content_type: 'application/octet-stream', headers: { tenant: 'a', size: 7 } }
  const body = { routing_key: 'order.created', payload_encoding: 'base64', properties } as const
  expect(await story.publish(exchange, { ...body, payload: payload.toString('base64') })).toBe(true)
  const consumed = await consume(queue)
  expect(consumed).toMatchObject({ exchange, routingKey: 'order.created', properties, redelivered: false })
  expect(Buffer.from(consumed.payload).equals(payload)).toBe(true)
  expect(consumed.copyId).toMatch(/^\S+\/\S+\/0$/)
})

test('a worker of the SQS queue decodes what somebody else put there', async () => {
  const queue = await story.queue(unique('foreign'))
  await client().send(new SendMessageCommand({ QueueUrl: await urlOf(queue), MessageBody: 'from outside' }))
  const consumed = await consume(queue)
  expect(consumed).toMatchObject({ exchange: '', routingKey: queue, properties: {} })
  expect(Buffer.from(consumed.payload).toString()).toBe('from outside')
  expect(consumed.copyId).toBeUndefined()
})

import {
  DeleteMessageCommand,
  DeleteQueueCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import { afterAll, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

let opened: SQSClient | undefined
afterAll(() => opened?.destroy())

/** A worker's own client: it knows an endpoint and a queue's URL, nothing of Leveret. */
function worker(): SQSClient {
  opened ??= new SQSClient({
    endpoint: leveret.running.sqsEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  })
  return opened
}

async function urlOf(queue: string): Promise<string> {
  const { body } = await story.call('GET', story.path('queues', queue))
  const [url] = (body as { sqs_urls: string[] }).sqs_urls
  return url ?? ''
}

test('a worker with a plain AWS SDK gets the raw payload from a declared queue', async () => {
  const queue = await story.queue(unique('worker'))
  await story.publish('amq.default', { routing_key: queue, payload: '{"order": 1.50}' })
  const QueueUrl = await urlOf(queue)
  const { Messages: [message] = [] } = await worker().send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }))
  expect(message?.Body).toBe('{"order": 1.50}')
  await worker().send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }))
  expect(await story.get(queue)).toEqual([])
})

test('a message put straight into the SQS queue reads as published to the default exchange', async () => {
  const queue = await story.queue(unique('raw'))
  await worker().send(new SendMessageCommand({ QueueUrl: await urlOf(queue), MessageBody: 'from outside' }))
  expect(await story.get(queue)).toMatchObject([
    { payload: 'from outside', exchange: '', routing_key: queue, properties: {} },
  ])
})

test('a queue whose SQS queue was deleted behind our back is down, and publishing to it fails without losing the rest', async () => {
  const [gone, there] = [await story.queue(unique('gone')), await story.queue(unique('there'))]
  const exchange = await story.exchange(unique('both'), 'fanout')
  for (const queue of [gone, there]) await story.bind(exchange, queue)
  await worker().send(new DeleteQueueCommand({ QueueUrl: await urlOf(gone) }))
  const message = { properties: {}, routing_key: '', payload: 'x', payload_encoding: 'string' }
  const answer = await story.call('POST', `${story.path('exchanges', exchange)}/publish`, message)
  expect(answer).toMatchObject({ status: 503, body: { error: 'service_unavailable' } })
  // Counts may be shown again for a few seconds, and with them the state.
  const look = () => story.call('GET', story.path('queues', gone))
  await eventually(look, ({ body }) => (body as { state: string }).state === 'down')
})

import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs'
import type { SQSEvent } from 'aws-lambda'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { openSqs, type SqsApi } from '../../lib/delivery/sqs-client.ts'
import { type EventSource, startEventSource } from '../../lib/local/event-source.ts'
import type { SqsHandler } from '../../lib/local/handlers.ts'
import { succeededRecords } from '../../lib/local/sqs-event.ts'
import { catchErrorLog } from './expected-errors.ts'
import { serve, TELLING } from './served.ts'

const DEADLINE = { timeout: 10_000, interval: 10 }
const QUEUE_ARN = 'arn:aws:sqs:us-east-1:000000000000:work'
const SUCCESS = { batchItemFailures: [] }

interface Work {
  readonly sqs: SQSClient
  /** What the event source asks. */
  readonly api: SqsApi
  readonly queueUrl: string
  /** Everything in the queue, in flight or not. */
  remaining(): Promise<number>
  feed(handler: SqsHandler): EventSource
}

async function openWork(visibilityTimeoutS = 30): Promise<Work> {
  const { server } = await serve(TELLING)
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const sqs = new SQSClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 })
  onTestFinished(() => sqs.destroy())
  const api = openSqs({ endpoints: { sqs: server.url }, region: 'us-east-1', credentials })
  onTestFinished(() => api.close())
  const Attributes = { VisibilityTimeout: String(visibilityTimeoutS) }
  const { QueueUrl: queueUrl = '' } = await sqs.send(new CreateQueueCommand({ QueueName: 'work', Attributes }))
  return {
    sqs,
    api,
    queueUrl,
    remaining: async () => {
      const answer = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }))
      const { ApproximateNumberOfMessages = '', ApproximateNumberOfMessagesNotVisible = '' } = answer.Attributes ?? {}
      return Number(ApproximateNumberOfMessages) + Number(ApproximateNumberOfMessagesNotVisible)
    },
    feed: (handler) => {
      const source = startEventSource({ sqs: api, queueUrl, queueArn: QUEUE_ARN, handler })
      onTestFinished(() => source.close())
      return source
    },
  }
}

const send = ({ sqs, queueUrl }: Work, bodies: readonly string[]) =>
  sqs.send(
    new SendMessageBatchCommand({
      QueueUrl: queueUrl,
      Entries: bodies.map((MessageBody, index) => ({ Id: String(index), MessageBody })),
    }),
  )

const bodiesOf = ({ Records }: SQSEvent): string[] => Records.map(({ body }) => body)

describe('an event source', { timeout: 20_000 }, () => {
  it('hands a record on as Lambda does', async () => {
    const work = await openWork()
    await work.sqs.send(
      new SendMessageCommand({
        QueueUrl: work.queueUrl,
        MessageBody: 'hello \u{1f407}',
        MessageAttributes: {
          text: { DataType: 'String', StringValue: 'a' },
          bytes: { DataType: 'Binary', BinaryValue: Uint8Array.of(0, 255) },
        },
      }),
    )
    const { promise, resolve } = Promise.withResolvers<SQSEvent>()
    work.feed(async (event) => {
      resolve(event)
      return SUCCESS
    })
    const lists = { stringListValues: [], binaryListValues: [] }
    expect((await promise).Records).toEqual([
      {
        messageId: expect.stringMatching(/./),
        receiptHandle: expect.stringMatching(/./),
        body: 'hello \u{1f407}',
        attributes: expect.objectContaining({
          ApproximateReceiveCount: '1',
          SentTimestamp: expect.stringMatching(/^\d{13}$/),
          ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
          SenderId: expect.stringMatching(/./),
        }),
        messageAttributes: {
          text: { stringValue: 'a', dataType: 'String', ...lists },
          bytes: { binaryValue: 'AP8=', dataType: 'Binary', ...lists },
        },
        md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
        md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
        eventSource: 'aws:sqs',
        eventSourceARN: QUEUE_ARN,
        awsRegion: 'us-east-1',
      },
    ])
  })

  it('deletes what the handler does not name as failed, and brings the rest again', async () => {
    const work = await openWork(1)
    await send(work, ['good', 'bad', 'better'])
    const seen: string[][] = []
    work.feed(async (event) => {
      seen.push(bodiesOf(event))
      const failed = event.Records.filter(
        ({ body }) => body === 'bad' && seen.flat().filter((b) => b === 'bad').length < 2,
      )
      return { batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })) }
    })
    await vi.waitFor(async () => expect(await work.remaining()).toBe(0), DEADLINE)
    expect(seen.flat().sort()).toEqual(['bad', 'bad', 'better', 'good'])
    expect(seen.at(-1)).toEqual(['bad'])
  })

  it('leaves the whole batch where the handler throws, and goes on', async () => {
    const errors = catchErrorLog()
    const work = await openWork(1)
    await send(work, ['a', 'b'])
    const seen: string[] = []
    let remainingAfterFailure: number | undefined
    work.feed(async (event) => {
      seen.push(...bodiesOf(event))
      if (seen.length <= 2) throw new Error('on purpose')
      remainingAfterFailure ??= await work.remaining()
      return SUCCESS
    })
    await vi.waitFor(async () => expect(await work.remaining()).toBe(0), DEADLINE)
    expect(remainingAfterFailure).toBe(2)
    expect(seen.sort()).toEqual(['a', 'a', 'b', 'b'])
    expect(errors).toHaveBeenCalledTimes(1)
  })

  it('hands out at most ten records at a time', async () => {
    const work = await openWork()
    for (let batch = 0; batch < 3; batch += 1)
      await send(
        work,
        Array.from({ length: 10 }, (_, index) => `${batch}.${index}`),
      )
    const sizes: number[] = []
    work.feed(async ({ Records }) => {
      sizes.push(Records.length)
      return SUCCESS
    })
    await vi.waitFor(async () => expect(await work.remaining()).toBe(0), DEADLINE)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(10)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(30)
  })

  it('goes on after SQS did not answer as expected', async () => {
    const work = await openWork()
    const errors = catchErrorLog()
    const handled = vi.fn(async () => SUCCESS)
    const failing = vi.spyOn(work.api, 'receiveMessage').mockRejectedValueOnce(new Error('on purpose'))
    work.feed(handled)
    await vi.waitFor(() => expect(failing.mock.calls.length).toBeGreaterThan(1), DEADLINE)
    await send(work, ['a'])
    await vi.waitFor(() => expect(handled).toHaveBeenCalled(), DEADLINE)
    expect(errors).toHaveBeenCalledTimes(1)
  })

  it('stops at once while it waits for a message, and swallows none that comes later', async () => {
    const work = await openWork()
    const handled = vi.fn(async () => SUCCESS)
    const source = work.feed(handled)
    await send(work, ['a'])
    await vi.waitFor(async () => expect(await work.remaining()).toBe(0), DEADLINE)
    const stoppingAtMs = performance.now()
    await source.close()
    expect(performance.now() - stoppingAtMs).toBeLessThan(1_000)
    await send(work, ['b'])
    const { Messages } = await work.sqs.send(new ReceiveMessageCommand({ QueueUrl: work.queueUrl, WaitTimeSeconds: 5 }))
    expect(Messages?.map(({ Body }) => Body)).toEqual(['b'])
    expect(handled).toHaveBeenCalledTimes(1)
  })

  it('ends the batch in hand before it stops', async () => {
    const work = await openWork()
    await send(work, ['a'])
    const entered = Promise.withResolvers<void>()
    const leave = Promise.withResolvers<void>()
    const source = work.feed(async () => {
      entered.resolve()
      await leave.promise
      return SUCCESS
    })
    await entered.promise
    const closing = source.close()
    expect(await work.remaining()).toBe(1)
    leave.resolve()
    await closing
    expect(await work.remaining()).toBe(0)
  })

  it('does not come between a message and a visibility that the handler changed', async () => {
    const work = await openWork(30)
    await send(work, ['a'])
    const counts: string[] = []
    work.feed(async ({ Records: [record] }) => {
      if (record === undefined) return SUCCESS
      counts.push(record.attributes.ApproximateReceiveCount)
      if (counts.length > 1) return SUCCESS
      const ReceiptHandle = record.receiptHandle
      await work.sqs.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: work.queueUrl, ReceiptHandle, VisibilityTimeout: 0 }),
      )
      return { batchItemFailures: [{ itemIdentifier: record.messageId }] }
    })
    await vi.waitFor(async () => expect(await work.remaining()).toBe(0), DEADLINE)
    expect(counts).toEqual(['1', '2'])
  })
})

describe('the records that are done with', () => {
  const event = { Records: [{ messageId: 'a' }, { messageId: 'b' }] } as SQSEvent
  const done = (response: unknown): string[] =>
    succeededRecords(event, response as Parameters<typeof succeededRecords>[1]).map(({ messageId }) => messageId)

  it.each([
    ['no answer', undefined, ['a', 'b']],
    ['null', null, ['a', 'b']],
    ['an empty object', {}, ['a', 'b']],
    ['no list', { batchItemFailures: null }, ['a', 'b']],
    ['no failures', { batchItemFailures: [] }, ['a', 'b']],
    ['one failure', { batchItemFailures: [{ itemIdentifier: 'a' }] }, ['b']],
    ['a failure of what is not there', { batchItemFailures: [{ itemIdentifier: 'c' }] }, []],
    ['an empty identifier', { batchItemFailures: [{ itemIdentifier: '' }] }, []],
    ['a misspelt key', { batchItemFailures: [{ id: 'a' }] }, []],
  ])('for %s', (_, response, expected) => {
    expect(done(response)).toEqual(expected)
  })
})

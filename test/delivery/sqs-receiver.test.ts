import { type Message, QueueDoesNotExist } from '@aws-sdk/client-sqs'
import { describe, expect, it } from 'vitest'
import { SqsReceiver } from '../../lib/delivery/sqs-receiver.ts'
import { type Script, scriptedSqs } from './scripted-sqs.ts'
import { testClock } from './support.ts'

function setUp(script: Script = {}) {
  const sqs = scriptedSqs(script)
  return { sqs, receiver: new SqsReceiver(sqs, (name) => name, testClock()) }
}

const messages = (count: number, more: Partial<Message> = {}): Message[] =>
  Array.from({ length: count }, (_, index) => ({
    MessageId: `id-${index}`,
    ReceiptHandle: `handle-${index}`,
    Body: `body-${index}`,
    Attributes: { ApproximateReceiveCount: '1', SentTimestamp: '1000', ApproximateFirstReceiveTimestamp: '2000' },
    ...more,
  }))

const options = { queueName: 'orders', max: 25, waitS: 5, visibilityS: 30 }
const handles = (count: number): string[] => Array.from({ length: count }, (_, index) => `handle-${index}`)

describe('receiving', () => {
  it('asks for tens until it has what it wants, and waits in the first call only', async () => {
    const { sqs, receiver } = setUp({ answers: [messages(10), messages(10), messages(5)] })
    const { copies } = await receiver.receive('q', options)
    expect(copies).toHaveLength(25)
    expect(sqs.receives.map((input) => [input.MaxNumberOfMessages, input.WaitTimeSeconds])).toEqual([
      [10, 5],
      [10, 0],
      [5, 0],
    ])
  })

  it('stops at the first call that brings nothing', async () => {
    const { sqs, receiver } = setUp({ answers: [messages(10), messages(3)] })
    expect((await receiver.receive('q', options)).copies).toHaveLength(13)
    expect(sqs.receives).toHaveLength(3)
  })

  it('keeps what it has when a later call fails', async () => {
    const { receiver } = setUp({ answers: [messages(10), new Error('socket hang up')] })
    expect((await receiver.receive('q', options)).copies).toHaveLength(10)
  })

  it('throws what fails at first', async () => {
    const { receiver } = setUp({ answers: [new Error('socket hang up')] })
    await expect(receiver.receive('q', options)).rejects.toThrow('socket hang up')
  })

  it('names a queue that is missing', async () => {
    const { receiver } = setUp({ answers: [new QueueDoesNotExist({ $metadata: {}, message: 'gone' })] })
    await expect(receiver.receive('q', options)).rejects.toMatchObject({
      name: 'MissingQueueError',
      sqsQueueName: 'q',
    })
  })

  it('asks for nothing once its signal has aborted', async () => {
    const { sqs, receiver } = setUp()
    expect(await receiver.receive('q', { ...options, signal: AbortSignal.abort() })).toEqual({
      copies: [],
      undecodable: [],
    })
    expect(sqs.receives).toEqual([])
  })

  it('reports what it cannot read apart from what it can, and touches neither', async () => {
    const newer = messages(1, {
      MessageId: 'newer',
      MessageAttributes: { leveret: { DataType: 'String', StringValue: '{"v":99}' } },
    })
    const binary = messages(1, {
      MessageAttributes: { 'leveret-copy': { DataType: 'Binary', BinaryValue: Buffer.of(1) } },
    })
    const { sqs, receiver } = setUp({ answers: [[...messages(1), ...newer, ...binary]] })
    const { copies, undecodable } = await receiver.receive('q', options)
    expect(copies.map(({ receiptHandle }) => receiptHandle)).toEqual(['handle-0'])
    expect(undecodable).toMatchObject([{ messageId: 'newer', error: { name: 'UnknownEnvelopeError' } }, {}])
    expect(sqs.calls).toEqual([])
  })

  it('does not go on for ever where everything is unreadable', async () => {
    const unreadable = messages(10, {
      MessageAttributes: { leveret: { DataType: 'String', StringValue: '{"v":99}' } },
    })
    const { sqs, receiver } = setUp({ answers: Array.from({ length: 50 }, () => unreadable) })
    expect((await receiver.receive('q', options)).undecodable).toHaveLength(30)
    expect(sqs.receives).toHaveLength(3)
  })
})

describe('settling', () => {
  it('deletes in tens and answers in order', async () => {
    const { sqs, receiver } = setUp({ fault: ({ Entries = [] }) => (Entries.length === 5 ? REFUSED : undefined) })
    const outcomes = await receiver.deleteBatch('q', handles(25))
    expect(sqs.calls.map(({ Entries = [] }) => Entries.length)).toEqual([10, 10, 5])
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(22).fill('done'), 'failed', 'done', 'done'])
  })

  it('makes no call for nothing', async () => {
    const { sqs, receiver } = setUp()
    expect(await receiver.deleteBatch('q', [])).toEqual([])
    expect(await receiver.changeVisibilityBatch('q', [])).toEqual([])
    expect(sqs.calls).toEqual([])
  })

  it('repeats the entries that SQS failed to handle', async () => {
    const { sqs, receiver } = setUp({
      fault: (_input, index) => (index === 0 ? { 1: { code: 'InternalError' } } : undefined),
    })
    const outcomes = await receiver.deleteBatch('q', handles(3))
    expect(outcomes.map(({ status }) => status)).toEqual(['done', 'done', 'done'])
    expect(sqs.calls[1]?.Entries).toEqual([{ Id: '0', ReceiptHandle: 'handle-1' }])
  })

  it('fails a whole call whose connection broke, and no other', async () => {
    const { receiver } = setUp({ fault: (_input, index) => (index === 0 ? 'lost' : undefined) })
    const outcomes = await receiver.deleteBatch('q', handles(12))
    expect(outcomes.map(({ status }) => status)).toEqual([...Array(10).fill('failed'), 'done', 'done'])
    expect(outcomes[0]).toMatchObject({ retriable: true })
  })

  it('tells receipt handles that are no longer good from other failures', async () => {
    const codes = ['ReceiptHandleIsInvalid', 'AWS.SimpleQueueService.MessageNotInflight', 'InvalidParameterValue']
    const fault = Object.fromEntries(codes.map((code, place) => [place, { code, senderFault: true }]))
    const { receiver } = setUp({ fault: () => fault })
    const changes = handles(4).map((receiptHandle) => ({ receiptHandle, visibilityS: 0 }))
    const outcomes = await receiver.changeVisibilityBatch('q', changes)
    expect(outcomes.map(({ status }) => status)).toEqual(['gone', 'gone', 'failed', 'done'])
  })

  it('tells of a missing queue', async () => {
    const { receiver } = setUp({ missingQueues: ['q'] })
    expect(await receiver.deleteBatch('q', handles(1))).toEqual([{ status: 'missing-queue' }])
  })
})

const REFUSED = { 2: { code: 'AccessDenied', senderFault: true } }

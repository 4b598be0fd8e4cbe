import {
  BatchEntryIdsNotDistinct,
  BatchRequestTooLong,
  EmptyBatchRequest,
  InvalidBatchEntryId,
  InvalidMessageContents,
  SendMessageBatchCommand,
  type SendMessageBatchRequestEntry,
  TooManyEntriesInBatchRequest,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { errorOf, type Suite } from './harness.ts'

const MAX_SIZE_BYTES = 1_048_576

/** Sending: what may be said, how large it may be, and batches. */
export function defineSendTests({ test, timed }: Suite): void {
  test('a body with every kind of allowed character arrives unchanged', async (sqs) => {
    const queue = await sqs.createQueue()
    const body = '\t\n\r ~\u0085é퟿\ufffd 😀\u{10ffff} {"a": 1.50}'
    await sqs.send(queue, body)
    expect(await sqs.receiveBodies(queue)).toEqual([body])
  })

  test('a body with a character that SQS cannot carry fails with InvalidMessageContents', async (sqs) => {
    const queue = await sqs.createQueue()
    for (const character of ['\u0000', '\u0008', '\u000b', '\u001f', '\ufffe', '\uffff']) {
      expect(await errorOf(sqs.send(queue, `a${character}b`))).toBeInstanceOf(InvalidMessageContents)
    }
    expect(await sqs.counts(queue)).toEqual([0, 0, 0])
  })

  test('an empty body is refused', async (sqs) => {
    const queue = await sqs.createQueue()
    expect((await errorOf(sqs.send(queue, ''))).name).toMatch(/^(MissingParameter|InvalidParameterValue)$/)
  })

  test('the digest of message attributes is the one AWS computes', async (sqs) => {
    const queue = await sqs.createQueue()
    const general = { DataType: 'String', StringValue: 'Kenobi' }
    const there = { DataType: 'String', StringValue: 'There' }
    const me = { DataType: 'String', StringValue: 'Me' }
    const attributes = { Hello: there, General: general, 'Help.Me': me }
    const sent = await sqs.send(queue, 'msg', { MessageAttributes: attributes })
    // Recorded from AWS by LocalStack's snapshot tests.
    expect(sent.MD5OfMessageAttributes).toBe('4c360f3fdafd970e05fae2f149d997f5')
    const message = await sqs.receiveOne(queue, { MessageAttributeNames: ['Hel*', 'Hello', 'General'] })
    expect(message.MD5OfMessageAttributes).toBe('fca026605781cb4126a1e9044df24232')
  })

  test('binary and typed attributes keep their bytes and types', async (sqs) => {
    const queue = await sqs.createQueue()
    const attributes = {
      bytes: { DataType: 'Binary.png', BinaryValue: new Uint8Array([0, 1, 254, 255]) },
      size: { DataType: 'Number.int', StringValue: '-1.5e3' },
    }
    await sqs.send(queue, 'msg', { MessageAttributes: attributes })
    expect((await sqs.receiveOne(queue, { MessageAttributeNames: ['All'] })).MessageAttributes).toEqual(attributes)
  })

  test('more than ten attributes, or one that breaks a rule, fail with InvalidParameterValue', async (sqs) => {
    const queue = await sqs.createQueue()
    const text = { DataType: 'String', StringValue: 'x' }
    const eleven = Object.fromEntries(Array.from({ length: 11 }, (_, i) => [`a${i}`, text]))
    const refused = [
      eleven,
      { 'AWS.x': text },
      { 'a..b': text },
      { 'a.': text },
      { ä: text },
      { a: { DataType: 'Text', StringValue: 'x' } },
      { a: { DataType: 'String', StringValue: '' } },
    ]
    for (const attributes of refused) {
      const error = await errorOf(sqs.send(queue, 'x', { MessageAttributes: attributes }))
      expect(error.name).toBe('InvalidParameterValue')
    }
  })

  test('a message may be 1 MiB, attributes included, and not a byte more', async (sqs) => {
    const queue = await sqs.createQueue()
    const attributes = { ab: { DataType: 'String', StringValue: 'xy' } }
    const overhead = 'ab'.length + 'String'.length + 'xy'.length
    const body = 'x'.repeat(MAX_SIZE_BYTES - overhead)
    await sqs.send(queue, body, { MessageAttributes: attributes })
    const error = await errorOf(sqs.send(queue, `${body}x`, { MessageAttributes: attributes }))
    expect(error.name).toBe('InvalidParameterValue')
    expect((await sqs.receiveOne(queue)).Body).toHaveLength(body.length)
  })

  test('MaximumMessageSize is counted in bytes of UTF-8', async (sqs) => {
    const queue = await sqs.createQueue({ MaximumMessageSize: '1024' })
    await sqs.send(queue, 'é'.repeat(512))
    expect((await errorOf(sqs.send(queue, 'é'.repeat(513)))).name).toBe('InvalidParameterValue')
  })

  test('a batch reports each entry by itself', async (sqs) => {
    const queue = await sqs.createQueue({ MaximumMessageSize: '1024' })
    const entries = [
      { Id: 'good', MessageBody: 'x' },
      { Id: 'large', MessageBody: 'x'.repeat(1025) },
      { Id: 'late', MessageBody: 'y', DelaySeconds: 900 },
    ]
    const result = await sqs.client.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries: entries }))
    expect(result.Successful?.map((entry) => entry.Id)).toEqual(['good', 'late'])
    expect(result.Failed?.map((entry) => entry.Id)).toEqual(['large'])
    expect(await sqs.counts(queue)).toEqual([1, 0, 1])
  })

  test('a batch that is malformed as a whole sends nothing', async (sqs) => {
    const queue = await sqs.createQueue()
    const entry = (Id: string): SendMessageBatchRequestEntry => ({ Id, MessageBody: 'x' })
    const send = (Entries: SendMessageBatchRequestEntry[]) =>
      errorOf(sqs.client.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries })))
    expect(await send([])).toBeInstanceOf(EmptyBatchRequest)
    const eleven = Array.from({ length: 11 }, (_, i) => entry(`${i}`))
    expect(await send(eleven)).toBeInstanceOf(TooManyEntriesInBatchRequest)
    expect(await send([entry('a'), entry('a')])).toBeInstanceOf(BatchEntryIdsNotDistinct)
    expect(await send([entry('a b')])).toBeInstanceOf(InvalidBatchEntryId)
    const halves = [0, 1].map((i) => ({ Id: `${i}`, MessageBody: 'x'.repeat(MAX_SIZE_BYTES / 2 + i) }))
    expect(await send(halves)).toBeInstanceOf(BatchRequestTooLong)
    expect(await sqs.counts(queue)).toEqual([0, 0, 0])
  })

  timed('a delayed message appears when its delay has passed', async (sqs, advance) => {
    const queue = await sqs.createQueue({ DelaySeconds: '10' })
    await sqs.send(queue, 'queue delay')
    await sqs.send(queue, 'own delay', { DelaySeconds: 20 })
    await sqs.send(queue, 'no delay', { DelaySeconds: 0 })
    expect(await sqs.counts(queue)).toEqual([1, 0, 2])
    expect(await sqs.receiveBodies(queue)).toEqual(['no delay'])
    advance(10_000)
    expect(await sqs.receiveBodies(queue)).toEqual(['queue delay'])
    advance(10_000)
    expect(await sqs.receiveBodies(queue)).toEqual(['own delay'])
  })

  timed('a message outlives its retention period in no way', async (sqs, advance) => {
    const queue = await sqs.createQueue({ MessageRetentionPeriod: '60', VisibilityTimeout: '0' })
    await sqs.send(queue, 'x')
    advance(59_000)
    expect(await sqs.receiveBodies(queue)).toEqual(['x'])
    advance(1_000)
    expect(await sqs.receiveBodies(queue)).toEqual([])
    expect(await sqs.counts(queue)).toEqual([0, 0, 0])
  })
}

import { createHash } from 'node:crypto'
import { ChangeMessageVisibilityCommand, SendMessageBatchCommand } from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { errorOf, FIFO, type Suite } from './harness.ts'

const CONTENT_BASED = { ...FIFO, ContentBasedDeduplication: 'true' }

/** FIFO queues: order, group locks and deduplication. */
export function defineFifoTests({ test, timed }: Suite): void {
  test('a group keeps its order, and one receive may take ten of it', async (sqs) => {
    const queue = await sqs.createQueue(CONTENT_BASED)
    const bodies = Array.from({ length: 12 }, (_, i) => `m${i}`)
    for (const body of bodies) await sqs.send(queue, body, { MessageGroupId: 'g' })
    expect(await sqs.receiveBodies(queue)).toEqual(bodies.slice(0, 10))
    expect(await sqs.receiveBodies(queue)).toEqual([])
  })

  test('a group with a message in flight is locked, and the others are not', async (sqs) => {
    const queue = await sqs.createQueue(CONTENT_BASED)
    for (const body of ['a1', 'a2', 'b1']) await sqs.send(queue, body, { MessageGroupId: body.charAt(0) })
    const first = await sqs.receiveOne(queue, { MaxNumberOfMessages: 1 })
    expect(first.Body).toBe('a1')
    expect(await sqs.receiveBodies(queue)).toEqual(['b1'])
    expect(await sqs.receiveBodies(queue)).toEqual([])
    await sqs.delete(queue, first)
    expect(await sqs.receiveBodies(queue)).toEqual(['a2'])
  })

  test('deleting the message that locks a group wakes a long poll', async (sqs) => {
    const queue = await sqs.createQueue(CONTENT_BASED)
    await sqs.send(queue, 'a1', { MessageGroupId: 'a' })
    await sqs.send(queue, 'a2', { MessageGroupId: 'a' })
    const first = await sqs.receiveOne(queue, { MaxNumberOfMessages: 1 })
    const waiting = sqs.receiveBodies(queue, { WaitTimeSeconds: 10 })
    await sqs.delete(queue, first)
    expect(await waiting).toEqual(['a2'])
  })

  test('a message that is given back comes before its successors', async (sqs) => {
    const queue = await sqs.createQueue(CONTENT_BASED)
    for (const body of ['m1', 'm2', 'm3']) await sqs.send(queue, body, { MessageGroupId: 'g' })
    const [first, second] = await sqs.receive(queue, { MaxNumberOfMessages: 2 })
    const giveBack = async (ReceiptHandle: string | undefined) => {
      const input = { QueueUrl: queue, ReceiptHandle, VisibilityTimeout: 0 }
      await sqs.client.send(new ChangeMessageVisibilityCommand(input))
    }
    await giveBack(first?.ReceiptHandle)
    expect(await sqs.receiveBodies(queue)).toEqual([])
    await giveBack(second?.ReceiptHandle)
    expect(await sqs.receiveBodies(queue)).toEqual(['m1', 'm2', 'm3'])
  })

  test('sequence numbers grow and are shown to the consumer', async (sqs) => {
    const queue = await sqs.createQueue(FIFO)
    const first = await sqs.send(queue, 'a', { MessageGroupId: 'g', MessageDeduplicationId: '1' })
    const second = await sqs.send(queue, 'b', { MessageGroupId: 'g', MessageDeduplicationId: '2' })
    expect(BigInt(second.SequenceNumber ?? 0)).toBeGreaterThan(BigInt(first.SequenceNumber ?? 0))
    const [message] = await sqs.receive(queue, { MessageSystemAttributeNames: ['All'] })
    expect(message?.Attributes).toMatchObject({
      SequenceNumber: first.SequenceNumber,
      MessageGroupId: 'g',
      MessageDeduplicationId: '1',
    })
  })

  timed('a duplicate within five minutes answers as the original did and is not delivered', async (sqs, advance) => {
    const queue = await sqs.createQueue(FIFO)
    const ids = { MessageGroupId: 'g', MessageDeduplicationId: 'd' }
    const original = await sqs.send(queue, 'first', ids)
    await sqs.delete(queue, await sqs.receiveOne(queue))
    advance(299_000)
    const duplicate = await sqs.send(queue, 'second', { ...ids, MessageGroupId: 'h' })
    expect(duplicate.MessageId).toBe(original.MessageId)
    expect(duplicate.SequenceNumber).toBe(original.SequenceNumber)
    expect(await sqs.receiveBodies(queue)).toEqual([])
    advance(1_000)
    await sqs.send(queue, 'third', ids)
    expect(await sqs.receiveBodies(queue)).toEqual(['third'])
  })

  test('content-based deduplication takes the SHA-256 of the body', async (sqs) => {
    const queue = await sqs.createQueue(CONTENT_BASED)
    const sent = await sqs.send(queue, 'same', { MessageGroupId: 'g' })
    const MessageDeduplicationId = createHash('sha256').update('same').digest('hex')
    const again = await sqs.send(queue, 'other', { MessageGroupId: 'g', MessageDeduplicationId })
    expect(again.MessageId).toBe(sent.MessageId)
    expect(await sqs.receiveBodies(queue)).toEqual(['same'])
  })

  test('deduplication per message group lets another group use the same id', async (sqs) => {
    const queue = await sqs.createQueue({
      ...FIFO,
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    })
    for (const [body, group] of [
      ['a', 'g'],
      ['b', 'h'],
      ['c', 'g'],
    ] as const) {
      await sqs.send(queue, body, { MessageGroupId: group, MessageDeduplicationId: 'd' })
    }
    expect((await sqs.receiveBodies(queue)).toSorted()).toEqual(['a', 'b'])
  })

  test('a FIFO send without its ids, or with a delay of its own, is refused', async (sqs) => {
    const queue = await sqs.createQueue(FIFO)
    const ids = { MessageGroupId: 'g', MessageDeduplicationId: 'd' }
    expect((await errorOf(sqs.send(queue, 'x', { MessageDeduplicationId: 'd' }))).name).toBe('MissingParameter')
    expect((await errorOf(sqs.send(queue, 'x', { MessageGroupId: 'g' }))).name).toBe('InvalidParameterValue')
    expect((await errorOf(sqs.send(queue, 'x', { ...ids, DelaySeconds: 1 }))).name).toBe('InvalidParameterValue')
    expect((await errorOf(sqs.send(queue, 'x', { ...ids, MessageGroupId: 'a b' }))).name).toBe('InvalidParameterValue')
    expect(await sqs.counts(queue)).toEqual([0, 0, 0])
  })

  timed('a receipt handle that has expired deletes nothing from a FIFO queue', async (sqs, advance) => {
    const queue = await sqs.createQueue(CONTENT_BASED)
    await sqs.send(queue, 'x', { MessageGroupId: 'g' })
    const message = await sqs.receiveOne(queue)
    advance(30_000)
    expect((await errorOf(sqs.delete(queue, message))).name).toBe('InvalidParameterValue')
    expect(await sqs.receiveBodies(queue)).toEqual(['x'])
  })

  test('a batch keeps the order of its entries, and duplicates within it count once', async (sqs) => {
    const queue = await sqs.createQueue(CONTENT_BASED)
    const bodies = ['a', 'b', 'a', 'c']
    const Entries = bodies.map((MessageBody, i) => ({ Id: `${i}`, MessageBody, MessageGroupId: 'g' }))
    const { Successful } = await sqs.client.send(new SendMessageBatchCommand({ QueueUrl: queue, Entries }))
    expect(Successful).toHaveLength(4)
    expect(Successful?.[2]?.MessageId).toBe(Successful?.[0]?.MessageId)
    expect(await sqs.receiveBodies(queue)).toEqual(['a', 'b', 'c'])
  })

  timed('the delay of a FIFO queue holds back every message', async (sqs, advance) => {
    const queue = await sqs.createQueue({ ...CONTENT_BASED, DelaySeconds: '10' })
    await sqs.send(queue, 'a', { MessageGroupId: 'g' })
    expect(await sqs.counts(queue)).toEqual([0, 0, 1])
    advance(5_000)
    await sqs.send(queue, 'b', { MessageGroupId: 'g' })
    advance(5_000)
    expect(await sqs.receiveBodies(queue, { VisibilityTimeout: 0 })).toEqual(['a'])
    advance(5_000)
    expect(await sqs.receiveBodies(queue)).toEqual(['a', 'b'])
  })
}

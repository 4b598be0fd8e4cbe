import {
  ChangeMessageVisibilityBatchCommand,
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  MessageNotInflight,
  ReceiptHandleIsInvalid,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { errorOf, type Sqs, type Suite } from './harness.ts'

async function changeVisibility(sqs: Sqs, queueUrl: string, handle: string, seconds: number): Promise<void> {
  const input = { QueueUrl: queueUrl, ReceiptHandle: handle, VisibilityTimeout: seconds }
  await sqs.client.send(new ChangeMessageVisibilityCommand(input))
}

/** Deleting messages and moving their deadlines. */
export function defineSettleTests({ test, timed }: Suite): void {
  timed('a deleted message never comes back, and deleting it again succeeds', async (sqs, advance) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'x')
    const message = await sqs.receiveOne(queue)
    await sqs.delete(queue, message)
    await sqs.delete(queue, message)
    advance(60_000)
    expect(await sqs.receive(queue)).toEqual([])
    expect(await sqs.counts(queue)).toEqual([0, 0, 0])
  })

  test('a receipt handle that SQS did not issue fails with ReceiptHandleIsInvalid', async (sqs) => {
    const queue = await sqs.createQueue()
    for (const handle of ['garbage', 'MS4xLjEuMDAwMDAwMDAwMDAw', '😀']) {
      expect(await errorOf(sqs.delete(queue, { ReceiptHandle: handle }))).toBeInstanceOf(ReceiptHandleIsInvalid)
      expect(await errorOf(changeVisibility(sqs, queue, handle, 1))).toBeInstanceOf(ReceiptHandleIsInvalid)
    }
  })

  test('a receipt handle of another queue deletes nothing', async (sqs) => {
    const [queue, other] = [await sqs.createQueue(), await sqs.createQueue()]
    await sqs.send(queue, 'x')
    await sqs.send(other, 'y')
    const message = await sqs.receiveOne(queue)
    expect(await errorOf(sqs.delete(other, message))).toBeInstanceOf(ReceiptHandleIsInvalid)
    expect(await sqs.counts(other)).toEqual([1, 0, 0])
  })

  test('an older receipt handle never deletes another message', async (sqs) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'first')
    const message = await sqs.receiveOne(queue)
    await sqs.delete(queue, message)
    await sqs.send(queue, 'second')
    await sqs.delete(queue, message)
    expect(await sqs.receiveBodies(queue)).toEqual(['second'])
  })

  test('a visibility timeout of 0 makes the message visible at once', async (sqs) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'x')
    const message = await sqs.receiveOne(queue)
    await changeVisibility(sqs, queue, message.ReceiptHandle, 0)
    expect(await sqs.counts(queue)).toEqual([1, 0, 0])
    expect(await sqs.receiveBodies(queue)).toEqual(['x'])
  })

  timed('a visibility timeout that is changed counts from the change', async (sqs, advance) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'x')
    const message = await sqs.receiveOne(queue)
    advance(20_000)
    await changeVisibility(sqs, queue, message.ReceiptHandle, 100)
    advance(99_000)
    expect(await sqs.receive(queue)).toEqual([])
    advance(1_000)
    expect(await sqs.receiveBodies(queue)).toEqual(['x'])
  })

  timed('a message that is not in flight fails with MessageNotInflight', async (sqs, advance) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'x')
    const message = await sqs.receiveOne(queue)
    advance(30_000)
    expect(await errorOf(changeVisibility(sqs, queue, message.ReceiptHandle, 10))).toBeInstanceOf(MessageNotInflight)
    expect(await sqs.receiveBodies(queue)).toEqual(['x'])
  })

  timed('a message stays hidden for 12 hours in all, no longer', async (sqs, advance) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'x')
    const { ReceiptHandle } = await sqs.receiveOne(queue, { VisibilityTimeout: 3_600 })
    advance(1_800_000)
    expect((await errorOf(changeVisibility(sqs, queue, ReceiptHandle, 43_200))).name).toBe('InvalidParameterValue')
    expect((await errorOf(changeVisibility(sqs, queue, ReceiptHandle, 43_201))).name).toBe('InvalidParameterValue')
    await changeVisibility(sqs, queue, ReceiptHandle, 41_000)
    expect(await sqs.counts(queue)).toEqual([0, 1, 0])
  })

  test('batches of deletes and of visibility changes report each entry by itself', async (sqs) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'a')
    await sqs.send(queue, 'b')
    const [first, second] = await sqs.receive(queue, { WaitTimeSeconds: 1 })
    const bad = { Id: 'bad', ReceiptHandle: 'garbage' }
    const changed = await sqs.client.send(
      new ChangeMessageVisibilityBatchCommand({
        QueueUrl: queue,
        Entries: [
          { Id: 'a', ReceiptHandle: first?.ReceiptHandle, VisibilityTimeout: 0 },
          { ...bad, VisibilityTimeout: 0 },
        ],
      }),
    )
    expect(changed.Successful).toEqual([{ Id: 'a' }])
    expect(changed.Failed?.map((entry) => entry.Id)).toEqual(['bad'])
    const deleted = await sqs.client.send(
      new DeleteMessageBatchCommand({
        QueueUrl: queue,
        Entries: [{ Id: 'b', ReceiptHandle: second?.ReceiptHandle }, bad],
      }),
    )
    expect(deleted.Successful).toEqual([{ Id: 'b' }])
    expect(deleted.Failed?.map((entry) => entry.Id)).toEqual(['bad'])
    expect(await sqs.counts(queue)).toEqual([1, 0, 0])
  })
}

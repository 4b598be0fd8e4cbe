import {
  ListDeadLetterSourceQueuesCommand,
  ListMessageMoveTasksCommand,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { errorOf, FIFO, type Sqs, type Suite } from './harness.ts'

async function createPair(sqs: Sqs, maxReceiveCount: number | string, attributes: Record<string, string> = {}) {
  const deadLetters = await sqs.createQueue(attributes)
  const deadLetterTargetArn = await sqs.arnOf(deadLetters)
  const source = await sqs.createQueue({
    ...attributes,
    VisibilityTimeout: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn, maxReceiveCount }),
  })
  return { source, deadLetters }
}

/** Receives until the message has gone to the dead-letter queue. */
async function exhaust(sqs: Sqs, source: string, maxReceiveCount: number): Promise<void> {
  for (let i = 0; i < maxReceiveCount; i++) await sqs.receiveOne(source)
  expect(await sqs.receive(source)).toEqual([])
}

/** Dead-letter queues. */
export function defineRedriveTests({ test }: Suite): void {
  test('the receive that would exceed maxReceiveCount moves the message instead', async (sqs) => {
    const { source, deadLetters } = await createPair(sqs, 2)
    const attributes = { a: { DataType: 'String', StringValue: 'x' } }
    const { MessageId } = await sqs.send(source, 'poison', { MessageAttributes: attributes })
    const before = await sqs.receiveOne(source, { MessageSystemAttributeNames: ['SentTimestamp'] })
    await exhaust(sqs, source, 1)
    const moved = await sqs.receiveOne(deadLetters, {
      MessageSystemAttributeNames: ['SentTimestamp', 'DeadLetterQueueSourceArn'],
      MessageAttributeNames: ['All'],
    })
    expect(moved).toMatchObject({ MessageId, Body: 'poison', MessageAttributes: attributes })
    expect(moved.Attributes).toEqual({
      SentTimestamp: before.Attributes?.SentTimestamp,
      DeadLetterQueueSourceArn: await sqs.arnOf(source),
    })
    expect(await sqs.counts(source)).toEqual([0, 0, 0])
  })

  test('maxReceiveCount may be a string, and what is behind a moved message is received', async (sqs) => {
    const { source, deadLetters } = await createPair(sqs, '1')
    await sqs.send(source, 'poison')
    await sqs.receiveOne(source)
    await sqs.send(source, 'good')
    expect(await sqs.receiveBodies(source, { MaxNumberOfMessages: 1, WaitTimeSeconds: 1 })).toEqual(['good'])
    expect(await sqs.receiveBodies(deadLetters, { WaitTimeSeconds: 1 })).toEqual(['poison'])
  })

  test('a message that moves wakes a long poll on the dead-letter queue', async (sqs) => {
    const { source, deadLetters } = await createPair(sqs, 1)
    await sqs.send(source, 'poison')
    const waiting = sqs.receiveBodies(deadLetters, { WaitTimeSeconds: 10 })
    await exhaust(sqs, source, 1)
    expect(await waiting).toEqual(['poison'])
  })

  test('a FIFO message keeps its group and id on its way to a FIFO dead-letter queue', async (sqs) => {
    const { source, deadLetters } = await createPair(sqs, 1, FIFO)
    await sqs.send(source, 'poison', { MessageGroupId: 'g', MessageDeduplicationId: 'd' })
    await exhaust(sqs, source, 1)
    await sqs.send(source, 'next', { MessageGroupId: 'g', MessageDeduplicationId: 'e' })
    expect(await sqs.receiveBodies(source)).toEqual(['next'])
    const moved = await sqs.receiveOne(deadLetters, { MessageSystemAttributeNames: ['All'] })
    expect(moved.Attributes).toMatchObject({ MessageGroupId: 'g', MessageDeduplicationId: 'd' })
    expect(moved.Attributes).toHaveProperty('DeadLetterQueueSourceArn', await sqs.arnOf(source))
  })

  test('a redrive policy is shown with a number, however it was given', async (sqs) => {
    const { source, deadLetters } = await createPair(sqs, '3')
    const policy = JSON.parse((await sqs.attributes(source)).RedrivePolicy ?? '')
    expect(policy).toEqual({ deadLetterTargetArn: await sqs.arnOf(deadLetters), maxReceiveCount: 3 })
  })

  test('a dead-letter queue lists its source queues', async (sqs) => {
    const { source, deadLetters } = await createPair(sqs, 3)
    const list = new ListDeadLetterSourceQueuesCommand({ QueueUrl: deadLetters })
    expect((await sqs.client.send(list)).queueUrls).toEqual([source])
  })

  test('a redrive policy that cannot work fails with InvalidParameterValue', async (sqs) => {
    const fifoArn = await sqs.arnOf(await sqs.createQueue(FIFO))
    const arn = await sqs.arnOf(await sqs.createQueue())
    const closed = await sqs.createQueue({ RedriveAllowPolicy: JSON.stringify({ redrivePermission: 'denyAll' }) })
    const policies = [
      { deadLetterTargetArn: `${arn}-missing`, maxReceiveCount: 1 },
      { deadLetterTargetArn: fifoArn, maxReceiveCount: 1 },
      { deadLetterTargetArn: 'dummy', maxReceiveCount: 1 },
      { deadLetterTargetArn: arn, maxReceiveCount: 0 },
      { deadLetterTargetArn: arn, maxReceiveCount: 1001 },
      { deadLetterTargetArn: await sqs.arnOf(closed), maxReceiveCount: 1 },
    ]
    for (const policy of policies) {
      const error = await errorOf(sqs.createQueue({ RedrivePolicy: JSON.stringify(policy) }))
      expect(error.name).toBe('InvalidParameterValue')
    }
  })

  test('a message move task brings dead letters back to where they came from', async (sqs) => {
    const { source, deadLetters } = await createPair(sqs, 1)
    await sqs.send(source, 'x')
    await exhaust(sqs, source, 1)
    const SourceArn = await sqs.arnOf(deadLetters)
    const { TaskHandle } = await sqs.client.send(new StartMessageMoveTaskCommand({ SourceArn }))
    expect(TaskHandle).toBeDefined()
    expect(await sqs.receiveBodies(source, { WaitTimeSeconds: 10 })).toEqual(['x'])
    const { Results } = await sqs.client.send(new ListMessageMoveTasksCommand({ SourceArn }))
    expect(Results).toMatchObject([{ Status: 'COMPLETED', SourceArn, ApproximateNumberOfMessagesMoved: 1 }])
  })
}

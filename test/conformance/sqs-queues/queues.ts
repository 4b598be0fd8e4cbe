import {
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  InvalidAttributeName,
  InvalidAttributeValue,
  ListQueuesCommand,
  ListQueueTagsCommand,
  PurgeQueueCommand,
  PurgeQueueInProgress,
  QueueDeletedRecently,
  QueueDoesNotExist,
  QueueNameExists,
  SetQueueAttributesCommand,
  TagQueueCommand,
  UntagQueueCommand,
} from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { errorOf, FIFO, type Suite, uniqueName } from './harness.ts'

/** Queues themselves: their life, attributes, listing, tags and purging. */
export function defineQueueTests({ test, timed }: Suite): void {
  test('a queue URL ends with account and name, and GetQueueUrl answers the same', async ({ client }) => {
    const name = uniqueName()
    const { QueueUrl } = await client.send(new CreateQueueCommand({ QueueName: name }))
    expect(QueueUrl).toMatch(new RegExp(`/\\d{12}/${name}$`))
    expect((await client.send(new GetQueueUrlCommand({ QueueName: name }))).QueueUrl).toBe(QueueUrl)
  })

  test('a queue that nobody configured has the defaults of AWS', async (sqs) => {
    const queue = await sqs.createQueue()
    expect(await sqs.attributes(queue)).toMatchObject({
      VisibilityTimeout: '30',
      DelaySeconds: '0',
      ReceiveMessageWaitTimeSeconds: '0',
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '345600',
      SqsManagedSseEnabled: 'true',
      ApproximateNumberOfMessages: '0',
    })
    expect(await sqs.arnOf(queue)).toMatch(/^arn:aws:sqs:us-east-1:\d{12}:conformance-/)
  })

  test('GetQueueAttributes answers only what is named', async (sqs) => {
    const queue = await sqs.createQueue({ DelaySeconds: '7' })
    const get = new GetQueueAttributesCommand({ QueueUrl: queue, AttributeNames: ['DelaySeconds'] })
    expect((await sqs.client.send(get)).Attributes).toEqual({ DelaySeconds: '7' })
    const none = new GetQueueAttributesCommand({ QueueUrl: queue })
    expect((await sqs.client.send(none)).Attributes).toBeUndefined()
  })

  test('creating a queue again with the same attributes answers the same URL', async (sqs) => {
    const name = uniqueName()
    const first = await sqs.createNamedQueue(name, { VisibilityTimeout: '5' })
    expect(await sqs.createNamedQueue(name, { VisibilityTimeout: '5' })).toBe(first)
    expect(await sqs.createNamedQueue(name)).toBe(first)
  })

  test('creating a queue again with another attribute fails with QueueNameExists', async (sqs) => {
    const name = uniqueName()
    await sqs.createNamedQueue(name, { VisibilityTimeout: '5' })
    const error = await errorOf(sqs.createNamedQueue(name, { VisibilityTimeout: '6' }))
    expect(error).toBeInstanceOf(QueueNameExists)
  })

  test('a queue name that AWS refuses is refused', async (sqs) => {
    for (const name of ['with space', 'a'.repeat(81), 'dot.dot', 'looks.fifo']) {
      expect((await errorOf(sqs.createNamedQueue(name))).name).toBe('InvalidParameterValue')
    }
    expect((await errorOf(sqs.createNamedQueue('no-suffix', FIFO))).name).toBe('InvalidParameterValue')
  })

  test('an attribute that SQS does not know fails with InvalidAttributeName', async (sqs) => {
    expect(await errorOf(sqs.createQueue({ Colour: 'red' }))).toBeInstanceOf(InvalidAttributeName)
    const queue = await sqs.createQueue()
    const set = new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: { constructor: 'red' } as never })
    expect(await errorOf(sqs.client.send(set))).toBeInstanceOf(InvalidAttributeName)
  })

  test('an attribute value out of range fails with InvalidAttributeValue', async (sqs) => {
    const outOfRange = [
      { DelaySeconds: '901' },
      { VisibilityTimeout: '43201' },
      { MaximumMessageSize: '1048577' },
      { MaximumMessageSize: '1023' },
      { MessageRetentionPeriod: '59' },
      { ReceiveMessageWaitTimeSeconds: '21' },
      { DelaySeconds: 'soon' },
    ]
    for (const attributes of outOfRange) {
      expect(await errorOf(sqs.createQueue(attributes as never))).toBeInstanceOf(InvalidAttributeValue)
    }
  })

  test('attributes that are set are shown, and an empty policy is removed', async (sqs) => {
    const queue = await sqs.createQueue()
    const policy = JSON.stringify({ Version: '2012-10-17', Statement: [] })
    const set = (attributes: Record<string, string>) =>
      sqs.client.send(new SetQueueAttributesCommand({ QueueUrl: queue, Attributes: attributes }))
    await set({ VisibilityTimeout: '9', Policy: policy })
    expect(await sqs.attributes(queue)).toMatchObject({ VisibilityTimeout: '9', Policy: policy })
    await set({ Policy: '' })
    expect(await sqs.attributes(queue)).not.toHaveProperty('Policy')
  })

  test('every call on a queue that does not exist fails with QueueDoesNotExist', async (sqs) => {
    const gone = (await sqs.createQueue()).replace(/[^/]+$/, uniqueName())
    expect(await errorOf(sqs.send(gone, 'x'))).toBeInstanceOf(QueueDoesNotExist)
    expect(await errorOf(sqs.receive(gone))).toBeInstanceOf(QueueDoesNotExist)
    expect(await errorOf(sqs.attributes(gone))).toBeInstanceOf(QueueDoesNotExist)
    const get = new GetQueueUrlCommand({ QueueName: uniqueName() })
    expect(await errorOf(sqs.client.send(get))).toBeInstanceOf(QueueDoesNotExist)
  })

  timed('the name of a deleted queue is free again after 60 seconds', async (sqs, advance) => {
    const name = uniqueName()
    const queue = await sqs.createNamedQueue(name)
    await sqs.send(queue, 'of the first queue')
    await sqs.client.send(new DeleteQueueCommand({ QueueUrl: queue }))
    expect(await errorOf(sqs.send(queue, 'x'))).toBeInstanceOf(QueueDoesNotExist)
    advance(59_000)
    expect(await errorOf(sqs.createNamedQueue(name))).toBeInstanceOf(QueueDeletedRecently)
    advance(1_000)
    expect(await sqs.receiveBodies(await sqs.createNamedQueue(name))).toEqual([])
  })

  test('ListQueues answers a prefix, in pages', async (sqs) => {
    const prefix = uniqueName()
    const urls = [
      await sqs.createNamedQueue(`${prefix}-1`),
      await sqs.createNamedQueue(`${prefix}-2`),
      await sqs.createNamedQueue(`${prefix}-3`),
    ]
    const list = async (more: object) =>
      await sqs.client.send(new ListQueuesCommand({ QueueNamePrefix: prefix, ...more }))
    expect((await list({})).QueueUrls?.toSorted()).toEqual(urls)
    const first = await list({ MaxResults: 2 })
    expect(first.QueueUrls).toHaveLength(2)
    const second = await list({ MaxResults: 2, NextToken: first.NextToken })
    expect([...(first.QueueUrls ?? []), ...(second.QueueUrls ?? [])].toSorted()).toEqual(urls)
    expect(second.NextToken).toBeUndefined()
    expect((await sqs.client.send(new ListQueuesCommand({ QueueNamePrefix: uniqueName() }))).QueueUrls).toBeUndefined()
  })

  test('tags are added, shown and removed', async (sqs) => {
    const queue = await sqs.createQueue()
    await sqs.client.send(new TagQueueCommand({ QueueUrl: queue, Tags: { team: 'a', stage: 'b' } }))
    await sqs.client.send(new UntagQueueCommand({ QueueUrl: queue, TagKeys: ['stage'] }))
    expect((await sqs.client.send(new ListQueueTagsCommand({ QueueUrl: queue }))).Tags).toEqual({ team: 'a' })
  })

  timed('a purge empties the queue, and the next has to wait 60 seconds', async (sqs, advance) => {
    const queue = await sqs.createQueue()
    const purge = () => sqs.client.send(new PurgeQueueCommand({ QueueUrl: queue }))
    await sqs.send(queue, 'visible')
    await sqs.receive(queue)
    await sqs.send(queue, 'delayed', { DelaySeconds: 5 })
    await purge()
    expect(await sqs.counts(queue)).toEqual([0, 0, 0])
    expect(await errorOf(purge())).toBeInstanceOf(PurgeQueueInProgress)
    advance(60_000)
    expect(await sqs.receive(queue)).toEqual([])
    await purge()
    await sqs.send(queue, 'after')
    expect(await sqs.receiveBodies(queue)).toEqual(['after'])
  })
}

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { CopyIdentity } from '../../lib/delivery/copy.ts'
import { encodeCopy } from '../../lib/delivery/copy.ts'
import { type Delivery, openDelivery } from '../../lib/delivery/delivery.ts'
import { encodeInline, envelopeOf } from '../../lib/delivery/envelope.ts'
import { purge } from '../../lib/delivery/purge.ts'
import { INTERNAL_RETENTION_S } from '../../lib/delivery/sqs-attributes.ts'
import { openSqs, type SqsApi } from '../../lib/delivery/sqs-client.ts'
import { SqsQueues } from '../../lib/delivery/sqs-queues.ts'
import type { Copy } from '../../lib/delivery/sqs-sender.ts'
import { type SqsServer, startSqsServer } from '../../lib/local/sqs/server.ts'
import { Typed } from '../../lib/model/amqp-value.ts'
import { memoryBlobs, message, testClock } from './support.ts'

const AWS = { region: 'us-east-1', credentials: { accessKeyId: 'test', secretAccessKey: 'test' } }

let server: SqsServer
let delivery: Delivery
let countingClock: ReturnType<typeof testClock>
/** How far the server's clock is ahead. */
let aheadMs = 0

beforeAll(async () => {
  server = await startSqsServer({ file: ':memory:', now: () => Date.now() + aheadMs })
  countingClock = testClock()
  const config = {
    namePrefix: 'leveret-test',
    messagesTable: 'messages',
    sqsQueueUrlBase: `${server.endpoint}/000000000000`,
    sqsQueueArnBase: 'arn:aws:sqs:us-east-1:000000000000:',
    fullPollWaitS: 0,
    countsCacheMs: 5000,
    aws: { ...AWS, endpoints: { sqs: server.endpoint } },
  }
  const clock = { ...countingClock, wallMs: () => Date.now() + aheadMs }
  delivery = openDelivery(config, memoryBlobs(), clock)
})

afterAll(async () => {
  delivery.close()
  await server.close()
})

async function newQueue(fifo = false): Promise<string> {
  const name = delivery.queues.newName('orders: new', fifo)
  await delivery.queues.create(name)
  return name
}

const copyOf = (sqsQueueName: string, text: string, more: Partial<Copy> = {}): Copy => ({
  sqsQueueName,
  message: encodeInline(envelopeOf(message(text))),
  ...more,
})

const texts = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${prefix}${index}`)

const sendTexts = (queue: string, bodies: readonly string[]) =>
  delivery.sender.send(bodies.map((body) => copyOf(queue, body)))

const receive = (queue: string, max = 10) =>
  delivery.receiver.receive(queue, { queueName: 'orders: new', max, waitS: 0, visibilityS: 30 })

const bodiesIn = async (queue: string) => (await receive(queue, 100)).copies.map(({ stored }) => stored.body).sort()

const countsOf = (queue: string) => delivery.counter.countNow(queue)

describe('SQS queues', () => {
  it('are made with everything that matters set explicitly', async () => {
    const name = await newQueue()
    expect(name).toMatch(/^leveret-test-orders-new-[0-9a-z]{10}$/)
    const attributes = await delivery.queues.attributes(name)
    expect(attributes).toMatchObject({
      QueueArn: delivery.queues.arnOf(name),
      MaximumMessageSize: '1048576',
      MessageRetentionPeriod: '864000',
      SqsManagedSseEnabled: 'true',
    })
    expect(JSON.parse(attributes?.Policy ?? '')).toMatchObject({
      Statement: [
        { Effect: 'Deny', Resource: attributes?.QueueArn, Condition: { Bool: { 'aws:SecureTransport': 'false' } } },
      ],
    })
  })

  it('are encrypted with the key that the configuration names, and then with no key of SQS', () => {
    const queues = new SqsQueues({} as SqsApi, {
      namePrefix: 'leveret-test',
      sqsQueueUrlBase: 'https://sqs.eu-west-1.amazonaws.com/123456789012',
      sqsQueueArnBase: 'arn:aws:sqs:eu-west-1:123456789012:',
      encryptionKeyArn: 'arn:aws:kms:eu-west-1:1:key/k',
    })
    const attributes = queues.attributesFor('leveret-test-orders-0123456789')
    expect(attributes).toMatchObject({
      KmsMasterKeyId: 'arn:aws:kms:eu-west-1:1:key/k',
      KmsDataKeyReusePeriodSeconds: '300',
    })
    expect(attributes).not.toHaveProperty('SqsManagedSseEnabled')
  })

  it('are FIFO with high throughput where their name says so', async () => {
    expect(await delivery.queues.attributes(await newQueue(true))).toMatchObject({
      FifoQueue: 'true',
      ContentBasedDeduplication: 'false',
      DeduplicationScope: 'messageGroup',
      FifoThroughputLimit: 'perMessageGroupId',
    })
  })

  it('keep messages as long as they are told to', async () => {
    const name = delivery.queues.newName('relay', false)
    await delivery.queues.create(name, { retentionS: INTERNAL_RETENTION_S })
    expect(await delivery.queues.attributes(name)).toMatchObject({ MessageRetentionPeriod: '1209600' })
  })

  it('can be made and deleted again and again', async () => {
    const names = [delivery.queues.newName('a', false), delivery.queues.newName('b', true)]
    await delivery.queues.createAll(
      names.map((name) => ({ name })),
      2,
    )
    await delivery.queues.createAll(
      names.map((name) => ({ name })),
      2,
    )
    await delivery.queues.deleteAll(names, 2)
    await delivery.queues.deleteAll(names, 2)
    expect(await delivery.queues.attributes(names[0] ?? '')).toBeUndefined()
  })

  it('are counted: what is ready, what consumers hold, and which are down', async () => {
    const [queue, gone] = [await newQueue(), await newQueue()]
    await sendTexts(queue, ['a', 'b', 'c'])
    await receive(queue, 1)
    await delivery.queues.delete(gone)
    expect(await delivery.counter.count([gone, queue])).toEqual([
      { state: 'down' },
      { state: 'running', ready: 2, unacknowledged: 1 },
    ])
  })

  it('are counted anew once the counts are five seconds old', async () => {
    const queue = await newQueue()
    const readyOf = async () =>
      (await delivery.counter.count([queue])).map((counts) => 'ready' in counts && counts.ready)
    expect(await readyOf()).toEqual([0])
    await sendTexts(queue, ['a'])
    countingClock.advance(4999)
    expect(await readyOf()).toEqual([0])
    countingClock.advance(1)
    expect(await readyOf()).toEqual([1])
  })

  it('are empty only when nothing is in them, not even with a consumer', async () => {
    const queue = await newQueue()
    expect(await delivery.isEmpty(queue)).toBe(true)
    await sendTexts(queue, ['a'])
    expect(await delivery.isEmpty(queue)).toBe(false)
    const { copies } = await receive(queue)
    expect(await delivery.isEmpty(queue)).toBe(false)
    await delivery.receiver.deleteBatch(
      queue,
      copies.map(({ receiptHandle }) => receiptHandle),
    )
    expect(await delivery.isEmpty(queue)).toBe(true)
  })
})

describe('a copy', () => {
  it('arrives as it was sent, with its identity', async () => {
    const queue = await newQueue()
    const identity: CopyIdentity = { publishId: 'p', queueId: 'q', hop: 3 }
    const published = message('Grüße \u{1f600}', { properties: { headers: { n: new Typed('int8', 1), BCC: ['b'] } } })
    const encoded = await delivery.claimChecks.encode(envelopeOf(published), { vhostId: 'v' })
    const sent = await delivery.sender.send([
      { sqsQueueName: queue, message: encoded, copyAttribute: encodeCopy(identity) },
    ])
    expect(sent).toEqual([{ status: 'sent' }])
    const { copies } = await receive(queue)
    expect(copies).toMatchObject([{ identity, receiveCount: 1, redelivered: false }])
    const [copy] = copies
    if (copy === undefined) throw new Error('nothing was received')
    expect(await delivery.claimChecks.open(copy.message, 'v')).toEqual(envelopeOf(published))
    expect(Math.abs(copy.sentAtMs - Date.now())).toBeLessThan(60_000)
    expect(copy.firstReceivedAtMs).toBeGreaterThanOrEqual(copy.sentAtMs)
  })

  it('arrives beside nine others, each of the largest size', async () => {
    const queue = await newQueue()
    const payload = Buffer.alloc(1_040_000, 'x')
    const encoded = await delivery.claimChecks.encode(envelopeOf(message(payload)), { vhostId: 'v' })
    const outcomes = await delivery.sender.send(
      Array.from({ length: 10 }, () => ({ sqsQueueName: queue, message: encoded })),
    )
    expect(outcomes.every(({ status }) => status === 'sent')).toBe(true)
    expect(await countsOf(queue)).toMatchObject({ ready: 10 })
  })

  it('at the limit of what goes into SQS is taken by SQS', async () => {
    const queue = await newQueue()
    const { sizeBytes } = encodeInline(envelopeOf(message('x')))
    const payload = Buffer.alloc(1_048_576 - 2048 - sizeBytes + 1, 'x')
    const encoded = await delivery.claimChecks.encode(envelopeOf(message(payload)), { vhostId: 'v' })
    expect(encoded.body.length).toBe(payload.length)
    const copyAttribute = encodeCopy({ publishId: 'p'.repeat(43), queueId: 'q'.repeat(26), hop: 256 })
    expect(await delivery.sender.send([{ sqsQueueName: queue, message: encoded, copyAttribute }])).toEqual([
      { status: 'sent' },
    ])
  })

  it('without any attribute, as a raw SQS sender makes it, reads as published by the name of its queue', async () => {
    const queue = await newQueue()
    await delivery.sender.send([{ sqsQueueName: queue, message: { body: 'raw', sizeBytes: 3 } }])
    const { copies } = await receive(queue)
    expect(copies).toMatchObject([{ message: { exchange: '', routingKey: 'orders: new' }, stored: { body: 'raw' } }])
    expect(copies[0]).not.toHaveProperty('identity')
  })

  it('comes back redelivered once it is made visible, and not once it is deleted', async () => {
    const queue = await newQueue()
    await sendTexts(queue, ['a'])
    const { copies: first } = await receive(queue)
    const changes = first.map(({ receiptHandle }) => ({ receiptHandle, visibilityS: 0 }))
    expect(await delivery.receiver.changeVisibilityBatch(queue, changes)).toEqual([{ status: 'done' }])
    const { copies: second } = await receive(queue)
    expect(second).toMatchObject([{ receiveCount: 2, redelivered: true }])
    const handles = second.map(({ receiptHandle }) => receiptHandle)
    expect(await delivery.receiver.deleteBatch(queue, handles)).toEqual([{ status: 'done' }])
    expect(
      await delivery.receiver.changeVisibilityBatch(queue, [{ receiptHandle: handles[0] ?? '', visibilityS: 0 }]),
    ).toEqual([{ status: 'gone' }])
    expect((await receive(queue)).copies).toEqual([])
  })

  it('goes to a queue once, however often it is sent to a FIFO queue', async () => {
    const queue = await newQueue(true)
    const copy = copyOf(queue, 'a', { groupId: 'g', deduplicationId: 'p/q/0' })
    await delivery.sender.send([copy])
    await delivery.sender.send([copy, { ...copy, deduplicationId: 'p/q/1' }])
    expect(await countsOf(queue)).toMatchObject({ ready: 2 })
  })

  it('keeps its place in its FIFO group among many', async () => {
    const queue = await newQueue(true)
    const list = texts('m', 30).map((text, index) =>
      copyOf(queue, text, { groupId: `g${index % 3}`, deduplicationId: text }),
    )
    const outcomes = await delivery.sender.send(list)
    expect(outcomes.every(({ status }) => status === 'sent')).toBe(true)
    const { copies } = await receive(queue, 30)
    for (const group of ['g0', 'g1', 'g2']) {
      const wanted = list.filter((copy) => copy.groupId === group).map((copy) => copy.message.body)
      const found = copies.filter((copy) => copy.groupId === group).map((copy) => copy.stored.body)
      expect(found).toEqual(wanted.slice(0, found.length))
    }
  })

  it('has nowhere to go in a queue that was deleted', async () => {
    const queue = await newQueue()
    await delivery.queues.delete(queue)
    expect(await sendTexts(queue, ['a'])).toEqual([{ status: 'missing-queue' }])
    await expect(receive(queue)).rejects.toMatchObject({ name: 'MissingQueueError' })
  })
})

describe('a purge', () => {
  it('removes what is ready and says how much', async () => {
    const queue = await newQueue()
    await sendTexts(queue, texts('old', 137))
    expect(await delivery.purge(queue, 20_000)).toEqual({ purgedCount: 137, isEmpty: true })
    expect(await countsOf(queue)).toMatchObject({ ready: 0, unacknowledged: 0 })
  })

  it('removes what is ready in a FIFO queue, group after group', async () => {
    const queue = await newQueue(true)
    await delivery.sender.send(
      texts('old', 45).map((text, index) => copyOf(queue, text, { groupId: `g${index % 2}`, deduplicationId: text })),
    )
    expect(await delivery.purge(queue, 20_000)).toEqual({ purgedCount: 45, isEmpty: true })
  })

  it('leaves what was sent after it began, ready for others', async () => {
    const queue = await newQueue()
    await sendTexts(queue, texts('old', 12))
    const startMs = Date.now() + aheadMs
    aheadMs += 1000
    await sendTexts(queue, texts('new', 12))
    const options = { budgetMs: 20_000, fullPollWaitS: 0 }
    const purged = await purge(delivery.receiver, { wallMs: () => startMs }, queue, options)
    expect(purged).toEqual({ purgedCount: 12, isEmpty: true })
    expect(await bodiesIn(queue)).toEqual(texts('new', 12).sort())
  })

  it('leaves what consumers hold', async () => {
    const queue = await newQueue()
    await sendTexts(queue, ['a', 'b', 'c'])
    const { copies } = await receive(queue, 1)
    expect(await delivery.purge(queue, 20_000)).toEqual({ purgedCount: 2, isEmpty: true })
    const changes = copies.map(({ receiptHandle }) => ({ receiptHandle, visibilityS: 0 }))
    expect(await delivery.receiver.changeVisibilityBatch(queue, changes)).toEqual([{ status: 'done' }])
  })

  it('stops when its time is up and says that there is more', async () => {
    const queue = await newQueue()
    await sendTexts(queue, ['a'])
    expect(await delivery.purge(queue, 0)).toEqual({ purgedCount: 0, isEmpty: false })
  })

  it('fails where the queue is missing', async () => {
    await expect(delivery.purge('leveret-test-missing', 1000)).rejects.toMatchObject({ name: 'MissingQueueError' })
  })
})

describe('the SQS client', () => {
  it('gives up on a request in time, but lets a long poll last', async () => {
    const sqs = openSqs({ ...AWS, endpoints: { sqs: server.endpoint } }, 200)
    const queue = await newQueue()
    const QueueUrl = delivery.queues.urlOf(queue)
    await expect(sqs.receiveMessage({ QueueUrl, WaitTimeSeconds: 1 })).resolves.toEqual([])
    sqs.close()
  })

  it('tries a request that hangs three times and then fails it as worth a repetition', async () => {
    let requests = 0
    const hanging = createServer(() => {
      requests += 1
    })
    await new Promise<void>((resolve) => hanging.listen(0, '127.0.0.1', resolve))
    const { port } = hanging.address() as AddressInfo
    const sqs = openSqs({ ...AWS, endpoints: { sqs: `http://127.0.0.1:${port}` } }, 50)
    await expect(sqs.getQueueAttributes('http://127.0.0.1/q', ['All'])).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(requests).toBe(3)
    sqs.close()
    hanging.closeAllConnections()
    await new Promise((resolve) => hanging.close(resolve))
  })

  it('ends a long poll when it is told to', async () => {
    const queue = await newQueue()
    const controller = new AbortController()
    const options = { queueName: 'q', max: 1, waitS: 20, visibilityS: 30, signal: controller.signal }
    const waiting = delivery.receiver.receive(queue, options)
    controller.abort()
    expect(await waiting).toEqual({ copies: [], undecodable: [] })
  })
})

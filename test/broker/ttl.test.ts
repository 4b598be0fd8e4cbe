import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { deadLetterRecords } from '../../lib/broker/dead-letter-records.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { publishBatch } from '../../lib/broker/publish-batch.ts'
import { rearmSweeps } from '../../lib/broker/rearm-sweeps.ts'
import { relay } from '../../lib/broker/relay.ts'
import { sweepQueues } from '../../lib/broker/sweep.ts'
import { internalQueueName } from '../../lib/config.ts'
import { openSqs } from '../../lib/delivery/sqs-client.ts'
import { toSqsEvent } from '../../lib/local/sqs-event.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
/** What was put into the sweep queue, and for how long SQS hides each. */
let looks: { body: string; delayS: number }[]

beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  looks = []
  faulty.stoppedAtMs = Date.now()
  faulty.aheadMs = 0
  faulty.fault = watch
})

function watch(method: string, input: unknown): void {
  const { QueueUrl = '', Entries = [] } = input as {
    QueueUrl?: string
    Entries?: { MessageBody: string; DelaySeconds?: number }[]
  }
  if (method !== 'sendMessageBatch' || !QueueUrl.endsWith('-sweep')) return
  looks.push(...Entries.map(({ MessageBody, DelaySeconds = 0 }) => ({ body: MessageBody, delayS: DelaySeconds })))
}

let count = 0

async function newQueue(args: AmqpTable = {}): Promise<string> {
  count += 1
  const name = `ttl-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  return name
}

/** A queue whose dead messages come to another. */
async function withDeadLetters(args: AmqpTable = {}): Promise<{ queue: string; dead: string }> {
  const dead = await newQueue()
  const queue = await newQueue({ ...args, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead })
  return { queue, dead }
}

const send = async (queue: string, payload: string, expiration?: string) =>
  publish(await faulty.session(), {
    exchange: '',
    routingKey: queue,
    properties: expiration === undefined ? {} : { expiration },
    payload: Buffer.from(payload),
  })

async function got(queue: string) {
  const input = { queue, count: 100, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
  return (await getMessages(await faulty.session(), input)).map(({ message }) => message)
}

const payloads = async (queue: string) => (await got(queue)).map(({ payload }) => Buffer.from(payload).toString())

/** What the sweep queue holds comes out. */
async function look(): Promise<readonly string[]> {
  return sweepQueues(
    faulty.broker,
    looks.splice(0).map(({ body }, index) => ({ id: String(index), body })),
  )
}

/** What SQS took out because it was received too often reaches the function of dead letters. */
async function passOnDead(): Promise<void> {
  const { config, broker } = faulty
  const QueueUrl = broker.delivery.queues.urlOf(internalQueueName(config, 'dead'))
  const sqs = openSqs(config.aws)
  const messages = await sqs.receiveMessage({
    QueueUrl,
    MaxNumberOfMessages: 10,
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  })
  const { Records: records } = toSqsEvent(messages, '')
  expect(await deadLetterRecords(broker, records)).toEqual([])
  for (const { receiptHandle } of records) {
    await sqs.deleteMessageBatch({ QueueUrl, Entries: [{ Id: '0', ReceiptHandle: receiptHandle }] })
  }
  sqs.close()
}

describe('a message that expires', () => {
  test('goes to the dead-letter exchange after the TTL of its queue, with no consumer', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 10_000 })
    await send(queue, 'x')
    expect(looks).toMatchObject([{ delayS: expect.closeTo(10, -1) }])
    faulty.aheadMs = 11_500
    expect(await look()).toEqual([])
    expect(await got(queue)).toEqual([])
    expect(await got(dead)).toMatchObject([
      {
        properties: {
          headers: {
            'x-death': [{ count: 1, reason: 'expired', queue }],
            'x-first-death-reason': 'expired',
          },
        },
      },
    ])
  })

  test('is no empty answer for those behind it, where a get has no time to come to them', async () => {
    const { queue, dead } = await withDeadLetters()
    for (let sent = 0; sent < 10; sent += 1) await send(queue, 'over', '1000')
    await send(queue, 'good')
    faulty.aheadMs = 2_000
    const session = await faulty.session()
    const late = { ...session, arrival: { ...session.arrival, monotonicMs: session.arrival.monotonicMs - 22_000 } }
    const input = { queue, count: 10, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
    await expect(getMessages(late, input)).rejects.toMatchObject({
      kind: 'unavailable',
      message: `queue '${queue}' is still being cleared of messages that have expired`,
    })
    expect(await payloads(dead)).toHaveLength(10)
    expect(await payloads(queue)).toEqual(['good'])
  })

  test('goes too where the relay brings it after the looks for it are over', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 10_000 })
    const relayed: string[] = []
    faulty.fault = (method, input) => {
      watch(method, input)
      if (method !== 'sendMessageBatch') return
      const { QueueUrl, Entries } = input as { QueueUrl: string; Entries: { MessageBody: string }[] }
      if (QueueUrl.endsWith('-relay')) relayed.push(...Entries.map(({ MessageBody }) => MessageBody))
      else if (!QueueUrl.endsWith('-sweep')) throw Object.assign(new Error(), { name: 'ServiceUnavailable' })
    }
    await send(queue, 'x')
    faulty.fault = watch
    for (const aheadMs of [11_500, 73_000, 135_000]) {
      faulty.aheadMs = aheadMs
      await look()
    }
    expect(looks).toEqual([])
    await relay(
      faulty.broker,
      relayed.map((body) => ({ id: 'r', body })),
    )
    faulty.aheadMs += 2500
    await look()
    expect(await payloads(dead)).toEqual(['x'])
  })

  test('goes after its own expiration where that is shorter, and keeps it in its history only', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 60_000 })
    await send(queue, 'x', '5000')
    faulty.aheadMs = 6500
    await look()
    const [message] = await got(dead)
    expect(message?.properties.expiration).toBeUndefined()
    expect(message?.properties.headers?.['x-death']).toMatchObject([{ 'original-expiration': '5000' }])
  })

  test('goes after the TTL of its queue where its own is longer', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 5000 })
    await send(queue, 'x', '60000')
    faulty.aheadMs = 6500
    await look()
    expect(await payloads(dead)).toEqual(['x'])
  })

  test('with a TTL of 0 goes at once', async () => {
    const { queue, dead } = await withDeadLetters()
    await send(queue, 'x', '0')
    expect(await payloads(queue)).toEqual([])
    expect(await payloads(dead)).toEqual(['x'])
  })

  test('is dropped where its queue has no dead-letter exchange', async () => {
    const queue = await newQueue({ 'x-message-ttl': 1000 })
    await send(queue, 'x')
    faulty.aheadMs = 2500
    await look()
    faulty.aheadMs = 0
    expect(await payloads(queue)).toEqual([])
  })

  test('does not go early, and those that never expire stay', async () => {
    const { queue, dead } = await withDeadLetters()
    for (const [payload, expiration] of [['stays'], ['later', '60000'], ['now', '1000']] as const) {
      await send(queue, payload, expiration)
    }
    faulty.aheadMs = 2500
    await look()
    expect(await payloads(dead)).toEqual(['now'])
    expect((await payloads(queue)).sort()).toEqual(['later', 'stays'])
  })

  test('is never handed out, also where nobody has looked for it', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 1000 })
    await send(queue, 'x')
    faulty.aheadMs = 1001
    expect(await payloads(queue)).toEqual([])
    expect(await payloads(dead)).toEqual(['x'])
  })

  test('stays while its dead-letter queue cannot be reached, and goes later', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 1000 })
    await send(queue, 'x')
    faulty.aheadMs = 2500
    faulty.fault = (method, input) => {
      watch(method, input)
      const { QueueUrl = '' } = input as { QueueUrl?: string }
      if (method === 'sendMessageBatch' && !QueueUrl.endsWith('-sweep')) throw new Error('planted')
    }
    await look()
    faulty.fault = watch
    // Not at once: as long as it cannot be reached that would be without end.
    expect(looks).toMatchObject([{ delayS: expect.closeTo(60, -1) }])
    faulty.aheadMs = 63_500
    await look()
    expect(await payloads(dead)).toEqual(['x'])
  })

  test('of a FIFO queue goes in the order of its group', async () => {
    const dead = await newQueue({ 'x-single-active-consumer': true })
    const queue = await newQueue({
      'x-single-active-consumer': true,
      'x-message-ttl': 1000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
    })
    for (const payload of ['1', '2', '3']) await send(queue, payload)
    faulty.aheadMs = 2500
    await look()
    expect(await payloads(dead)).toEqual(['1', '2', '3'])
  })

  test('waits from one queue to the next, as often as the pattern of retries wants', async () => {
    count += 1
    const [work, wait] = [`work-${count}`, `wait-${count}`]
    const declare = async (name: string, args: AmqpTable) =>
      declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
    await declare(work, { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': wait })
    await declare(wait, { 'x-message-ttl': 1000, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': work })
    await send(work, 'x')
    const reject = { count: 1, ackMode: 'reject_requeue_false', waitS: 0, encodedSizeOf: () => 1 } as const
    for (let round = 1; round <= 25; round += 1) {
      const [message] = await getMessages(await faulty.session(), { ...reject, queue: work })
      expect(message, `round ${round}`).toBeDefined()
      faulty.aheadMs += 2500
      await look()
    }
    const [message] = await got(work)
    expect(message?.properties.headers?.['x-death']).toMatchObject([
      { queue: wait, reason: 'expired', count: 25 },
      { queue: work, reason: 'rejected', count: 25 },
    ])
  })
})

describe('a queue in which messages may expire', () => {
  test('is marked once for many publishes of one TTL', async () => {
    const queue = await newQueue({ 'x-message-ttl': 60_000 })
    for (let index = 0; index < 5; index += 1) await send(queue, String(index))
    expect(looks).toHaveLength(1)
  })

  test('is looked at earlier when something expires earlier', async () => {
    const queue = await newQueue({ 'x-message-ttl': 60_000 })
    await send(queue, 'slow')
    await send(queue, 'fast', '2000')
    expect(looks.map(({ delayS }) => delayS)).toEqual([expect.closeTo(60, -1), expect.closeTo(2, 0)])
  })

  test('is looked at again when the next message expires, and no more once it is empty', async () => {
    const queue = await newQueue()
    await send(queue, 'first', '1000')
    await send(queue, 'second', '600000')
    faulty.aheadMs = 2500
    await look()
    expect(looks).toMatchObject([{ delayS: expect.closeTo(598, -1) }])
    faulty.aheadMs = 602_000
    await look()
    expect(looks).toMatchObject([{ delayS: expect.closeTo(60, -1) }])
    faulty.aheadMs = 664_000
    await look()
    expect(looks).toEqual([])
  })

  test('is looked through whole, however many messages have expired', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 1000 })
    const entries = Array.from({ length: 250 }, (_, index) => ({
      routingKey: queue,
      properties: {},
      payload: Buffer.from(String(index)),
    }))
    await publishBatch(await faulty.session(), '', entries)
    faulty.aheadMs = 2500
    await look()
    const numbers = [...(await payloads(dead)), ...(await payloads(dead)), ...(await payloads(dead))].map(Number)
    expect(numbers.sort((left, right) => left - right)).toEqual(entries.map((_, index) => index))
  })

  test('of 5,000 messages is emptied in a few looks, each bounded, while a consumer takes what is left', async () => {
    const { queue, dead } = await withDeadLetters()
    const entries = Array.from({ length: 1000 }, (_, index) => ({
      routingKey: queue,
      // Every tenth never expires.
      properties: index % 10 === 0 ? {} : { expiration: '30000' },
      payload: Buffer.from('x'),
    }))
    for (let batch = 0; batch < 5; batch += 1) await publishBatch(await faulty.session(), '', entries)
    faulty.aheadMs = 120_000
    const consumed: unknown[] = []
    let lookCount = 0
    for (let minute = 0; minute < 12 && looks.length > 0; minute += 1) {
      lookCount += looks.length
      await Promise.all([look(), got(queue).then((messages) => consumed.push(...messages))])
      faulty.aheadMs += 61_000
    }
    expect(lookCount).toBeLessThan(15)
    const countOf = async (name: string) => {
      const sqsName = (await faulty.session()).vhost.queueByName(name)?.sqsQueues[0]?.name ?? ''
      const counts = await faulty.broker.delivery.counter.countNow(sqsName)
      return counts.state === 'running' ? counts.ready + counts.unacknowledged : 0
    }
    expect(await countOf(dead)).toBe(4500)
    expect((await countOf(queue)) + consumed.length).toBe(500)
  }, 60_000)

  test('is not held up by one message that cannot be read', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 1000 })
    const { claimChecks } = faulty.broker.delivery
    const open = claimChecks.open.bind(claimChecks)
    for (let index = 0; index < 40; index += 1) await send(queue, index === 0 ? 'unreadable' : 'x')
    faulty.aheadMs = 2500
    try {
      claimChecks.open = async (decoded, vhostId) => {
        const envelope = await open(decoded, vhostId)
        if (Buffer.from(envelope.message.payload).toString() === 'unreadable') throw new Error('planted')
        return envelope
      }
      await look()
      expect(looks).toMatchObject([{ delayS: expect.closeTo(60, -1) }])
    } finally {
      claimChecks.open = open
    }
    expect(await payloads(dead)).toHaveLength(39)
  })

  test('is not sent to when it cannot be marked', async () => {
    const queue = await newQueue({ 'x-message-ttl': 1000 })
    faulty.fault = (method, input) => {
      const { QueueUrl = '' } = input as { QueueUrl?: string }
      if (method === 'sendMessageBatch' && QueueUrl.endsWith('-sweep')) throw new Error('planted')
    }
    await expect(send(queue, 'x')).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.fault = watch
    expect(await payloads(queue)).toEqual([])
  })

  test('is looked at ever more rarely while nothing in its backlog expires', async () => {
    const queue = await newQueue()
    for (let index = 0; index < 30; index += 1) await send(queue, String(index))
    await send(queue, 'x', '1000')
    await send(queue, 'much later', '900000000')
    const delays: number[] = []
    for (let round = 0; round < 10; round += 1) {
      faulty.aheadMs += ((delays.at(-1) ?? 1) + 1.5) * 1000
      await look()
      delays.push(...looks.map(({ delayS }) => delayS))
      expect(looks).toHaveLength(1)
    }
    expect(delays.slice(-2)).toEqual([900, 900])
    expect(delays.every((delayS, index) => delayS >= Math.min(60, delays[index - 1] ?? 0))).toBe(true)
  })

  test('is looked at on where a FIFO queue hands out nothing behind the first ten of a group', async () => {
    const queue = await newQueue({ 'x-single-active-consumer': true })
    for (let index = 0; index < 11; index += 1) await send(queue, String(index))
    await send(queue, 'x', '1000')
    faulty.aheadMs = 2500
    for (let round = 0; round < 3; round += 1) {
      await look()
      expect(looks).toHaveLength(1)
      faulty.aheadMs += 600_000
    }
  })

  test('keeps a message that was only looked at, however often', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-queue-type': 'quorum', 'x-delivery-limit': 2 })
    await send(queue, 'stays')
    const died: string[] = []
    for (let round = 0; round < 40; round += 1) {
      await send(queue, 'x', '1000')
      faulty.aheadMs += 2500
      await look()
      died.push(...(await payloads(dead)))
      await passOnDead()
    }
    // The last receive may be the one at which SQS takes it out; then it comes back.
    const got = await payloads(queue)
    await passOnDead()
    died.push(...(await payloads(dead)))
    expect([...got, ...(await payloads(queue))]).toEqual(['stays'])
    expect(died.filter((payload) => payload !== 'x')).toEqual([])
  })

  test('lets a message die that was delivered more often than its limit, though it is looked through', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-queue-type': 'quorum', 'x-delivery-limit': 2 })
    await send(queue, 'x', '900000000')
    const putBack = { queue, count: 1, ackMode: 'reject_requeue_true', waitS: 0, encodedSizeOf: () => 1 } as const
    let deliveries = 0
    let died: string[] = []
    for (let round = 0; round < 30 && died.length === 0; round += 1) {
      deliveries += (await getMessages(await faulty.session(), putBack)).length
      if (round % 3 === 2) {
        faulty.aheadMs += 900_000
        await look()
      }
      await passOnDead()
      died = await payloads(dead)
    }
    expect(died).toEqual(['x'])
    expect(deliveries).toBeGreaterThan(2)
    expect(deliveries).toBeLessThan(15)
  })

  test('is marked again by the clock when its look was lost', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 1000 })
    await send(queue, 'x')
    looks = []
    for (const minutes of [4, 5, 6, 7]) {
      faulty.aheadMs = minutes * 60_000
      await rearmSweeps(faulty.broker)
    }
    faulty.aheadMs += 2000
    await look()
    expect(await payloads(dead)).toEqual(['x'])
  })

  test('is forgotten when it is deleted', async () => {
    const queue = await newQueue({ 'x-message-ttl': 1000 })
    await send(queue, 'x')
    await deleteQueue(await faulty.session(), { name: queue, ifEmpty: false })
    faulty.aheadMs = 2500
    expect(await look()).toEqual([])
    expect(looks).toEqual([])
  })

  test('with a TTL longer than SQS can delay is looked at in time all the same', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 3_600_000 })
    await send(queue, 'x')
    expect(looks).toMatchObject([{ delayS: 900 }])
    for (const minutes of [15, 30, 45]) {
      faulty.aheadMs = minutes * 60_000
      await look()
      expect(looks).toMatchObject([{ delayS: 900 }])
    }
    faulty.aheadMs = 3_602_000
    await look()
    expect(await payloads(dead)).toEqual(['x'])
  })
})

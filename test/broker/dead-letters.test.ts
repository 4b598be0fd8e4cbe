import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { changePolicies } from '../../lib/broker/change-policies.ts'
import { deadLetter, MAX_IDLE_HOPS } from '../../lib/broker/dead-letter.ts'
import { deadLetterRecords } from '../../lib/broker/dead-letter-records.ts'
import type { DeadRecord } from '../../lib/broker/dead-record.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { openDeadLetters } from '../../lib/broker/open-dead-letters.ts'
import { internalQueueName } from '../../lib/config.ts'
import { COPY_ATTRIBUTE, encodeCopy } from '../../lib/delivery/copy.ts'
import { DEATH_ATTRIBUTE, encodeDeathNote } from '../../lib/delivery/death-note.ts'
import { encodeInline, envelopeOf, MESSAGE_ATTRIBUTE } from '../../lib/delivery/envelope.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import type { Message } from '../../lib/model/message.ts'
import type { Queue } from '../../lib/model/queue.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  faulty.fault = () => undefined
})

let count = 0
async function queue(args: AmqpTable = {}): Promise<Queue> {
  count += 1
  const name = `queue-${count}`
  await declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })
  return found(name)
}

async function found(name: string): Promise<Queue> {
  const declared = (await faulty.session()).vhost.queueByName(name)
  if (!declared) throw new Error(`queue ${name} is missing`)
  return declared
}

/** Of a queue that counts deliveries. */
const limited = { 'x-queue-type': 'quorum' }

const dlx = (to: Queue) => ({ ...limited, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': to.name })

async function get({ name }: Queue): Promise<string[]> {
  const input = { queue: name, count: 100, ackMode: 'ack_requeue_false', waitS: 0, encodedSizeOf: () => 100 } as const
  return (await getMessages(await faulty.session(), input)).map(({ message }) => String(message.payload))
}

const messageOf = (payload: string): Message => ({
  exchange: '',
  routingKey: 'key',
  properties: {},
  payload: Buffer.from(payload),
})

interface RecordOptions {
  readonly groupId?: string
  readonly source?: string
  readonly copyAttribute?: string
  readonly note?: string
}

let recordCount = 0
/** What SQS hands to function dead-letter of a message that was in this queue. */
function recordOf(of: Queue, payload: string, options: RecordOptions = {}): DeadRecord {
  recordCount += 1
  const { body, attribute = '' } = encodeInline(envelopeOf(messageOf(payload)))
  const {
    source = of.sqsQueues[0]?.name,
    copyAttribute = encodeCopy({ publishId: `publish-${recordCount}`, queueId: of.id, hop: 0 }),
    groupId,
    note,
  } = options
  return {
    messageId: `message-${recordCount}`,
    body,
    attributes: {
      ApproximateReceiveCount: '22',
      ...(source !== undefined && { DeadLetterQueueSourceArn: `arn:aws:sqs:us-east-1:000000000000:${source}` }),
      ...(groupId !== undefined && { MessageGroupId: groupId }),
    },
    messageAttributes: {
      [MESSAGE_ATTRIBUTE]: { stringValue: attribute },
      [COPY_ATTRIBUTE]: { stringValue: copyAttribute },
      ...(note !== undefined && { [DEATH_ATTRIBUTE]: { stringValue: note } }),
    },
  }
}

const passOn = (...records: DeadRecord[]) => deadLetterRecords(faulty.broker, records)

/** Lets sends to an SQS queue fail, so that not even the relay takes them. */
function failSendsTo(...targets: (string | undefined)[]): void {
  faulty.fault = (method, input) => {
    const { QueueUrl = '' } = input as { QueueUrl?: string }
    if (method === 'sendMessageBatch' && targets.some((target) => target && QueueUrl.endsWith(target))) {
      throw Object.assign(new Error('SQS is out of order'), { $retryable: {} })
    }
  }
}

describe('a record of dead', () => {
  test('is passed on to the dead-letter exchange of the queue that SQS names', async () => {
    const dead = await queue()
    const work = await queue(dlx(dead))
    expect(await passOn(recordOf(work, 'x'))).toEqual([])
    expect(await get(dead)).toEqual(['x'])
  })

  test('of a queue that SQS does not name is of the queue that its copy was for', async () => {
    const dead = await queue()
    const work = await queue(dlx(dead))
    expect(await passOn(recordOf(work, 'x', { source: internalQueueName(faulty.config, 'dead') }))).toEqual([])
    expect(await get(dead)).toEqual(['x'])
  })

  test('that something other than Leveret had sent is passed on as well', async () => {
    const dead = await queue()
    const work = await queue(dlx(dead))
    const raw = { ...recordOf(work, 'raw'), messageAttributes: {} }
    expect(await passOn(raw)).toEqual([])
    expect(await get(dead)).toEqual(['raw'])
  })

  test('stays where its queue is not known, cannot be read, or cannot be sent on', async () => {
    const dead = await queue()
    const work = await queue(dlx(dead))
    const unknown = recordOf({ ...work, id: 'gone' }, 'x', { source: 'leveret-test-gone-0123456789' })
    const newer = recordOf(work, 'x', { copyAttribute: '{"v":99}' })
    const noted = recordOf(work, 'x', { note: '{"reason":"boredom"}' })
    expect(await passOn(unknown, newer, noted)).toEqual([unknown.messageId, newer.messageId, noted.messageId])
    failSendsTo(dead.sqsQueues[0]?.name, internalQueueName(faulty.config, 'relay'))
    const late = recordOf(work, 'late')
    expect(await passOn(late)).toEqual([late.messageId])
    faulty.fault = () => undefined
    expect(await passOn(late)).toEqual([])
    expect(await get(dead)).toEqual(['late'])
  })

  test('of a FIFO group holds up those behind it of its group, and no others', async () => {
    const dead = await queue({ 'x-fifo-group': 'queue' })
    const work = await queue({ ...dlx(dead), 'x-fifo-group': 'routing-key' })
    const bad = recordOf(work, 'bad', { groupId: 'one', copyAttribute: '{"v":99}' })
    const behind = recordOf(work, 'behind', { groupId: 'one' })
    const other = recordOf(work, 'other', { groupId: 'two' })
    expect(await passOn(bad, other, behind)).toEqual([bad.messageId, behind.messageId])
    expect(await get(dead)).toEqual(['other'])
  })

  test('that is handed over twice reaches a FIFO queue once', async () => {
    const dead = await queue({ 'x-fifo-group': 'queue' })
    const work = await queue({ ...dlx(dead), 'x-fifo-group': 'queue' })
    const record = recordOf(work, 'once', { groupId: 'queue' })
    expect(await passOn(record)).toEqual([])
    expect(await passOn(record)).toEqual([])
    expect(await get(dead)).toEqual(['once'])
  })

  test('that a door has left there dies for the reason of its note', async () => {
    const work = await queue()
    const { vhost } = await faulty.session()
    const note = encodeDeathNote({ vhostId: vhost.id, queueId: work.id, reason: 'rejected' })
    expect(await passOn(recordOf(work, 'x', { note, source: 'somewhere' }))).toEqual([])
    expect(await keptIn(work)).toMatchObject([{ properties: { headers: { 'x-last-death-reason': 'rejected' } } }])
  })
})

/** What a queue keeps of dead letters; they stay visible. */
async function keptIn({ name }: Queue) {
  const { deadLetters } = await found(name)
  if (!deadLetters) return []
  const options = { queueName: name, max: 1, waitS: 0, visibilityS: 0 }
  const { copies } = await faulty.broker.delivery.receiver.receive(deadLetters.name, options)
  return copies.map(({ message }) => message)
}

describe('a record of dead whose queue was deleted', () => {
  const remove = async ({ name }: Queue) => deleteQueue(await faulty.session(), { name, ifEmpty: false })

  test('goes where the queue would have had it go in the end, and nothing of it to a queue of that name', async () => {
    const [first, last] = [await queue(), await queue()]
    const work = await queue(limited)
    const policy = (to: Queue) => ({
      name: 'of-the-work',
      pattern: `^${work.name}$`,
      applyTo: 'queues',
      definition: { 'dead-letter-exchange': '', 'dead-letter-routing-key': to.name },
      priority: 0,
    })
    for (const to of [first, last]) {
      await changePolicies(await faulty.session(), { type: 'set-policy', policy: policy(to) })
    }
    await remove(work)
    await changePolicies(await faulty.session(), { type: 'delete-policy', name: 'of-the-work' })
    const again = { name: work.name, durable: true, autoDelete: false, arguments: dlx(first) }
    await declareQueue(await faulty.session(), again)
    expect(await passOn(recordOf(work, 'x'))).toEqual([])
    expect(await get(last)).toEqual(['x'])
    expect(await get(first)).toEqual([])
  })

  test('is gone with the queue where it was to be kept, or had not died', async () => {
    const kept = await queue(limited)
    const living = await queue(dlx(kept))
    const classic = await queue({ 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': living.name })
    const { id } = (await faulty.session()).vhost
    const note = encodeDeathNote({ vhostId: id, queueId: kept.id, reason: 'rejected' })
    await remove(kept)
    await remove(classic)
    const own = internalQueueName(faulty.config, 'dead')
    const records = [recordOf(kept, 'x'), recordOf(kept, 'y', { note }), recordOf(kept, 'z', { source: own })]
    expect(await passOn(...records, recordOf(classic, 'received a thousand times'))).toEqual([])
    expect(await get(living)).toEqual([])
  })

  test('stays where only its copy says so, and it was in an SQS queue that nobody knows', async () => {
    const kept = await queue(limited)
    await remove(kept)
    const record = recordOf(kept, 'x', { source: 'somebody-elses' })
    expect(await passOn(record)).toEqual([record.messageId])
  })
})

describe('the place for dead letters', () => {
  test('is one, however many make it at once, and no SQS queue is left over', async () => {
    const work = await queue()
    const session = await faulty.session()
    const opened = await Promise.all([1, 2, 3].map(() => openDeadLetters(session, work)))
    const names = new Set(opened.map(({ deadLetters }) => deadLetters?.name))
    expect(names).toEqual(new Set([(await found(work.name)).deadLetters?.name]))
    const intents = await faulty.broker.journals.intents.olderThan(-1)
    expect(intents.filter(({ state }) => state !== 'ended')).toEqual([])
  })

  test('that cannot be made leaves the message where it is', async () => {
    const work = await queue(limited)
    faulty.fault = (method) => {
      if (method === 'createQueue') throw new Error('SQS is out of order')
    }
    const record = recordOf(work, 'x')
    expect(await passOn(record)).toEqual([record.messageId])
    faulty.fault = () => undefined
    expect(await passOn(record)).toEqual([])
    expect(await keptIn(work)).toHaveLength(1)
  })
})

describe('a chain of deaths without a delivery', () => {
  test.each([
    [MAX_IDLE_HOPS - 1, 'published', 1],
    [MAX_IDLE_HOPS, 'kept', 0],
  ])('of %i is %s', async (idleHops, _what, deliveredCount) => {
    const next = await queue()
    const work = await openDeadLetters(await faulty.session(), await queue(dlx(next)))
    const copy = {
      envelope: envelopeOf(messageOf('x')),
      identity: { publishId: 'p', queueId: work.id, hop: 300, idleHops },
    }
    expect(await deadLetter(await faulty.session(), work, [copy], 'expired')).toEqual([undefined])
    expect(await get(next)).toHaveLength(deliveredCount)
    expect(await keptIn(work)).toHaveLength(1 - deliveredCount)
  })

  test('begins anew with a delivery', async () => {
    const next = await queue()
    const work = await queue(dlx(next))
    const identity = { publishId: 'q', queueId: work.id, hop: 300, idleHops: MAX_IDLE_HOPS }
    const copies = [{ envelope: envelopeOf(messageOf('x')), identity }]
    expect(await deadLetter(await faulty.session(), work, copies, 'rejected')).toEqual([undefined])
    expect(await get(next)).toEqual(['x'])
  })
})

test('what expires or finds no room without a dead-letter exchange is dropped', async () => {
  const work = await queue()
  const copies = [{ envelope: envelopeOf(messageOf('x')), identity: undefined }]
  for (const reason of ['expired', 'maxlen'] as const) {
    expect(await deadLetter(await faulty.session(), work, copies, reason)).toEqual([undefined])
  }
  expect((await found(work.name)).deadLetters).toBeUndefined()
})

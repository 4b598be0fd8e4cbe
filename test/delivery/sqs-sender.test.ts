import { InvalidMessageContents, RequestThrottled } from '@aws-sdk/client-sqs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeInline } from '../../lib/delivery/envelope.ts'
import { type Copy, SqsSender } from '../../lib/delivery/sqs-sender.ts'
import { attributeSizeBytes } from '../../lib/delivery/sqs-text.ts'
import { type Fault, type Script, type ScriptedSqs, scriptedSqs } from './scripted-sqs.ts'
import { message, testClock } from './support.ts'

function setUp(script: Script = {}) {
  const sqs = scriptedSqs(script)
  const clock = testClock()
  return { sqs, clock, sender: new SqsSender(sqs, (name) => name, clock) }
}

const copyOf = (sqsQueueName: string, text: string, more: Partial<Copy> = {}): Copy => ({
  sqsQueueName,
  message: encodeInline({ message: message(text), bccKeys: [] }),
  copyAttribute: '{}',
  ...more,
})

const fifoCopy = (groupId: string, text: string): Copy =>
  copyOf('q.fifo', text, { groupId, deduplicationId: `${groupId}-${text}` })

const bodies = (sqs: ScriptedSqs, queue: string) => (sqs.arrived.get(queue) ?? []).map((entry) => entry.MessageBody)

const copies = (queues: readonly string[], groups: readonly string[], sizes: fc.Arbitrary<number>) =>
  fc
    .array(fc.record({ queue: fc.constantFrom(...queues), group: fc.constantFrom(...groups), sizeBytes: sizes }), {
      minLength: 1,
      maxLength: 40,
    })
    .map((list) =>
      list.map(({ queue, group, sizeBytes }, index) => {
        const text = `${index}:${'x'.repeat(sizeBytes)}`
        return queue.endsWith('.fifo')
          ? copyOf(queue, text, { groupId: group, deduplicationId: String(index) })
          : copyOf(queue, text)
      }),
    )

describe('sending', () => {
  it('makes exactly one call for one copy', async () => {
    const { sqs, clock, sender } = setUp()
    expect(await sender.send([copyOf('q', 'hello')])).toEqual([{ status: 'sent' }])
    expect(sqs.calls).toHaveLength(1)
    expect(sqs.calls[0]?.QueueUrl).toBe('q')
    expect(bodies(sqs, 'q')).toEqual(['hello'])
    expect(clock.sleepsMs).toEqual([])
  })

  it('makes no call for nothing', async () => {
    const { sqs, sender } = setUp()
    expect(await sender.send([])).toEqual([])
    expect(sqs.calls).toEqual([])
  })

  it('makes one call for each queue of a fan-out', async () => {
    const { sqs, sender } = setUp()
    await sender.send(['a', 'b', 'c'].map((queue) => copyOf(queue, 'hello')))
    expect(sqs.calls.map(({ QueueUrl }) => QueueUrl).sort()).toEqual(['a', 'b', 'c'])
  })

  it('sends each copy once, within the limits of SQS, in order within a FIFO group', async () => {
    const sizes = fc.oneof(fc.nat(50), fc.integer({ min: 200_000, max: 600_000 }))
    await fc.assert(
      fc.asyncProperty(copies(['a', 'b', 'f.fifo', 'g.fifo'], ['1', '2', '3'], sizes), async (list) => {
        const { sqs, sender } = setUp()
        const outcomes = await sender.send(list)
        expect(outcomes.every(({ status }) => status === 'sent')).toBe(true)
        const wanted = list.map(
          ({ sqsQueueName, message: { body } }) => `${sqsQueueName} ${body.length} ${body.slice(0, 9)}`,
        )
        const found = [...sqs.arrived].flatMap(([queue, entries]) =>
          entries.map(({ MessageBody: body = '' }) => `${queue} ${body.length} ${body.slice(0, 9)}`),
        )
        expect(found.toSorted()).toEqual(wanted.toSorted())
        for (const call of sqs.calls) expectWithinLimits(call.Entries ?? [])
        expectGroupsInOrder(sqs)
      }),
      { numRuns: 40 },
    )
  })

  it('says of each copy what became of it, whatever fails, and never sends past a failed one of its group', async () => {
    const failures = fc.dictionary(
      fc.nat(9).map(String),
      fc.constantFrom({ code: 'InternalError' }, { code: 'InvalidMessageContents', senderFault: true }),
    )
    const faults = fc.array(fc.oneof(fc.constant(undefined), failures, fc.constantFrom<Fault>('lost', 'refused')), {
      maxLength: 30,
    })
    await fc.assert(
      fc.asyncProperty(copies(['a', 'f.fifo'], ['1', '2'], fc.nat(20)), faults, async (list, script) => {
        const { sqs, sender } = setUp({ fault: (_input, index) => script[index] })
        const outcomes = await sender.send(list)
        const arrivedBodies = new Set([...sqs.arrived.values()].flat().map(({ MessageBody }) => MessageBody))
        for (const [index, { message: sent, groupId }] of list.entries()) {
          const outcome = outcomes[index]
          if (outcome?.status === 'sent') expect(arrivedBodies).toContain(sent.body)
          if (outcome?.status === 'failed' && !outcome.retriable) expect(arrivedBodies).not.toContain(sent.body)
          if (outcome?.status === 'sent' || groupId === undefined) continue
          const later = list.filter((copy, other) => other > index && copy.groupId === groupId)
          for (const copy of later) expect(arrivedBodies).not.toContain(copy.message.body)
        }
        expectGroupsInOrder(sqs)
      }),
      { numRuns: 200 },
    )
  })

  it('repeats only the entries that SQS throttled or failed to handle, with jitter', async () => {
    const script: (Fault | undefined)[] = [
      { 1: { code: 'InternalError' }, 2: { code: 'RequestThrottled', senderFault: true } },
    ]
    const { sqs, clock, sender } = setUp({ fault: (_input, index) => script[index] })
    const outcomes = await sender.send(['a', 'b', 'c', 'd'].map((text) => copyOf('q', text)))
    expect(outcomes.map(({ status }) => status)).toEqual(['sent', 'sent', 'sent', 'sent'])
    expect(bodies(sqs, 'q')).toEqual(['a', 'd', 'b', 'c'])
    expect(sqs.calls).toHaveLength(2)
    expect(clock.sleepsMs).toHaveLength(1)
  })

  it('gives up on an entry after a few attempts', async () => {
    const { sqs, sender } = setUp({ fault: () => ({ 0: { code: 'InternalError' } }) })
    expect(await sender.send([copyOf('q', 'a')])).toMatchObject([
      { status: 'failed', retriable: true, error: { code: 'InternalError' } },
    ])
    expect(sqs.calls).toHaveLength(4)
  })

  it('does not repeat an entry that SQS refuses', async () => {
    const { sqs, sender } = setUp({ fault: () => ({ 0: { code: 'InvalidMessageContents', senderFault: true } }) })
    const outcomes = await sender.send([copyOf('q', 'a'), copyOf('q', 'b')])
    expect(outcomes).toMatchObject([{ status: 'failed', retriable: false }, { status: 'sent' }])
    expect(sqs.calls).toHaveLength(1)
  })

  it('reports a connection that broke after the effect as failed and worth a repetition', async () => {
    const { sqs, sender } = setUp({ fault: () => 'lost' })
    expect(await sender.send([copyOf('q', 'a')])).toMatchObject([{ status: 'failed', retriable: true }])
    expect(bodies(sqs, 'q')).toEqual(['a'])
    expect(sqs.calls).toHaveLength(1)
  })

  it('tells a throttled call from a refused one', async () => {
    const errors = [
      new RequestThrottled({ $metadata: {}, message: 'slow down' }),
      new InvalidMessageContents({ $metadata: {}, message: 'bad characters' }),
    ]
    const outcomes = errors.map((error) => setUp({ fault: () => error }).sender.send([copyOf('q', 'a')]))
    expect((await Promise.all(outcomes)).flat()).toMatchObject([{ retriable: true }, { retriable: false }])
  })

  it('tells of a missing queue and reaches the others', async () => {
    const { sender } = setUp({ missingQueues: ['b'] })
    const outcomes = await sender.send(['a', 'b', 'c'].map((queue) => copyOf(queue, 'hello')))
    expect(outcomes.map(({ status }) => status)).toEqual(['sent', 'missing-queue', 'sent'])
  })

  it('takes an entry that SQS does not mention for failed', async () => {
    const { sqs, clock } = setUp()
    const silent = { ...sqs, sendMessageBatch: async () => ({ Successful: [] }) }
    const outcomes = await new SqsSender(silent, (name) => name, clock).send([copyOf('q', 'a'), copyOf('q', 'b')])
    expect(outcomes.map(({ status }) => status)).toEqual(['failed', 'failed'])
  })

  it('holds back the rest of a FIFO group after a failure, and no other group', async () => {
    const { sqs, sender } = setUp({
      fault: (input) => {
        const place = (input.Entries ?? []).findIndex((entry) => 'MessageBody' in entry && entry.MessageBody === 'bad')
        return place < 0 ? undefined : { [place]: { code: 'InvalidMessageContents', senderFault: true } }
      },
    })
    const list = [fifoCopy('1', 'a'), fifoCopy('1', 'bad'), fifoCopy('1', 'b'), fifoCopy('2', 'c'), fifoCopy('2', 'd')]
    const outcomes = await sender.send(list)
    expect(outcomes.map(({ status }) => status)).toEqual(['sent', 'failed', 'failed', 'sent', 'sent'])
    expect(outcomes[2]).toMatchObject({ retriable: true, error: { code: 'NotSent' } })
    expect(bodies(sqs, 'q.fifo').toSorted()).toEqual(['a', 'c', 'd'])
  })

  it('waits for a throttled entry of a FIFO group before it sends the next one', async () => {
    const script: (Fault | undefined)[] = [
      { 0: { code: 'ThrottlingException' } },
      { 0: { code: 'ThrottlingException' } },
    ]
    const { sqs, sender } = setUp({ fault: (_input, index) => script[index] })
    await sender.send(['a', 'b', 'c'].map((text) => fifoCopy('1', text)))
    expect(bodies(sqs, 'q.fifo')).toEqual(['a', 'b', 'c'])
  })

  it('reports one copy that is given twice in both places', async () => {
    const { sqs, sender } = setUp()
    const twice = copyOf('q', 'a')
    expect(await sender.send([twice, twice])).toEqual([{ status: 'sent' }, { status: 'sent' }])
    expect(bodies(sqs, 'q')).toEqual(['a', 'a'])
  })
})

function expectWithinLimits(entries: readonly object[]): void {
  expect(entries.length).toBeLessThanOrEqual(10)
  const sizeBytes = (
    entries as { MessageBody?: string; MessageAttributes?: Record<string, { StringValue?: string }> }[]
  )
    .map(({ MessageBody = '', MessageAttributes = {} }) => {
      const attributes = Object.entries(MessageAttributes)
      const attributeBytes = attributes.map(([name, { StringValue = '' }]) => attributeSizeBytes(name, StringValue))
      return attributeBytes.reduce((sum, bytes) => sum + bytes, Buffer.byteLength(MessageBody))
    })
    .reduce((sum, bytes) => sum + bytes, 0)
  expect(sizeBytes).toBeLessThanOrEqual(1_048_576)
}

/** Bodies begin with the place of their copy. */
function expectGroupsInOrder({ arrived, calls }: ScriptedSqs): void {
  for (const [queue, entries] of arrived) {
    if (!queue.endsWith('.fifo')) continue
    for (const group of Object.values(Object.groupBy(entries, (entry) => entry.MessageGroupId ?? ''))) {
      const places = (group ?? []).map(({ MessageBody = '' }) => Number.parseInt(MessageBody, 10))
      expect(places).toEqual(places.toSorted((left, right) => left - right))
    }
  }
  for (const { Entries = [] } of calls) {
    const groups = Entries.flatMap((entry) => ('MessageGroupId' in entry ? (entry.MessageGroupId ?? []) : []))
    expect(new Set(groups).size).toBe(groups.length)
  }
}

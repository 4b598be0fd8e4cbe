import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { InFlightLimit } from '../../../lib/local/sqs/in-flight-limit.ts'
import { DirectEngine } from './direct-engine.ts'

const HOUR_MS = 3_600_000

describe('delivery by the SQS engine', () => {
  let now: number
  let engine: DirectEngine
  beforeEach(() => {
    now = 1_700_000_000_000
    engine = new DirectEngine({ file: ':memory:', now: () => now })
  })
  afterEach(() => engine.engine.close())

  async function createDeadLetterPair(maxReceiveCount: number): Promise<{ source: string; deadLetters: string }> {
    const deadLetters = await engine.createQueue('dead')
    const deadLetterTargetArn = 'arn:aws:sqs:us-east-1:000000000000:dead'
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount })
    return { source: await engine.createQueue('source', { RedrivePolicy }), deadLetters }
  }

  async function sendMany(queue: string, messages: number): Promise<void> {
    for (let sent = 0; sent < messages; sent += 10) {
      const Entries = Array.from({ length: Math.min(10, messages - sent) }, (_, i) => ({
        Id: `${i}`,
        MessageBody: `${sent + i}`,
      }))
      await engine.call('SendMessageBatch', { QueueUrl: queue, Entries })
    }
  }

  it('the receive count goes on in the dead-letter queue', async () => {
    const { source, deadLetters } = await createDeadLetterPair(2)
    await engine.send(source, 'poison')
    for (let i = 0; i < 3; i++) {
      await engine.receive(source)
      now += 30_000
    }
    const [message] = await engine.receive(deadLetters, { AttributeNames: ['All'] })
    expect(message?.Attributes.ApproximateReceiveCount).toBe('3')
  })

  it('one receive counts once, even if it hides nothing and moves another message away', async () => {
    const { source, deadLetters } = await createDeadLetterPair(1)
    await engine.send(source, 'poison')
    await engine.receive(source, { VisibilityTimeout: 0 })
    await engine.send(source, 'good')
    const messages = await engine.receive(source, { VisibilityTimeout: 0, AttributeNames: ['All'] })
    expect(messages.map(({ Body }) => Body)).toEqual(['good'])
    expect(messages[0]?.Attributes.ApproximateReceiveCount).toBe('1')
    expect(await engine.counts(deadLetters)).toEqual([1, 0, 0])
  })

  it('a message stays deliverable when its dead-letter queue is gone', async () => {
    const { source, deadLetters } = await createDeadLetterPair(1)
    await engine.send(source, 'x')
    await engine.receive(source, { VisibilityTimeout: 0 })
    await engine.call('DeleteQueue', { QueueUrl: deadLetters })
    expect(await engine.receiveBodies(source)).toEqual(['x'])
  })

  it('a long poll gets past any number of messages that are due for the dead-letter queue', async () => {
    const { source, deadLetters } = await createDeadLetterPair(1)
    await sendMany(source, 250)
    for (let i = 0; i < 25; i++) await engine.receive(source)
    now += 31_000
    await engine.send(source, 'good')
    expect(await engine.receiveBodies(source, { WaitTimeSeconds: 5 })).toEqual(['good'])
    expect(await engine.counts(deadLetters)).toEqual([250, 0, 0])
  })

  it('a long poll gets past any number of expired messages', async () => {
    const queue = await engine.createQueue('q', { MessageRetentionPeriod: '3600' })
    await sendMany(queue, 1_200)
    now += HOUR_MS
    await engine.send(queue, 'good')
    expect(await engine.receiveBodies(queue, { WaitTimeSeconds: 5 })).toEqual(['good'])
    expect(await engine.counts(queue)).toEqual([0, 1, 0])
  })

  it('a shorter retention period applies to messages that are already there', async () => {
    const queue = await engine.createQueue('q')
    await engine.send(queue, 'old')
    now += HOUR_MS
    const Attributes = { MessageRetentionPeriod: '60' }
    await engine.call('SetQueueAttributes', { QueueUrl: queue, Attributes })
    expect(await engine.receiveBodies(queue)).toEqual([])
  })

  it('a poll that is given up ends at once and does not stand before the next one', async () => {
    const queue = await engine.createQueue('q')
    const caller = new AbortController()
    const first = engine.receiveBodies(queue, { WaitTimeSeconds: 20 }, caller.signal)
    const second = engine.receiveBodies(queue, { WaitTimeSeconds: 20 })
    await engine.counts(queue)
    caller.abort()
    expect(await first).toEqual([])
    await engine.send(queue, 'x')
    expect(await second).toEqual(['x'])
  })

  it('closing the engine ends polls empty-handed', async () => {
    const queue = await engine.createQueue('q')
    const poll = engine.receiveBodies(queue, { WaitTimeSeconds: 20 })
    await engine.counts(queue)
    engine.engine.close()
    expect(await poll).toEqual([])
  })

  it('a message move task can be cancelled, and only one runs per queue', async () => {
    const { source, deadLetters } = await createDeadLetterPair(1)
    await engine.send(source, 'x')
    await engine.receive(source, { VisibilityTimeout: 0 })
    await engine.receive(source)
    const SourceArn = 'arn:aws:sqs:us-east-1:000000000000:dead'
    const start = () => engine.call('StartMessageMoveTask', { SourceArn, MaxNumberOfMessagesPerSecond: 1 })
    const { output: task } = await start()
    expect((await start()).output.__type).toMatch(/UnsupportedOperation$/)
    const { output } = await engine.call('CancelMessageMoveTask', { TaskHandle: task.TaskHandle })
    expect(output.ApproximateNumberOfMessagesMoved).toBe(0)
    const { output: list } = await engine.call('ListMessageMoveTasks', { SourceArn })
    expect(list.Results).toMatchObject([{ Status: 'CANCELLED', ApproximateNumberOfMessagesToMove: 1 }])
    expect(await engine.receiveBodies(deadLetters)).toEqual(['x'])
  })
})

describe('a turn that the store undoes', () => {
  it('fails its callers, confirms nothing and leaves no poll behind', async () => {
    const errors: unknown[] = []
    let isBroken = false
    const now = (): number => (isBroken ? Number.NaN : 1_700_000_000_000)
    const engine = new DirectEngine({ file: ':memory:', now, onInternalError: (error) => errors.push(error) })
    const queue = await engine.createQueue('q')
    const poll = engine.receiveBodies(queue, { WaitTimeSeconds: 20 })
    await engine.counts(queue)
    isBroken = true
    // A time that is no number cannot be stored: the insert fails inside SQLite.
    const { status, output } = await engine.send(queue, 'x')
    expect(status).toBe(500)
    expect(output).toEqual({ __type: 'com.amazonaws.sqs#InternalError', message: 'An internal error occurred.' })
    expect(errors).toHaveLength(1)
    expect(await poll).toEqual([])
    isBroken = false
    await engine.send(queue, 'y')
    expect(await engine.receiveBodies(queue)).toEqual(['y'])
    engine.engine.close()
  })
})

describe('the in-flight limit', () => {
  it('counts only when the limit may have been reached, and then exactly', () => {
    let inFlight = 0
    let counted = 0
    const limit = new InFlightLimit(100)
    const take = (wanted: number) => {
      const room = limit.roomFor(1, wanted, () => {
        counted += 1
        return inFlight
      })
      limit.taken(1, room)
      inFlight += room
      return room
    }
    for (let i = 0; i < 9; i++) expect(take(10)).toBe(10)
    expect(take(6)).toBe(6)
    expect(counted).toBe(1)
    expect(take(10)).toBe(4)
    expect(take(1)).toBe(0)
    inFlight -= 50
    expect(take(10)).toBe(10)
    expect(take(10)).toBe(10)
    expect(counted).toBe(4)
  })
})

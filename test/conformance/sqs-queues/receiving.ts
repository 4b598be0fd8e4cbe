import { ReceiveMessageCommand } from '@aws-sdk/client-sqs'
import { expect } from 'vitest'
import { errorOf, type Suite } from './harness.ts'

/** Receiving: attributes, visibility and long polls. */
export function defineReceiveTests({ test, timed }: Suite): void {
  test('a receive takes as many as it asks for, ten at most', async (sqs) => {
    const queue = await sqs.createQueue()
    await Promise.all(Array.from({ length: 12 }, (_, i) => sqs.send(queue, `${i}`)))
    expect(await sqs.receive(queue, { MaxNumberOfMessages: 1, WaitTimeSeconds: 1 })).toHaveLength(1)
    expect(await sqs.receive(queue, { WaitTimeSeconds: 1 })).toHaveLength(10)
    expect(await sqs.counts(queue)).toEqual([1, 11, 0])
    expect((await errorOf(sqs.receive(queue, { MaxNumberOfMessages: 11 }))).name).toBe('InvalidParameterValue')
  })

  test('attributes come only to those who ask for them', async (sqs) => {
    const queue = await sqs.createQueue({ VisibilityTimeout: '0' })
    const value = { DataType: 'String', StringValue: 'x' }
    const attributes = { plain: value, 'bar.one': value, 'bar.two': value }
    await sqs.send(queue, 'msg', { MessageAttributes: attributes })
    const namesFor = async (names: string[]) =>
      Object.keys((await sqs.receiveOne(queue, { MessageAttributeNames: names })).MessageAttributes ?? {}).sort()
    const bare = await sqs.receiveOne(queue)
    expect(bare.MessageAttributes).toBeUndefined()
    expect(bare.MD5OfMessageAttributes).toBeUndefined()
    expect(bare.Attributes).toBeUndefined()
    expect(await namesFor(['All'])).toEqual(['bar.one', 'bar.two', 'plain'])
    expect(await namesFor(['.*'])).toEqual(['bar.one', 'bar.two', 'plain'])
    expect(await namesFor(['bar.*'])).toEqual(['bar.one', 'bar.two'])
    expect(await namesFor(['plain', 'other'])).toEqual(['plain'])
  })

  test('system attributes tell when and how often a message was received', async (sqs) => {
    const queue = await sqs.createQueue({ VisibilityTimeout: '0' })
    const trace = { DataType: 'String', StringValue: 'Root=1-5e3d83c1-e6a0db584850d61342823d4c' }
    await sqs.send(queue, 'msg', { MessageSystemAttributes: { AWSTraceHeader: trace } })
    const first = await sqs.receiveOne(queue, { MessageSystemAttributeNames: ['All'] })
    const second = await sqs.receiveOne(queue, { AttributeNames: ['All'] })
    expect(first.Attributes).toMatchObject({ ApproximateReceiveCount: '1', AWSTraceHeader: trace.StringValue })
    expect(second.Attributes).toEqual({ ...first.Attributes, ApproximateReceiveCount: '2' })
    expect(Number(first.Attributes?.SentTimestamp)).toBeLessThanOrEqual(
      Number(first.Attributes?.ApproximateFirstReceiveTimestamp),
    )
    const one = await sqs.receiveOne(queue, { MessageSystemAttributeNames: ['SentTimestamp'] })
    expect(one.Attributes).toEqual({ SentTimestamp: first.Attributes?.SentTimestamp })
  })

  test('a message group id on a standard queue is kept and does not lock', async (sqs) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'a', { MessageGroupId: 'tenant' })
    await sqs.send(queue, 'b', { MessageGroupId: 'tenant' })
    const names = { MaxNumberOfMessages: 1, MessageSystemAttributeNames: ['MessageGroupId' as const] }
    expect((await sqs.receiveOne(queue, names)).Attributes).toEqual({ MessageGroupId: 'tenant' })
    expect((await sqs.receiveOne(queue, names)).Attributes).toEqual({ MessageGroupId: 'tenant' })
  })

  timed('a message is hidden for its visibility timeout and then comes back', async (sqs, advance) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'default')
    await sqs.receive(queue)
    expect(await sqs.counts(queue)).toEqual([0, 1, 0])
    advance(29_000)
    expect(await sqs.receiveBodies(queue)).toEqual([])
    advance(1_000)
    expect(await sqs.counts(queue)).toEqual([1, 0, 0])
    expect(await sqs.receiveBodies(queue, { VisibilityTimeout: 5 })).toEqual(['default'])
    advance(5_000)
    expect(await sqs.receiveBodies(queue)).toEqual(['default'])
  })

  test('a long poll on an empty queue waits its time and answers nothing', async (sqs) => {
    const queue = await sqs.createQueue()
    const startedAt = performance.now()
    expect(await sqs.receive(queue, { WaitTimeSeconds: 1 })).toEqual([])
    expect(performance.now() - startedAt).toBeGreaterThan(900)
  })

  test('a send wakes a long poll at once', async (sqs) => {
    const queue = await sqs.createQueue({ ReceiveMessageWaitTimeSeconds: '10' })
    const startedAt = performance.now()
    const waiting = sqs.receiveBodies(queue)
    await sqs.send(queue, 'x')
    expect(await waiting).toEqual(['x'])
    expect(performance.now() - startedAt).toBeLessThan(5_000)
  })

  test('one message wakes one long poll, and the others keep waiting', async (sqs) => {
    const queue = await sqs.createQueue()
    const startedAt = performance.now()
    const polls = Array.from({ length: 4 }, async () => {
      const bodies = await sqs.receiveBodies(queue, { WaitTimeSeconds: 2 })
      return { bodies, ms: performance.now() - startedAt }
    })
    await sqs.send(queue, 'x')
    const results = await Promise.all(polls)
    expect(results.flatMap(({ bodies }) => bodies)).toEqual(['x'])
    for (const { bodies, ms } of results) {
      if (bodies.length === 0) expect(ms).toBeGreaterThan(1_900)
    }
  })

  test('a long poll is woken by a visibility timeout and by a delay that end', async (sqs) => {
    const queue = await sqs.createQueue()
    await sqs.send(queue, 'hidden')
    await sqs.receive(queue, { VisibilityTimeout: 1 })
    expect(await sqs.receiveBodies(queue, { WaitTimeSeconds: 5 })).toEqual(['hidden'])
    await sqs.send(queue, 'delayed', { DelaySeconds: 1 })
    expect(await sqs.receiveBodies(queue, { WaitTimeSeconds: 5 })).toEqual(['delayed'])
  })

  test('a long poll that its caller gives up swallows no message', async (sqs) => {
    const queue = await sqs.createQueue()
    const caller = new AbortController()
    const poll = new ReceiveMessageCommand({ QueueUrl: queue, WaitTimeSeconds: 5 })
    const aborted = errorOf(sqs.client.send(poll, { abortSignal: caller.signal }))
    // The poll has reached the queue when a later call on the same client has been answered.
    await sqs.counts(queue)
    await sqs.counts(queue)
    caller.abort()
    expect((await aborted).name).toBe('AbortError')
    await sqs.counts(queue)
    await sqs.send(queue, 'x')
    expect(await sqs.receiveBodies(queue, { WaitTimeSeconds: 1 })).toEqual(['x'])
  })
}

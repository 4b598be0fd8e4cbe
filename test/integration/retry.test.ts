import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

/** Takes a message and puts it back; answers after how long it came again, ms. */
async function putBack(queue: string): Promise<number> {
  const [got] = await story.get(queue, { ackmode: 'manual' })
  const startMs = Date.now()
  const answer = await story.settle(queue, [{ delivery_tag: got?.delivery_tag, action: 'nack' }])
  expect(answer).toMatchObject({ status: 200, body: [{ status: 'ok' }] })
  await eventually(
    () => story.get(queue, { ackmode: 'ack_requeue_true', wait: 2 }),
    ({ length }) => length === 1,
  )
  return Date.now() - startMs
}

describe('a queue with a back-off', () => {
  const backoff = { 'base-ms': 1000, jitter: 0 }
  /** Longer than any story takes, for those that look while the message is away. */
  const longBackoff = { 'base-ms': 600_000, jitter: 0 }

  test('hands out what is put back after a while, longer each time', async () => {
    const queue = await story.queue(unique('retry'), { 'x-retry-backoff': backoff })
    await story.publish('amq.default', { routing_key: queue, payload: 'x' })
    const first = await putBack(queue)
    expect(first).toBeGreaterThanOrEqual(1000)
    // Looking at it counted as a delivery, so the next one is the third.
    expect(await putBack(queue)).toBeGreaterThanOrEqual(4000)
  })

  test('has it from a policy where there is one', async () => {
    const queue = await story.queue(unique('retry'))
    const body = {
      pattern: `^${queue}$`,
      'apply-to': 'queues',
      definition: { 'retry-backoff': longBackoff },
      priority: 1000,
    }
    expect((await story.call('PUT', story.path('policies', queue), body)).status).toBe(201)
    await story.publish('amq.default', { routing_key: queue, payload: 'x' })
    expect(await story.get(queue, { ackmode: 'reject_requeue_true' })).toHaveLength(1)
    expect(await story.get(queue)).toEqual([])
  })

  test('is refused where it makes no sense, in an argument and in a policy', async () => {
    const wrong = { 'base-ms': 1000, factor: 0 }
    const declared = await story.call('PUT', story.path('queues', unique('retry')), {
      durable: true,
      arguments: { 'x-retry-backoff': wrong },
    })
    expect(declared).toMatchObject({
      status: 400,
      body: { error: 'bad_request', reason: expect.stringContaining('expected factor from 1 to 100, got 0') },
    })
    const body = { pattern: '.*', 'apply-to': 'queues', definition: { 'retry-backoff': wrong } }
    expect((await story.call('PUT', story.path('policies', unique('retry')), body)).status).toBe(400)
  })
})

test('A consumer timeout says for how long a message that was got by hand stays hidden', async () => {
  const queue = await story.queue(unique('timeout'), { 'x-consumer-timeout': 10_000 })
  await story.publish('amq.default', { routing_key: queue, payload: 'x' })
  expect(await story.get(queue, { ackmode: 'manual' })).toHaveLength(1)
  expect(await story.get(queue)).toEqual([])
  expect(await story.get(queue, { wait: 20 })).toMatchObject([{ redelivered: true }])
})

import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, type GotMessage, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

/** A queue whose dead messages come to another; answers both names. */
async function withDeadLetters(args: Record<string, unknown>): Promise<{ queue: string; dead: string }> {
  const dead = await story.queue(unique('dead'))
  const queue = await story.queue(unique('ttl'), {
    ...args,
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': dead,
  })
  return { queue, dead }
}

/** Gets from a queue until so many messages have come. */
async function arrivals(queue: string, count: number): Promise<GotMessage[]> {
  const found: GotMessage[] = []
  return eventually(
    async () => {
      found.push(...(await story.get(queue, { wait: 1 })))
      return found
    },
    ({ length }) => length >= count,
  )
}

describe('messages that expire', () => {
  test('reach the dead-letter exchange by themselves, none early, those of one queue at their own times', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 4000 })
    const publishedMs = Date.now()
    await story.publish('amq.default', { routing_key: queue, payload: 'slow' })
    await story.publish('amq.default', { routing_key: queue, payload: 'fast', properties: { expiration: '1500' } })
    const arrivedMs = new Map<string, number>()
    const found: GotMessage[] = []
    while (found.length < 2) {
      const some = await arrivals(dead, 1)
      for (const { payload } of some) arrivedMs.set(payload, Date.now() - publishedMs)
      found.push(...some)
    }
    expect(arrivedMs.get('fast')).toBeGreaterThanOrEqual(1500)
    expect(arrivedMs.get('slow')).toBeGreaterThanOrEqual(4000)
    const fast = found.find(({ payload }) => payload === 'fast')
    expect(fast?.properties.headers).toMatchObject({
      'x-first-death-queue': queue,
      'x-first-death-reason': 'expired',
      'x-death': [{ count: 1, reason: 'expired', queue, 'original-expiration': '1500' }],
    })
    expect(fast?.properties).not.toHaveProperty('expiration')
  })

  test('are not handed out once they have expired', async () => {
    const { queue, dead } = await withDeadLetters({})
    await story.publish('amq.default', { routing_key: queue, payload: 'x', properties: { expiration: '0' } })
    expect(await story.get(queue)).toEqual([])
    expect(await arrivals(dead, 1)).toMatchObject([{ payload: 'x' }])
  })

  test('stay what they are while a consumer holds them', async () => {
    const { queue, dead } = await withDeadLetters({ 'x-message-ttl': 10_000 })
    await story.publish('amq.default', { routing_key: queue, payload: 'held' })
    const [held] = await story.get(queue, { ackmode: 'manual', visibility: 120 })
    expect(await story.get(dead, { wait: 12 })).toEqual([])
    expect(await story.settle(queue, [{ delivery_tag: held?.delivery_tag, action: 'ack' }])).toMatchObject({
      body: [{ status: 'ok' }],
    })
    expect(await story.get(dead, { wait: 1 })).toEqual([])
  })

  test('take their TTL from a policy where there is one', async () => {
    const { queue, dead } = await withDeadLetters({})
    const body = { pattern: `^${queue}$`, 'apply-to': 'queues', definition: { 'message-ttl': 1000 }, priority: 1000 }
    expect((await story.call('PUT', story.path('policies', queue), body)).status).toBe(201)
    await story.publish('amq.default', { routing_key: queue, payload: 'x' })
    expect(await arrivals(dead, 1)).toMatchObject([{ payload: 'x' }])
  })

  test('come back from a waiting queue, again and again', async () => {
    const [work, wait] = [unique('work'), unique('wait')]
    await story.queue(work, { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': wait })
    await story.queue(wait, {
      'x-message-ttl': 1000,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': work,
    })
    await story.publish('amq.default', { routing_key: work, payload: 'x' })
    for (let round = 1; round <= 3; round += 1) {
      const [rejected] = await eventually(
        () => story.get(work, { count: 1, ackmode: 'reject_requeue_false', wait: 1 }),
        ({ length }) => length === 1,
      )
      expect(rejected?.payload).toBe('x')
    }
    const [message] = await arrivals(work, 1)
    expect(message?.properties.headers?.['x-death']).toMatchObject([
      { queue: wait, reason: 'expired', count: 3 },
      { queue: work, reason: 'rejected', count: 3 },
    ])
  })
})

import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const payloads = (count: number): string[] => Array.from({ length: count }, (_, index) => String(index))

/** SQS hands out ten messages of a group at most before they are settled, so a get answers ten of a group at most. */
async function drain(queue: string): Promise<string[]> {
  const all: string[] = []
  for (let got = await story.get(queue); got.length > 0; got = await story.get(queue)) {
    all.push(...got.map(({ payload }) => payload))
  }
  return all
}

describe('a FIFO queue', () => {
  test('with a single active consumer keeps all messages in order', async () => {
    const queue = await story.queue(unique('sac'), { 'x-single-active-consumer': true })
    for (const payload of payloads(15)) await story.publish('amq.default', { routing_key: queue, payload })
    expect(await drain(queue)).toEqual(payloads(15))
  })

  test('keeps the order of a batch', async () => {
    const queue = await story.queue(unique('batch'), { 'x-fifo-group': 'queue' })
    const entries = payloads(30).map((payload) => ({
      properties: {},
      routing_key: queue,
      payload,
      payload_encoding: 'string',
    }))
    await story.call('POST', `${story.path('exchanges', 'amq.default')}/publish/batch`, entries)
    expect(await drain(queue)).toEqual(payloads(30))
  })

  test('groups by a header: one group that is held up holds up no other', async () => {
    const queue = await story.queue(unique('groups'), { 'x-fifo-group': 'header:customer' })
    const send = (customer: string, payload: string) =>
      story.publish('amq.default', { routing_key: queue, payload, properties: { headers: { customer } } })
    await send('a', 'a1')
    expect(await story.get(queue, { ackmode: 'manual' })).toMatchObject([{ payload: 'a1' }])
    await send('a', 'a2')
    await send('b', 'b1')
    expect(await story.get(queue, { ackmode: 'manual' })).toMatchObject([{ payload: 'b1' }])
  })

  test('gives a message that was put back before its successors', async () => {
    const queue = await story.queue(unique('back'), { 'x-fifo-group': 'queue' })
    for (const payload of payloads(3)) await story.publish('amq.default', { routing_key: queue, payload })
    await story.get(queue, { ackmode: 'ack_requeue_true' })
    expect((await story.get(queue)).map(({ payload }) => payload)).toEqual(payloads(3))
  })

  test('takes the same payload as often as it is published', async () => {
    const queue = await story.queue(unique('same'), { 'x-fifo-group': 'routing-key' })
    for (let index = 0; index < 3; index += 1)
      await story.publish('amq.default', { routing_key: queue, payload: 'same' })
    expect(await story.get(queue)).toHaveLength(3)
  })

  test('has no priorities', async () => {
    const args = { 'x-fifo-group': 'queue', 'x-max-priority': 3 }
    const answer = await story.call('PUT', story.path('queues', unique('both')), { durable: true, arguments: args })
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
  })
})

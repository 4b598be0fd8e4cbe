import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

async function delivered(queue: string, payload = 'x', options: Record<string, unknown> = {}): Promise<string> {
  await story.publish('amq.default', { routing_key: queue, payload })
  const [got] = await story.get(queue, { ackmode: 'manual', ...options })
  expect(got?.delivery_count).toBe(1)
  return got?.delivery_tag ?? ''
}

describe('a message got by hand', () => {
  test('is gone once it is acknowledged', async () => {
    const queue = await story.queue(unique('ack'))
    const tag = await delivered(queue)
    const answer = await story.settle(queue, [{ delivery_tag: tag, action: 'ack' }])
    expect(answer).toMatchObject({ status: 200, body: [{ delivery_tag: tag, status: 'ok' }] })
    expect(await story.get(queue)).toEqual([])
  })

  test('comes back at once when it is given back, counted', async () => {
    const queue = await story.queue(unique('nack'))
    const tag = await delivered(queue)
    await story.settle(queue, [{ delivery_tag: tag, action: 'nack' }])
    expect(await story.get(queue, { ackmode: 'manual' })).toMatchObject([{ redelivered: true, delivery_count: 2 }])
  })

  test('comes back by itself when its time is over, and its tag is good no more', async () => {
    const queue = await story.queue(unique('late'))
    const tag = await delivered(queue, 'x', { visibility: 1 })
    const again = await eventually(
      () => story.get(queue, { ackmode: 'manual', wait: 2 }),
      (messages) => messages.length > 0,
    )
    expect(again).toMatchObject([{ redelivered: true }])
    const answer = await story.settle(queue, [{ delivery_tag: tag, action: 'ack' }])
    expect(answer.body).toMatchObject([{ error: 'bad_request' }])
    expect(await story.settle(queue, [{ delivery_tag: again[0]?.delivery_tag, action: 'ack' }])).toMatchObject({
      body: [{ status: 'ok' }],
    })
  })

  test('stays hidden for longer when that is asked for', async () => {
    const queue = await story.queue(unique('extend'))
    const tag = await delivered(queue, 'x', { visibility: 10 })
    const { body } = await story.settle(queue, [{ delivery_tag: tag, action: 'extend', visibility: 600 }])
    expect(body).toMatchObject([{ delivery_tag: tag, status: 'ok' }])
    expect(await story.get(queue, { wait: 12 })).toEqual([])
    const [extended] = body as { new_delivery_tag: string }[]
    const late = await story.settle(queue, [
      { delivery_tag: tag, action: 'ack' },
      { delivery_tag: extended?.new_delivery_tag, action: 'ack' },
    ])
    expect(late.body).toMatchObject([{ error: 'bad_request' }, { status: 'ok' }])
  })

  test.each([8, 200_000])('of %i bytes goes to the dead-letter exchange when it is rejected', async (sizeBytes) => {
    const dead = await story.queue(unique('dead'))
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': dead }
    const queue = await story.queue(unique('reject'), args)
    const payload = 'r'.repeat(sizeBytes)
    const tag = await delivered(queue, payload)
    const answer = await story.settle(queue, [{ delivery_tag: tag, action: 'reject', requeue: false }])
    expect(answer).toMatchObject({ status: 200, body: [{ status: 'ok' }] })
    expect(await story.get(queue)).toEqual([])
    expect(await story.get(dead)).toMatchObject([{ payload }])
  })
})

test('tags that are forged, of another queue or unreadable change nothing, and hold no other entry up', async () => {
  const [queue, other] = [await story.queue(unique('own')), await story.queue(unique('other'))]
  const [tag, foreign] = [await delivered(queue), await delivered(other)]
  const flipped = `${tag.slice(0, -1)}${tag.endsWith('A') ? 'B' : 'A'}`
  const answer = await story.settle(queue, [
    { delivery_tag: foreign, action: 'ack' },
    { delivery_tag: flipped, action: 'ack' },
    { delivery_tag: 'garbage', action: 'ack' },
    { delivery_tag: 7, action: 'ack' },
    { action: 'ack' },
    { delivery_tag: tag, action: 'explode' },
    { delivery_tag: tag, action: 'nack' },
  ])
  expect(answer.status).toBe(200)
  const outcomes = answer.body as { error?: string; status?: string }[]
  expect(outcomes.slice(0, 6).every(({ error }) => error === 'bad_request')).toBe(true)
  expect(outcomes[6]).toMatchObject({ status: 'ok' })
  expect(await story.get(queue)).toHaveLength(1)
  expect(await story.settle(other, [{ delivery_tag: foreign, action: 'nack' }])).toMatchObject({
    body: [{ status: 'ok' }],
  })
  expect(await story.get(other)).toHaveLength(1)
})

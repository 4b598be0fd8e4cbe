import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const body = (queue: string, payload = 'x') => ({
  routing_key: queue,
  payload,
  payload_encoding: 'string',
  properties: {},
})

const publish = (key: string, message: object | object[]) => {
  const path = `${story.path('exchanges', 'amq.default')}/publish${Array.isArray(message) ? '/batch' : ''}`
  return story.call('POST', path, message, { headers: { 'idempotency-key': key } })
}

describe('a request with an Idempotency-Key', () => {
  test('publishes once, however often it is sent', async () => {
    const queue = await story.queue(unique('once'))
    const key = unique('key')
    for (let turn = 0; turn < 3; turn += 1) {
      expect(await publish(key, body(queue))).toMatchObject({ status: 200, body: { routed: true } })
    }
    expect(await story.get(queue)).toHaveLength(1)
  })

  test('with many messages publishes each of them once', async () => {
    const [queue, key] = [await story.queue(unique('once')), unique('key')]
    const messages = ['a', 'b', 'c'].map((payload) => body(queue, payload))
    const first = await publish(key, [...messages, body('nowhere')])
    expect(await publish(key, [...messages, body('nowhere')])).toEqual({ ...first, headers: expect.anything() })
    expect((await story.get(queue)).map(({ payload }) => payload).sort()).toEqual(['a', 'b', 'c'])
  })

  test('is refused where the key came with another body', async () => {
    const [queue, key] = [await story.queue(unique('once')), unique('key')]
    await publish(key, body(queue, 'one'))
    expect(await publish(key, body(queue, 'two'))).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(await story.get(queue)).toMatchObject([{ payload: 'one' }])
  })

  test('is refused where the key is too long', async () => {
    const queue = await story.queue(unique('once'))
    expect((await publish('k'.repeat(256), body(queue))).status).toBe(400)
    expect(await story.get(queue)).toEqual([])
  })
})

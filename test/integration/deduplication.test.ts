import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const publish = (exchange: string, payload: string, headers: Record<string, unknown> = {}) =>
  story.publish(exchange, { payload, properties: { headers } })

const payloads = async (queue: string) => (await story.get(queue)).map(({ payload }) => payload).sort()

describe('a deduplicating exchange', () => {
  test('passes one message of a kind, and confirms all', async () => {
    const exchange = await story.exchange(unique('once'), 'x-message-deduplication', { 'x-cache-size': 100 })
    const queue = await story.queue(unique('once'))
    await story.bind(exchange, queue)
    for (const id of ['a', 'b', 'a', 'a']) {
      expect(await publish(exchange, id, { 'x-deduplication-header': id })).toBe(true)
    }
    expect(await payloads(queue)).toEqual(['a', 'b'])
  })
})

describe('a deduplicating queue', () => {
  test('takes one message of a kind', async () => {
    const queue = await story.queue(unique('once'), { 'x-message-deduplication': true })
    for (const id of ['a', 'b', 'a']) {
      const message = { routing_key: queue, payload: id, properties: { headers: { 'x-deduplication-header': id } } }
      expect(await story.publish('amq.default', message)).toBe(true)
    }
    expect(await payloads(queue)).toEqual(['a', 'b'])
  })
})

describe('an exchange with a recent history', () => {
  test('brings its last messages to a queue that is bound', async () => {
    const exchange = await story.exchange(unique('recent'), 'x-recent-history', { 'x-recent-history-length': 2 })
    expect(await publish(exchange, '1')).toBe(false)
    await publish(exchange, '2')
    await publish(exchange, 'not kept', { 'x-recent-history-no-store': true })
    await publish(exchange, '3')
    const queue = await story.queue(unique('recent'))
    await story.bind(exchange, queue)
    expect(await payloads(queue)).toEqual(['2', '3'])
  })
})

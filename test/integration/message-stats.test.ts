import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startLeveret } from '../../lib/local/testing.ts'
import { callApi, useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

interface Counted {
  readonly message_stats?: Readonly<Record<string, number>>
}

test('What goes through a queue is counted, in RabbitMQ’s words, once whoever served it has written it down', async () => {
  const queue = await story.queue(unique('counted'))
  const exchange = await story.exchange(unique('counted'), 'fanout')
  await story.bind(exchange, queue)
  const statsOf = async (path: string) => ((await story.call('GET', path)).body as Counted).message_stats ?? {}
  // Where deployed, environments write once a minute, beside requests: so requests go on.
  const stats = await eventually(
    async () => {
      await story.publish(exchange, { payload: 'x' })
      await story.get(queue)
      return statsOf(story.path('queues', queue))
    },
    ({ publish = 0, deliver_get: delivered = 0 }) => publish > 0 && delivered > 0,
  )
  expect(stats.publish_details).toEqual({ rate: expect.any(Number) })
  expect(await statsOf(story.path('exchanges', exchange))).toMatchObject({ publish_in: expect.any(Number) })
  const overview = await statsOf('/api/overview')
  expect(overview.publish).toBeGreaterThanOrEqual(stats.publish ?? 0)
  const page = await story.call(
    'GET',
    `${story.path('queues')}?page=1&name=${queue}&columns=name,message_stats.publish`,
  )
  expect(page.body).toMatchObject({ items: [{ name: queue, message_stats: { publish: expect.any(Number) } }] })
})

test('What the embedded cloud has counted outlives its process, to the last message', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'leveret-counted-'))
  const message = { routing_key: 'nowhere', properties: {}, payload: 'x', payload_encoding: 'string' }
  try {
    const first = await startLeveret({ dataDir })
    for (let number = 0; number < 5; number += 1) {
      expect(await callApi(first, 'POST', '/api/exchanges/%2F/amq.topic/publish', message)).toMatchObject({
        status: 200,
      })
    }
    await first.close()
    const second = await startLeveret({ dataDir })
    const { body } = await callApi(second, 'GET', '/api/overview')
    await second.close()
    expect((body as Counted).message_stats).toMatchObject({ publish: 5, return_unroutable: 5 })
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
})

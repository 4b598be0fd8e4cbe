import { expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const send = (queue: string, priority: number) =>
  story.publish('amq.default', { routing_key: queue, payload: String(priority), properties: { priority } })

test('A queue with priorities hands out the most important messages first, by get and from its SQS queues', async () => {
  const queue = await story.queue(unique('prio'), { 'x-max-priority': 2 })
  const { body } = await story.call('GET', story.path('queues', queue))
  const { sqs_urls: urls, sqs_arns: arns } = body as { sqs_urls: string[]; sqs_arns: string[] }
  expect(urls.map((url) => /-priority-(\d)-/.exec(url)?.[1])).toEqual(['0', '1', '2'])
  expect(arns).toHaveLength(3)

  for (const priority of [0, 1, 2, 9]) await send(queue, priority)
  // Where deployed, counts are some seconds old.
  const shown = await eventually(
    async () => (await story.call('GET', story.path('queues', queue))).body as { messages: number; state: string },
    ({ messages }) => messages === 4,
  )
  expect(shown.state).toBe('running')
  const got = (await story.get(queue, { ackmode: 'ack_requeue_true' })).map(({ payload }) => payload)
  // Now and then a lower band has its turn first; nothing is left out either way.
  expect(got.toSorted()).toEqual(['0', '1', '2', '9'])

  const counts: number[] = []
  for (let round = 0; round < 40; round += 1) {
    const [first] = await story.get(queue, { count: 1, ackmode: 'ack_requeue_true' })
    counts.push(Number(first?.payload) >= 2 ? 1 : 0)
  }
  expect(counts.filter(Boolean).length).toBeGreaterThan(20)

  expect((await story.call('DELETE', `${story.path('queues', queue)}/contents`)).status).toBe(204)
  expect(await story.get(queue)).toEqual([])
})

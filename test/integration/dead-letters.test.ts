import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

type Headers = Record<string, unknown>

/** What a story asks of a dead message: where and why it died, newest first. */
const deathsOf = (properties: { headers?: Headers }) =>
  ((properties.headers?.['x-death'] ?? []) as { queue: string; reason: string; count: number }[]).map(
    ({ queue, reason, count }) => `${queue} ${reason} ${count}`,
  )

describe('a message that comes back too often', () => {
  test.each([{}, { 'x-single-active-consumer': true }])('goes to the dead-letter exchange: %j', async (args) => {
    const dead = await story.queue(unique('dead'))
    const work = await story.queue(unique('work'), {
      ...args,
      'x-queue-type': 'quorum',
      'x-delivery-limit': 2,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': dead,
    })
    await story.publish('amq.default', { routing_key: work, payload: 'poison' })
    for (const _ of [1, 2, 3]) {
      expect(await story.get(work, { ackmode: 'reject_requeue_true' })).toHaveLength(1)
    }
    expect(await story.get(work)).toEqual([])
    const [got] = await eventually(
      () => story.get(dead),
      (messages) => messages.length > 0,
    )
    expect(got).toMatchObject({ payload: 'poison', routing_key: dead })
    expect(deathsOf(got?.properties ?? {})).toEqual([`${work} delivery_limit 1`])
  })
})

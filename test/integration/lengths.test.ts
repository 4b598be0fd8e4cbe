import { expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const message = (queue: string, payload: string) => ({
  routing_key: queue,
  properties: {},
  payload,
  payload_encoding: 'string',
})

const FULL = { error: 'bad_request', reason: 'rejected Unable to publish message. Check queue limits.' }

test('A full queue rejects what is published, dead-letters it where it is told to, and takes more once there is room', async () => {
  const dead = await story.queue(unique('dead'))
  const queue = await story.queue(unique('full'), {
    'x-max-length': 1,
    'x-overflow': 'reject-publish-dlx',
    'x-dead-letter-exchange': '',
    'x-dead-letter-routing-key': dead,
  })
  const publishPath = `${story.path('exchanges', 'amq.default')}/publish`
  expect(await story.publish('amq.default', { routing_key: queue, payload: 'first' })).toBe(true)
  const refused = await story.call('POST', publishPath, message(queue, 'second'))
  expect(refused).toMatchObject({ status: 400, body: FULL })
  expect(await story.get(dead)).toMatchObject([
    { payload: 'second', properties: { headers: { 'x-first-death-reason': 'maxlen', 'x-first-death-queue': queue } } },
  ])
  const batch = await story.call('POST', `${publishPath}/batch`, [message(queue, 'third'), message(dead, 'fourth')])
  expect(batch).toMatchObject({ status: 200, body: [FULL, { routed: true }] })
  expect(await story.get(queue)).toMatchObject([{ payload: 'first' }])
  // Where deployed, a count is a second old.
  const { status } = await eventually(
    () => story.call('POST', publishPath, message(queue, 'fifth')),
    (answer) => answer.status === 200,
  )
  expect(status).toBe(200)
})

import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

type Headers = Record<string, unknown>

/** What a story asks of a dead message: where and why it died, newest first. */
const deathsOf = ({ headers = {} }: { headers?: Headers }) =>
  (headers['x-death'] as { queue: string; reason: string; count: number }[]).map(
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
    for (let delivery = 1; delivery <= 3; delivery += 1) {
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

/** A queue that keeps its dead letters, with these messages rejected. */
async function rejecting(...payloads: string[]): Promise<string> {
  const work = await story.queue(unique('work'))
  for (const payload of payloads) {
    await story.publish('amq.default', { routing_key: work, payload, properties: { headers: { kept: payload } } })
  }
  expect(await story.get(work, { ackmode: 'reject_requeue_false' })).toHaveLength(payloads.length)
  await eventually(
    () => listOf(work),
    ({ items }) => items.length === payloads.length,
  )
  return work
}

interface Listed {
  readonly item_count: number
  readonly total_count: number
  readonly items: {
    reason: string
    died_at: string
    payload: string
    exchange: string
    routing_key: string
    properties: { headers?: Headers }
  }[]
}

const lettersPath = (queue: string, query = ''): string => `${story.path('queues', queue)}/dead-letters${query}`

async function listOf(queue: string, query = ''): Promise<Listed> {
  const { status, body } = await story.call('GET', lettersPath(queue, query))
  expect(status, JSON.stringify(body)).toBe(200)
  return body as Listed
}

const redrive = (queue: string, body: object = {}) => story.call('POST', `${lettersPath(queue)}/redrive`, body)

const payloadsOf = (messages: readonly { payload: string }[]) => messages.map(({ payload }) => payload).sort()

describe('a message that dies without a dead-letter exchange', () => {
  test('is kept, and listed with its history', async () => {
    const work = await rejecting('first')
    // The next one finds the place that the first one has made.
    await story.publish('amq.default', { routing_key: work, payload: 'second' })
    const [got] = await story.get(work, { ackmode: 'manual' })
    await story.settle(work, [{ delivery_tag: got?.delivery_tag, action: 'reject', requeue: false }])
    // Where deployed, the total is SQS's count of some seconds ago.
    const { items, item_count } = await eventually(
      () => listOf(work),
      (list) => list.items.length === 2 && list.total_count === 2,
    )
    expect(item_count).toBe(2)
    expect(items[0]).toMatchObject({ reason: 'rejected', payload: 'first', exchange: '', routing_key: work })
    expect(items[0]?.properties.headers?.kept).toBe('first')
    expect(items.map(({ properties }) => deathsOf(properties))).toEqual([
      [`${work} rejected 1`],
      [`${work} rejected 1`],
    ])
    expect(Date.parse(items[0]?.died_at ?? '')).toBeLessThanOrEqual(Date.parse(items[1]?.died_at ?? ''))
    // Looking changes nothing.
    expect((await listOf(work)).items).toHaveLength(2)
  })

  test('because it came back too often is kept as well', async () => {
    const work = await story.queue(unique('work'), { 'x-queue-type': 'quorum', 'x-delivery-limit': 0 })
    await story.publish('amq.default', { routing_key: work, payload: 'poison' })
    expect(await story.get(work, { ackmode: 'ack_requeue_true' })).toHaveLength(1)
    expect(await story.get(work)).toEqual([])
    const { items } = await eventually(
      () => listOf(work),
      (list) => list.items.length > 0,
    )
    expect(items).toMatchObject([{ reason: 'delivery_limit', payload: 'poison' }])
  })

  test('goes back to its queue, and can die again', async () => {
    const work = await rejecting('again')
    expect(await redrive(work)).toMatchObject({
      status: 200,
      body: { redriven: 1, unroutable: 0, failed: 0, complete: true },
    })
    expect(await story.get(work, { ackmode: 'reject_requeue_false' })).toHaveLength(1)
    const { items } = await eventually(
      () => listOf(work),
      (list) => list.items.length > 0,
    )
    expect(deathsOf(items[0]?.properties ?? {})).toEqual([`${work} rejected 2`])
  })

  test('goes through an exchange; what that has no queue for stays', async () => {
    const work = await rejecting('a', 'b')
    const [other, exchange] = [await story.queue(unique('other')), await story.exchange(unique('x'), 'direct')]
    await story.bind(exchange, other, 'retry')
    const unrouted = await redrive(work, { to: { exchange } })
    expect(unrouted).toMatchObject({ status: 200, body: { redriven: 0, unroutable: 2, failed: 0, complete: true } })
    const routed = await redrive(work, { to: { exchange, routing_key: 'retry' } })
    expect(routed).toMatchObject({ status: 200, body: { redriven: 2, unroutable: 0 } })
    const got = await story.get(other)
    expect(payloadsOf(got)).toEqual(['a', 'b'])
    expect(got[0]).toMatchObject({ exchange, routing_key: 'retry' })
    expect((await listOf(work)).items).toEqual([])
  })

  test('is found by filters, and by them redriven or discarded', async () => {
    const work = await rejecting('a', 'b', 'c')
    expect((await listOf(work, '?reason=rejected&exchange=amq.default')).items).toHaveLength(3)
    expect((await listOf(work, '?reason=expired')).items).toEqual([])
    expect((await listOf(work, '?until=2020-01-01')).items).toEqual([])
    expect((await listOf(work, '?since=2020-01-01T00:00:00Z&count=2')).items).toHaveLength(2)
    const one = await redrive(work, { filter: { routing_key: work }, count: 1 })
    expect(one).toMatchObject({ status: 200, body: { redriven: 1, complete: true } })
    expect(await story.call('DELETE', lettersPath(work, `?routing_key=${work}`))).toMatchObject({
      status: 200,
      body: { discarded: 2, complete: true },
    })
    expect((await listOf(work)).items).toEqual([])
  })

  test('and a filter that matches none of them: it is said, and nothing changes', async () => {
    const work = await rejecting('a')
    const reason = expect.stringMatching(/^no dead letter of queue .* matches the filter/)
    expect(await redrive(work, { filter: { reason: 'expired' } })).toMatchObject({ status: 400, body: { reason } })
    const discarded = await story.call('DELETE', lettersPath(work, '?reason=expired'))
    expect(discarded).toMatchObject({ status: 400, body: { reason } })
    expect((await listOf(work)).items).toHaveLength(1)
  })

  test('goes with its queue', async () => {
    const work = await rejecting('a')
    expect((await story.call('DELETE', story.path('queues', work))).status).toBe(204)
    await story.queue(work)
    expect((await listOf(work)).items).toEqual([])
  })
})

describe('what cannot be meant is refused', () => {
  test.each([
    ['GET', '?reson=rejected', undefined, /'reson' is not known here: use reason, /],
    ['DELETE', '?reason=bored', undefined, /^reason is 'bored', it must be one of rejected, /],
    ['DELETE', '?since=yesterday', undefined, /^since is 'yesterday', it must be a time such as /],
    ['GET', '?count=1001', undefined, /^count is 1001, it must be 1 to 1000$/],
    ['POST', '/redrive', { filter: { reson: 'rejected' } }, /'reson' is not known here/],
    ['POST', '/redrive', { reason: 'rejected' }, /'reason' is not known here: use filter, to, count/],
    ['POST', '/redrive', { filter: 1 }, /^filter must be a JSON object$/],
    ['POST', '/redrive', { to: {} }, /key_missing,exchange/],
  ])('%s …%s %j', async (method, suffix, body, reason) => {
    const work = await story.queue(unique('work'))
    const answer = await story.call(method, lettersPath(work, suffix), body)
    expect(answer).toMatchObject({ status: 400, body: { reason: expect.stringMatching(reason) } })
  })

  test('a queue or an exchange that does not exist', async () => {
    expect((await story.call('GET', lettersPath(unique('none')))).status).toBe(404)
    const work = await story.queue(unique('work'))
    expect((await redrive(work, { to: { exchange: unique('none') } })).status).toBe(404)
  })

  test('whoever may not read the queue, or not write to the exchange', async () => {
    const work = await rejecting('secret')
    const reader = story.as(await story.user('management', { configure: '', write: '', read: '.*' }))
    expect((await reader.call('GET', lettersPath(work))).status).toBe(200)
    const forbidden = await reader.call('POST', `${lettersPath(work)}/redrive`, { to: { exchange: 'amq.fanout' } })
    expect(forbidden.status).toBe(401)
    const stranger = story.as(await story.user('management', { configure: '.*', write: '.*', read: '' }))
    for (const [method, suffix] of [
      ['GET', ''],
      ['DELETE', ''],
      ['POST', '/redrive'],
    ] as const) {
      expect((await stranger.call(method, lettersPath(work, suffix))).status).toBe(401)
    }
    expect((await listOf(work)).items).toHaveLength(1)
  })
})

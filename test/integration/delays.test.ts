import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

/** A delayed exchange with a queue behind it; answers the name that both have. */
async function delayed(type = 'fanout'): Promise<string> {
  const name = await story.exchange(unique('delayed'), 'x-delayed-message', { 'x-delayed-type': type })
  await story.queue(name)
  await story.bind(name, name, 'key')
  return name
}

const publishLater = (exchange: string, delayMs: unknown, payload: string) =>
  story.publish(exchange, { routing_key: 'key', payload, properties: { headers: { 'x-delay': delayMs } } })

const scheduled = async (exchange: string) =>
  (await story.call('GET', `${story.path('exchanges', exchange)}/scheduled`)).body as {
    id: string
    due: string
    routing_key: string
    payload_bytes: number
  }[]

describe('a delayed exchange', () => {
  test('delivers each message when it is due, and none before', async () => {
    const name = await delayed('direct')
    const publishedMs = Date.now()
    await publishLater(name, 12_000, 'late')
    await publishLater(name, 2000, 'soon')
    expect((await scheduled(name)).map(({ payload_bytes }) => payload_bytes)).toEqual([4, 4])
    const arrivals: [string, number][] = []
    await eventually(
      async () => {
        for (const { payload } of await story.get(name, { wait: 1 })) arrivals.push([payload, Date.now() - publishedMs])
        return arrivals
      },
      ({ length }) => length === 2,
    )
    expect(arrivals.map(([payload]) => payload)).toEqual(['soon', 'late'])
    expect(arrivals[0]?.[1]).toBeGreaterThanOrEqual(2000)
    expect(arrivals[1]?.[1]).toBeGreaterThanOrEqual(12_000)
    expect(await scheduled(name)).toEqual([])
  })

  test('says what it holds, and lets go of it for good', async () => {
    const name = await delayed()
    await publishLater(name, 31_536_000_000, 'next year')
    await publishLater(name, '3600000', 'in an hour')
    const [hour, year] = await scheduled(name)
    expect([hour?.payload_bytes, year?.payload_bytes]).toEqual([10, 9])
    expect(Date.parse(year?.due ?? '') - Date.now()).toBeGreaterThan(31_000_000_000)
    const path = `${story.path('exchanges', name)}/scheduled/${hour?.id}`
    expect((await story.call('DELETE', path)).status).toBe(204)
    expect((await story.call('DELETE', path)).status).toBe(404)
    expect(await scheduled(name)).toEqual([year])
  })

  test('refuses more than a year, and says so', async () => {
    const name = await delayed()
    const answer = await story.call('POST', `${story.path('exchanges', name)}/publish`, {
      routing_key: '',
      payload: 'x',
      payload_encoding: 'string',
      properties: { headers: { 'x-delay': 31_536_000_001 } },
    })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain('31536000000 ms at most')
    expect(await scheduled(name)).toEqual([])
  })

  test('needs a type to route by', async () => {
    const path = story.path('exchanges', unique('typeless'))
    for (const args of [{}, { 'x-delayed-type': 'x-delayed-message' }, { 'x-delayed-type': 'nope' }]) {
      expect((await story.call('PUT', path, { type: 'x-delayed-message', arguments: args })).status).toBe(400)
    }
  })
})

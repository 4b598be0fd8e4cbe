import { describe, expect, test } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const ALL = { configure: '.*', write: '.*', read: '.*' }

interface JournalEntry {
  readonly version: number
  readonly who: string
  readonly when: number | string
  readonly events: readonly { readonly type: string; readonly [name: string]: unknown }[]
}

interface Topology {
  readonly queues: readonly { readonly name: string }[]
  readonly exchanges: readonly { readonly name: string }[]
  readonly bindings: readonly unknown[]
}

async function entriesOf(inVhost: Story, query = ''): Promise<JournalEntry[]> {
  const answer = await inVhost.call('GET', `${inVhost.path('journal')}${query}`)
  expect(answer.status).toBe(200)
  return answer.body as JournalEntry[]
}

async function topologyOf(inVhost: Story, version: number): Promise<Topology> {
  const answer = await inVhost.call('GET', `${inVhost.path('journal')}?version=${version}`)
  expect(answer.status).toBe(200)
  return answer.body as Topology
}

const ownExchanges = ({ exchanges }: Topology): string[] =>
  exchanges.map(({ name }) => name).filter((name) => !name.startsWith('amq.'))

describe('the journal', () => {
  test('says who changed what, in the order in which it happened', async () => {
    const inVhost = await story.inVhost(unique('audit'))
    const alice = await inVhost.user('management', ALL)
    const asAlice = inVhost.as(alice)
    await asAlice.queue('orders')
    await inVhost.exchange('events', 'topic')
    await asAlice.bind('events', 'orders', 'a.#', { 'x-note': 'kept' })
    await inVhost.call('DELETE', inVhost.path('queues', 'orders'))

    const entries = await entriesOf(inVhost)
    expect(entries.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5])
    expect(entries.map(({ who }) => who)).toEqual(['guest', alice.username, 'guest', alice.username, 'guest'])
    expect(entries.map(({ events }) => events.map(({ type }) => type))).toEqual([
      ['vhost-opened'],
      ['queue-declared'],
      ['exchange-declared'],
      ['bound'],
      ['queue-deleted'],
    ])
    expect(entries[3]?.events[0]).toMatchObject({
      binding: { source: 'events', destination: 'orders', routing_key: 'a.#', arguments: { 'x-note': 'kept' } },
    })
    const times = entries.map(({ when }) => new Date(when).getTime())
    expect(times).toEqual(times.toSorted((left, right) => left - right))
    expect(Math.abs(Date.now() - (times.at(-1) ?? 0))).toBeLessThan(60_000)
  })

  test('has no entry for what changed nothing or was refused', async () => {
    const inVhost = await story.inVhost(unique('quiet'))
    await inVhost.queue('same')
    const before = await entriesOf(inVhost)
    expect((await inVhost.call('PUT', inVhost.path('queues', 'same'), { durable: true })).status).toBe(204)
    expect((await inVhost.call('PUT', inVhost.path('queues', 'same'), { durable: false })).status).toBe(400)
    expect((await inVhost.call('DELETE', inVhost.path('queues', 'other'))).status).toBe(404)
    await inVhost.publish('', { routing_key: 'same' })
    await inVhost.get('same')
    expect(await entriesOf(inVhost)).toEqual(before)
  })

  test('shows the topology as it was at each version', async () => {
    const inVhost = await story.inVhost(unique('then'))
    await inVhost.exchange('events', 'topic')
    await inVhost.queue('orders', { 'x-message-ttl': 1000 })
    await inVhost.bind('events', 'orders', 'k')
    await inVhost.call('DELETE', inVhost.path('exchanges', 'events'))

    const then = [undefined, ...(await Promise.all([1, 2, 3, 4, 5].map((version) => topologyOf(inVhost, version))))]
    const seen = then
      .slice(1)
      .map((topology) => topology && [ownExchanges(topology), topology.queues, topology.bindings])
    const orders = { name: 'orders', durable: true, arguments: { 'x-message-ttl': 1000 } }
    const bound = {
      source: 'events',
      destination: 'orders',
      destination_type: 'queue',
      routing_key: 'k',
      arguments: {},
    }
    expect(seen).toMatchObject([
      [[], [], []],
      [['events'], [], []],
      [['events'], [orders], []],
      [['events'], [orders], [bound]],
      [[], [orders], []],
    ])
  })

  test('gives back what was deleted: a version can be imported', async () => {
    const inVhost = await story.inVhost(unique('undo'))
    await inVhost.exchange('events', 'topic')
    await inVhost.queue('orders')
    await inVhost.bind('events', 'orders', 'k')
    const version = (await entriesOf(inVhost)).at(-1)?.version ?? 0
    await inVhost.call('DELETE', inVhost.path('exchanges', 'events'))
    await inVhost.call('DELETE', inVhost.path('queues', 'orders'))
    const then = await topologyOf(inVhost, version)
    expect((await inVhost.call('POST', `/api/definitions/${inVhost.vhost}`, then)).status).toBe(204)
    expect(await inVhost.publish('events', { routing_key: 'k', payload: 'back' })).toBe(true)
    expect(await inVhost.get('orders')).toMatchObject([{ payload: 'back' }])
  })

  test('is read page by page', async () => {
    const inVhost = await story.inVhost(unique('paged'))
    for (let index = 0; index < 12; index += 1) await inVhost.exchange(`e${index}`, 'fanout')
    const versions = async (query: string) => (await entriesOf(inVhost, query)).map(({ version }) => version)
    expect(await versions('?limit=5')).toEqual([1, 2, 3, 4, 5])
    expect(await versions('?after=5&limit=5')).toEqual([6, 7, 8, 9, 10])
    expect(await versions('?after=10')).toEqual([11, 12, 13])
    expect(await versions('?after=13')).toEqual([])
  })

  test.each(['?version=0', '?version=x', '?version=-1', '?limit=0', '?limit=1001', '?after=1.5'])(
    'with %s is a 400 that says what it takes',
    async (query) => {
      const answer = await story.call('GET', `${story.path('journal')}${query}`)
      expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
      expect(JSON.stringify(answer.body)).toMatch(/whole number from \d+ to \d+/)
    },
  )

  test('has no version that never was', async () => {
    expect(await story.call('GET', `${story.path('journal')}?version=1000000`)).toMatchObject({ status: 404 })
    expect(await story.call('GET', '/api/journal/nowhere')).toMatchObject({ status: 404 })
  })
})

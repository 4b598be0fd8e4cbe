import { beforeAll, describe, expect, test } from 'vitest'
import { PATIENCE_MS } from '../support/deployed.ts'
import { useLeveret } from '../support/embedded.ts'
import { Story, unique } from './story.ts'

const leveret = useLeveret()

type Item = Record<string, unknown>

interface Page {
  readonly total_count: number
  readonly item_count: number
  readonly filtered_count: number
  readonly page: number
  readonly page_size: number
  readonly page_count: number
  readonly items: readonly Item[]
}

let shop: Story
let other: Story

/** Twelve queues in one vhost, one in another; only the third has messages. */
beforeAll(async () => {
  const story = new Story(leveret)
  shop = await story.inVhost(unique('shop'))
  other = await story.inVhost(unique('other'))
  for (let index = 0; index < 12; index += 1) {
    await shop.queue(`Queue.${String(index).padStart(2, '0')}`, index % 2 === 0 ? { 'x-max-length': index } : {})
  }
  await other.queue('elsewhere')
  for (const payload of ['one', 'two']) await shop.publish('', { routing_key: 'Queue.02', payload })
})

async function list<T>(path: string): Promise<T> {
  const answer = await shop.call('GET', path)
  expect(answer).toMatchObject({ status: 200 })
  expect(answer.headers['content-type']).toBe('application/json')
  return answer.body as T
}

const queues = (query: string) => list<Item[]>(`${shop.path('queues')}?${query}`)
const queuePage = (query: string) => list<Page>(`${shop.path('queues')}?${query}`)
const names = (items: readonly Item[]): unknown[] => items.map(({ name }) => name)
const named = (...indices: number[]): string[] => indices.map((index) => `Queue.${String(index).padStart(2, '0')}`)

describe('sort', () => {
  test('by nothing is by name, and turned round where that is asked for', async () => {
    expect(names(await queues(''))).toEqual(named(...Array(12).keys()))
    expect(names(await queues('sort_reverse=true'))).toEqual(named(...[...Array(12).keys()].reverse()))
  })

  test('goes by a field, also by one that is counted, and by name where it is equal', async () => {
    const sorted = await queues('sort=messages&sort_reverse=true&columns=name,messages')
    expect(sorted[0]).toEqual({ name: 'Queue.02', messages: 2 })
    expect(names(await queues('sort=messages')).at(-1)).toBe('Queue.02')
  })

  test('goes into what is nested; what is missing there counts as 0', async () => {
    const sorted = names(await queues('sort=arguments.x-max-length'))
    expect(sorted.slice(-5)).toEqual(named(2, 4, 6, 8, 10))
    expect(sorted.slice(0, 7).sort()).toEqual(named(0, 1, 3, 5, 7, 9, 11))
  })

  test('by what there is not changes nothing', async () => {
    for (const field of ['no.such.field', '__proto__', 'constructor.name', '..']) {
      expect(names(await queues(`sort=${field}`)), field).toEqual(named(...Array(12).keys()))
    }
  })
})

describe('columns', () => {
  test('keep what they name, also of what is nested', async () => {
    const [first, second] = await queues('columns=name,arguments.x-max-length,nothing')
    expect(first).toEqual({ name: 'Queue.00', arguments: { 'x-max-length': 0 } })
    expect(second).toEqual({ name: 'Queue.01', arguments: {} })
  })

  test('work on one object', async () => {
    expect(await list(`${shop.path('queues', 'Queue.02')}?columns=messages`)).toEqual({ messages: 2 })
    expect(await list(`${shop.path('exchanges', 'amq.topic')}?columns=type,name`)).toEqual({
      type: 'topic',
      name: 'amq.topic',
    })
  })
})

describe('page', () => {
  test('makes an object of the list that says where it stands', async () => {
    const page = await queuePage('page=2&page_size=5&columns=name')
    expect(page).toEqual({
      total_count: 12,
      item_count: 5,
      filtered_count: 12,
      page: 2,
      page_size: 5,
      page_count: 3,
      items: named(5, 6, 7, 8, 9).map((name) => ({ name })),
    })
    const last = await queuePage('page=3&page_size=5')
    expect([last.item_count, names(last.items)]).toEqual([2, named(10, 11)])
    expect(await queuePage('page=1&pagination=false')).toMatchObject({ page_size: 100, item_count: 12, page_count: 1 })
  })

  test('filters by a part of the name or by a pattern, whatever the case', async () => {
    expect(await queuePage('page=1&name=QUEUE.1')).toMatchObject({ total_count: 12, filtered_count: 2, item_count: 2 })
    expect(await queuePage('page=1&name=e.0[1-3]$&use_regex=true')).toMatchObject({ filtered_count: 3 })
    expect(names((await queuePage('page=1&name=%5Equeue%5C.%28?:01%7C11%29$&use_regex=true')).items)).toEqual(
      named(1, 11),
    )
    expect(await queuePage('page=1&name=e.0[1-3]$')).toMatchObject({ filtered_count: 0, page_count: 0, items: [] })
  })

  test('name and use_regex count for nothing without it', async () => {
    expect(await queues('name=QUEUE.11&use_regex=true')).toHaveLength(12)
  })

  test('is sorted as a whole, not page by page', async () => {
    const page = await queuePage('page=1&page_size=3&sort=name&sort_reverse=true')
    expect(names(page.items)).toEqual(named(11, 10, 9))
  })

  test.each(['queues', 'exchanges', 'vhosts', 'users', 'connections', 'channels'])(
    'turns %s into pages',
    async (resource) => {
      const all = await list<Item[]>(`/api/${resource}`)
      const page = await list<Page>(`/api/${resource}?page=1&page_size=1`)
      expect(page).toMatchObject({
        total_count: all.length,
        item_count: Math.min(1, all.length),
        page: 1,
        page_size: 1,
      })
      expect(page.page_count).toBe(all.length)
    },
  )

  test('1 of nothing is there, 2 of nothing is not', async () => {
    expect(await list('/api/connections?page=1')).toMatchObject({ page_count: 0, items: [] })
    expect(await shop.call('GET', '/api/connections?page=2')).toMatchObject({ status: 400 })
  })

  test.each([
    ['page=0', 'invalid_pagination_parameters'],
    ['page=-1', 'invalid_pagination_parameters'],
    ['page=1&page_size=0', 'invalid_pagination_parameters'],
    ['page=1&page_size=501', 'invalid_pagination_parameters'],
    ['page=9', 'page_out_of_range'],
    ['page=2&page_size=500', 'page_out_of_range'],
    ['page=x', 'bad_request'],
    ['page=', 'bad_request'],
    ['page=1e3', 'bad_request'],
    ['page=99999999999999999999', 'bad_request'],
    ['page=1&page_size=many', 'bad_request'],
    ['page=1&name=(&use_regex=true', 'bad_request'],
    [`page=1&name=${'a'.repeat(1025)}&use_regex=true`, 'bad_request'],
    ['lengths_age=60', 'bad_request'],
    ['lengths_age=60&lengths_incr=x', 'bad_request'],
    ['msg_rates_age=6000&msg_rates_incr=1', 'bad_request'],
  ])('%s is refused with 400 and the code %s', async (query, error) => {
    const answer = await shop.call('GET', `${shop.path('queues')}?${query}`)
    expect(answer).toMatchObject({ status: 400, body: { error, reason: expect.any(String) } })
  })

  test('with a catastrophic pattern is answered as fast as any', async () => {
    const startedMs = performance.now()
    for (const pattern of ['(a+)+$', '(.*)*x', '(Queue|Q.*)*!', '(.|..)*$']) {
      const answer = await shop.call(
        'GET',
        `${shop.path('queues')}?page=1&use_regex=true&name=${encodeURIComponent(pattern)}`,
      )
      expect([200, 400], pattern).toContain(answer.status)
    }
    expect(performance.now() - startedMs).toBeLessThan(PATIENCE_MS / 4)
  })
})

describe('counts', () => {
  test('are left out where that is asked for, and kept where their totals are', async () => {
    expect((await queues('disable_stats=true'))[2]).not.toHaveProperty('messages')
    expect((await queues('disable_stats=true&enable_queue_totals=true'))[2]).toMatchObject({ messages: 2 })
    expect((await queues(''))[2]).toMatchObject({ messages: 2, messages_ready: 2, messages_unacknowledged: 0 })
  })

  test('of what is handed out and not settled are counted apart', async () => {
    const queue = await other.queue(unique('counted'))
    for (const payload of ['a', 'b', 'c']) await other.publish('', { routing_key: queue, payload })
    await other.get(queue, { ackmode: 'manual', count: 1 })
    expect((await other.call('GET', other.path('queues', queue))).body).toMatchObject({
      messages: 3,
      messages_ready: 2,
      messages_unacknowledged: 1,
    })
  })
})

describe('X-Vhost', () => {
  const inVhost = (path: string, vhost: string) =>
    leveret.call('GET', path, undefined, { headers: { 'x-vhost': vhost } })

  test.each(['queues', 'exchanges', 'bindings'])('narrows %s to one vhost', async (resource) => {
    const filtered = await inVhost(`/api/${resource}`, other.vhost)
    expect(filtered.status).toBe(200)
    const items = filtered.body as { vhost: string }[]
    expect(items.length).toBeGreaterThan(0)
    expect(new Set(items.map(({ vhost }) => vhost))).toEqual(new Set([other.vhost]))
  })

  test('says nothing where the path names a vhost', async () => {
    expect((await inVhost(shop.path('queues'), other.vhost)).body).toHaveLength(12)
  })

  test('of a vhost that is not there, or that the user may not enter, is refused', async () => {
    expect((await inVhost('/api/queues', 'nowhere')).status).toBe(404)
    const login = await shop.user('management', { configure: '', write: '', read: '' })
    const headers = { 'x-vhost': other.vhost }
    expect((await leveret.call('GET', '/api/queues', undefined, { login, headers })).status).toBe(401)
  })
})

test('a list without a vhost shows the vhosts that the user may enter', async () => {
  const login = await shop.user('management', { configure: '', write: '', read: '' })
  const { body } = await shop.as(login).call('GET', '/api/queues')
  expect(new Set((body as { vhost: string }[]).map(({ vhost }) => vhost))).toEqual(new Set([shop.vhost]))
  expect(names((await shop.as(login).call('GET', '/api/vhosts')).body as Item[])).toEqual([shop.vhost])
})

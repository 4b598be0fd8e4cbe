import { beforeAll, describe, expect, test } from 'vitest'
import { commitToVhost } from '../../lib/broker/change.ts'
import { hasVhost, openSession } from '../../lib/broker/session.ts'
import { ulid } from '../../lib/model/id.ts'
import type { User } from '../../lib/model/user.ts'
import type { ImportItem } from '../../lib/topology/vhost/import.ts'
import { useApi } from './support/client.ts'

const client = useApi()

const QUEUES = 10_000
const BINDINGS = 100_000
const PER_COMMIT = 1000
const FILLING_LIMIT_MS = 120_000

const MAX_ANSWER_BYTES = 6 * 1024 * 1024

/** Queues without SQS queues behind them: lists that show no counts never look for those. */
const queueItem = (index: number): ImportItem => ({
  type: 'declare-queue',
  id: ulid(index, new Uint8Array(16)),
  name: `queue-${String(index).padStart(5, '0')}`,
  durable: true,
  autoDelete: false,
  arguments: index % 2 === 0 ? {} : { 'x-queue-type': 'quorum' },
  user: 'guest',
  sqsQueues: [{ name: `none-${index}` }],
})

const bindingItem = (index: number): ImportItem => ({
  type: 'bind',
  source: 'amq.topic',
  destinationType: 'queue',
  destination: `queue-${String(index % QUEUES).padStart(5, '0')}`,
  routingKey: `key-${index}`,
  arguments: {},
})

async function fill(items: readonly ImportItem[]): Promise<void> {
  const { broker } = client
  for (let start = 0; start < items.length; start += PER_COMMIT) {
    const session = await openSession(broker, {
      arrival: broker.journals.arrival(),
      vhost: 'large',
      confirm: true,
      authenticate: (access) => access.users.get('guest') as User,
    })
    if (!hasVhost(session)) throw new Error('the vhost is missing')
    await commitToVhost(session, { type: 'import', items: items.slice(start, start + PER_COMMIT) })
  }
}

interface Page {
  readonly total_count: number
  readonly filtered_count: number
  readonly item_count: number
  readonly page_count: number
  readonly items: readonly Readonly<Record<string, unknown>>[]
}

async function page(path: string): Promise<Page> {
  const answer = await client.call('GET', path)
  expect(answer.status).toBe(200)
  expect(Buffer.byteLength(answer.text)).toBeLessThan(MAX_ANSWER_BYTES)
  return answer.body as Page
}

describe('a vhost with 10,000 queues and 100,000 bindings', { timeout: 30_000 }, () => {
  beforeAll(async () => {
    await client.call('PUT', '/vhosts/large', {})
    await fill(Array.from({ length: QUEUES }, (_, index) => queueItem(index)))
    await fill(Array.from({ length: BINDINGS }, (_, index) => bindingItem(index)))
    for (let index = 0; index < 20; index += 1) {
      const policy = { pattern: `^queue-.*${index}$`, definition: { 'message-ttl': index + 1 }, priority: index }
      await client.call('PUT', `/policies/large/p${index}`, policy)
    }
  }, FILLING_LIMIT_MS)

  test('lists its queues in pages, filtered and sorted', async () => {
    const query = 'disable_stats=true&page_size=500'
    const first = await page(`/queues/large?page=1&${query}`)
    expect(first).toMatchObject({ total_count: QUEUES, filtered_count: QUEUES, item_count: 500, page_count: 20 })
    expect(first.items[0]).toMatchObject({ name: 'queue-00000', policy: 'p0' })
    const last = await page(`/queues/large?page=20&${query}&sort=name&sort_reverse=true`)
    expect(last.items.at(-1)).toMatchObject({ name: 'queue-00000' })
    const found = await page(`/queues/large?page=1&${query}&name=-0123&sort=type`)
    expect(found).toMatchObject({ filtered_count: 10, item_count: 10 })
    expect(found.items.map(({ name }) => name)).toEqual([
      ...[0, 2, 4, 6, 8].map((digit) => `queue-0123${digit}`),
      ...[1, 3, 5, 7, 9].map((digit) => `queue-0123${digit}`),
    ])
    expect(await page(`/queues/large?page=1&${query}&use_regex=true&name=9$`)).toMatchObject({ filtered_count: 1000 })
  })

  test('lists its bindings in pages too, and finds them by either end and by key', async () => {
    const first = await page('/bindings/large?page=1&page_size=500')
    expect(first).toMatchObject({ total_count: BINDINGS + QUEUES, item_count: 500, page_count: 220 })
    expect(first.items[0]).toMatchObject({ source: '', destination: 'queue-00000' })
    expect(await page('/bindings/large?page=1&name=queue-00042')).toMatchObject({ filtered_count: 11 })
    expect(await page('/bindings/large?page=1&name=key-99999')).toMatchObject({ filtered_count: 1 })
  })

  test('answers what does not fit into an answer with what to do', async () => {
    const answer = await client.call('GET', '/bindings/large')
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(answer.text).toContain('of lists that have pages')
    expect(await client.call('GET', '/queues/large?disable_stats=true&columns=name')).toMatchObject({ status: 200 })
  })
})

import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { type Bench, startLeveret } from './brokers.ts'
import type { HttpConnection } from './http-client.ts'
import { median } from './samples.ts'

/**
 * `npm run soak -- [--minutes 10]`: publishers, consumers and changes of the topology at `npm start` all the while. Fails
 * for any answer that is an error, a message that is lost, one that nobody sent, and memory that grows.
 */
const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } })
const forMs = Number(values.minutes) * 60_000

const EXCHANGE = '/api/exchanges/%2F/soak'
const QUEUES = ['soak-0', 'soak-1', 'soak-2']
const SAMPLE_MS = 5000
/** Publishers wait while more than this is on its way, so that what is held is memory that leaks and no backlog. */
const MAX_BACKLOG = 3000
/** The last third of the time against the one before it. */
const MAX_GROWTH = 1.1

const missing = new Map(QUEUES.map((queue) => [queue, new Set<string>()]))
const totals = { published: 0, got: 0, settled: 0, duplicates: 0, unexpected: 0, changes: 0 }
const memoryMb: number[] = []
const seen = new Set<string>()
let nextId = 0

const leveret = await startLeveret()
const [admin, one, many, autoAck, manual, changer] = leveret.clients as [
  HttpConnection,
  HttpConnection,
  HttpConnection,
  HttpConnection,
  HttpConnection,
  HttpConnection,
]
const endMs = performance.now() + forMs
const isOver = (): boolean => performance.now() >= endMs
const sampling = setInterval(sample, SAMPLE_MS, leveret)
try {
  await declare(admin)
  await Promise.all([
    until(isOver, () => publishOne(one)),
    until(isOver, () => publishMany(many)),
    until(isOver, () => consume(autoAck, 'soak-0')),
    until(isOver, () => consume(autoAckOf(1), 'soak-1')),
    until(isOver, () => consumeByTag(manual, 'soak-2')),
    until(isOver, () => change(changer)),
  ])
  clearInterval(sampling)
  await drain()
} finally {
  clearInterval(sampling)
  await leveret.close()
}
report()

function autoAckOf(index: number): HttpConnection {
  return leveret.clients[6 + index] as HttpConnection
}

async function until(isDone: () => boolean, work: () => Promise<void>): Promise<void> {
  while (!isDone()) await work()
}

async function declare(client: HttpConnection): Promise<void> {
  await client.call('PUT', EXCHANGE, { type: 'topic', durable: true })
  for (const queue of QUEUES) {
    await client.call('PUT', `/api/queues/%2F/${queue}`, { durable: true })
    await client.call('POST', `/api/bindings/%2F/e/soak/q/${queue}`, { routing_key: `#.${queue}.#` })
  }
}

function entry(): { body: object; queues: readonly string[]; id: string } {
  const id = `message-${nextId++}`
  const queues = QUEUES.filter((_, index) => (nextId >> index) % 2 === 0)
  const body = {
    properties: { message_id: id, delivery_mode: 2 },
    routing_key: ['x', ...queues].join('.'),
    payload: 'x'.repeat(nextId % 2000),
    payload_encoding: 'string',
  }
  return { body, queues, id }
}

/** What is written down before it is sent may be got before the answer is here. */
function expect({ id, queues }: { id: string; queues: readonly string[] }): void {
  for (const queue of queues) missing.get(queue)?.add(id)
  totals.published += 1
}

function backlog(): number {
  return Math.max(...Array.from(missing.values(), ({ size }) => size))
}

async function publishOne(client: HttpConnection): Promise<void> {
  if (backlog() > MAX_BACKLOG) return pause()
  const published = entry()
  expect(published)
  const { routed } = JSON.parse(await client.call('POST', `${EXCHANGE}/publish`, published.body)) as { routed: boolean }
  if (routed !== published.queues.length > 0) throw new Error(`${published.id} was routed: ${routed}`)
}

async function publishMany(client: HttpConnection): Promise<void> {
  if (backlog() > MAX_BACKLOG) return pause()
  const batch = Array.from({ length: 20 }, entry)
  for (const published of batch) expect(published)
  const answer = await client.call(
    'POST',
    `${EXCHANGE}/publish/batch`,
    batch.map(({ body }) => body),
  )
  assertNoError(answer)
}

/** By its field: a delivery tag may spell anything. */
function assertNoError(answer: string): void {
  if (answer.includes('"error":')) throw new Error(answer)
}

interface Got {
  readonly properties: { readonly message_id: string }
  readonly delivery_tag?: string
}

async function get(client: HttpConnection, queue: string, ackmode: string): Promise<readonly Got[]> {
  const body = { count: 50, ackmode, encoding: 'auto', wait: 1 }
  const messages = JSON.parse(await client.call('POST', `/api/queues/%2F/${queue}/get`, body)) as Got[]
  totals.got += messages.length
  return messages
}

async function consume(client: HttpConnection, queue: string): Promise<void> {
  for (const message of await get(client, queue, 'ack_requeue_false')) take(queue, message)
}

/** One in ten is put back once and comes again; the others are acknowledged. */
async function consumeByTag(client: HttpConnection, queue: string): Promise<void> {
  const messages = await get(client, queue, 'manual')
  if (messages.length === 0) return
  const entries = messages.map(({ delivery_tag, properties: { message_id } }) => {
    const isPutBack = Number(message_id.split('-')[1]) % 10 === 0 && !seen.has(message_id)
    if (isPutBack) seen.add(message_id)
    return { delivery_tag, action: isPutBack ? 'nack' : 'ack' }
  })
  const answer = await client.call('POST', `/api/queues/%2F/${queue}/settle`, entries)
  assertNoError(answer)
  totals.settled += entries.length
  for (const [index, message] of messages.entries()) {
    if (entries[index]?.action === 'ack') {
      take(queue, message)
      seen.delete(message.properties.message_id)
    }
  }
}

/** At least once: a duplicate is no fault, and is counted. */
function take(queue: string, { properties: { message_id: id } }: Got): void {
  const isKnown = Number(id.split('-')[1]) < nextId
  if (missing.get(queue)?.delete(id)) return
  if (isKnown) totals.duplicates += 1
  else totals.unexpected += 1
}

/** A queue with a binding comes and goes. */
async function change(client: HttpConnection): Promise<void> {
  const queue = `soak-${['a', 'b'][totals.changes % 2]}-${totals.changes}`
  await client.call('PUT', `/api/queues/%2F/${queue}`, { durable: true })
  await client.call('POST', `/api/bindings/%2F/e/soak/q/${queue}`, { routing_key: `other.*.${queue}` })
  await client.call('DELETE', `/api/queues/%2F/${queue}`)
  totals.changes += 3
}

/** What is left is got when nobody publishes any more. */
async function drain(): Promise<void> {
  const deadlineMs = performance.now() + 120_000
  await until(
    () => backlog() === 0 || performance.now() > deadlineMs,
    async () => {
      for (const queue of QUEUES) await consume(admin, queue)
    },
  )
}

function sample({ pid }: Bench & { readonly pid: number }): void {
  const resident = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  memoryMb.push(Number(resident) / 1000)
  const { published, got, changes } = totals
  console.error(
    `${Math.round((endMs - performance.now()) / 1000)} s left: ${published} published, ${got} got, ${changes} changes, ${Math.round(memoryMb.at(-1) ?? 0)} MB`,
  )
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 20))
}

function report(): void {
  const third = Math.ceil(memoryMb.length / 3)
  const [before, last] = [memoryMb.slice(-2 * third, -third), memoryMb.slice(-third)].map(median) as [number, number]
  const lost = Array.from(missing.values(), ({ size }) => size).reduce((sum, size) => sum + size)
  console.log({ ...totals, lost, memoryMb: { before: Math.round(before), last: Math.round(last) } })
  const isFlat = last <= before * MAX_GROWTH
  if (lost > 0 || totals.unexpected > 0 || !isFlat) process.exitCode = 1
  process.exit()
}

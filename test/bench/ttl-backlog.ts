import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startLeveret } from '../../lib/local/testing.ts'

/**
 * `npm run bench:ttl -- --messages N --ttl SECONDS --consumers N`: a backlog of messages with a time to live, some of which
 * consumers take in time. Every message must be seen, by a consumer or in the dead-letter exchange's queue: none before its
 * time is over there, none after it here, and none twice where no request fails. Says how long it takes, and fails where
 * that does not hold.
 */
const { values } = parseArgs({
  options: {
    messages: { type: 'string', default: '50000' },
    ttl: { type: 'string', default: '30' },
    consumers: { type: 'string', default: '2' },
  },
})
const [count, ttlMs, consumerCount] = [Number(values.messages), Number(values.ttl) * 1000, Number(values.consumers)]

const BATCH = 1000
const PUBLISHERS = 4
/** Nothing new for so long: what is missing is lost. */
const STALLED_MS = 120_000
/** For what may come twice. */
const QUIET_MS = 10_000

const leveret = await startLeveret()
const authorization = `Basic ${Buffer.from(`${leveret.username}:${leveret.password}`).toString('base64')}`

let unavailable = 0

/** What is unavailable is asked for again, as a client does. */
async function call<T>(method: string, path: string, body: unknown): Promise<T> {
  const headers = { authorization, 'content-type': 'application/json' }
  const answer = await fetch(`${leveret.url}/api${path}`, { method, headers, body: JSON.stringify(body) }).catch(
    (error: unknown) => {
      if (isUnconnected(error)) return undefined
      throw error
    },
  )
  if (answer === undefined || answer.status === 503) {
    unavailable += 1
    console.log(`${method} ${path}: ${answer ? await answer.text() : 'no connection'}`)
    await delay(1000)
    return call(method, path, body)
  }
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return (text ? JSON.parse(text) : undefined) as T
}

/** Nothing has been asked then. */
const isUnconnected = (error: unknown): boolean =>
  error instanceof Error && (error.cause as { code?: string } | undefined)?.code === 'UND_ERR_CONNECT_TIMEOUT'

/** By message: when it was about to be published, and when it was confirmed. */
const sentMs = new Float64Array(count)
const confirmedMs = new Float64Array(count).fill(Number.POSITIVE_INFINITY)
const timesSeen = new Uint8Array(count)
const repeated = new Set<number>()
const found = { consumed: 0, expired: 0, early: 0, stale: 0 }
let [isOver, lastNewMs] = [false, 0]

function saw(index: number): void {
  timesSeen[index] = (timesSeen[index] ?? 0) + 1
  lastNewMs = Date.now()
}

async function get(queue: string, most: number): Promise<number[]> {
  const body = { count: most, ackmode: 'ack_requeue_false', encoding: 'auto' }
  const got = await call<{ payload: string }[]>('POST', `/queues/%2F/${queue}/get`, body)
  return got.map(({ payload }) => Number(payload))
}

async function consume(): Promise<void> {
  while (!isOver) {
    const startMs = Date.now()
    for (const index of await get('work', 20)) {
      saw(index)
      found.consumed += 1
      if (startMs > (confirmedMs[index] ?? 0) + ttlMs) found.stale += 1
    }
    await delay(100)
  }
}

async function collect(): Promise<void> {
  while (!isOver) {
    const got = await get('expired', 1000)
    const nowMs = Date.now()
    for (const index of got) {
      saw(index)
      found.expired += 1
      if (nowMs < (sentMs[index] ?? 0) + ttlMs) found.early += 1
    }
    if (got.length === 0) await delay(200)
  }
}

async function publish(batches: Iterator<number>): Promise<void> {
  for (let next = batches.next(); !next.done; next = batches.next()) {
    const indexes = Array.from({ length: Math.min(BATCH, count - next.value) }, (_, offset) => next.value + offset)
    for (const index of indexes) sentMs[index] = Date.now()
    const entries = indexes.map((index) => ({
      routing_key: 'work',
      payload: String(index),
      payload_encoding: 'string',
      properties: {},
    }))
    await publishAll(entries)
    for (const index of indexes) confirmedMs[index] = Date.now()
  }
}

/** What was not confirmed is published again, and may be there twice then. */
async function publishAll(entries: readonly { readonly payload: string }[]): Promise<void> {
  const path = '/exchanges/%2F/amq.default/publish/batch'
  const outcomes = await call<{ routed?: boolean }[]>('POST', path, entries)
  const left = entries.filter((_, index) => outcomes[index]?.routed !== true)
  if (left.length === 0) return
  unavailable += 1
  for (const { payload } of left) repeated.add(Number(payload))
  await publishAll(left)
}

function* starts(): Generator<number> {
  for (let start = 0; start < count; start += BATCH) yield start
}

const isAllSeen = (): boolean => timesSeen.every((times) => times > 0)

async function run(): Promise<void> {
  const deadLetter = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'expired' }
  await call('PUT', '/queues/%2F/expired', { durable: true })
  await call('PUT', '/queues/%2F/work', { durable: true, arguments: { ...deadLetter, 'x-message-ttl': ttlMs } })
  const beginMs = Date.now()
  const seconds = (ms: number): string => `${((ms - beginMs) / 1000).toFixed(1)} s`
  const workers = [collect(), ...Array.from({ length: consumerCount }, consume)]
  const batches = starts()
  await Promise.all(Array.from({ length: PUBLISHERS }, () => publish(batches)))
  const publishedMs = Date.now()
  console.log(`${count} messages published in ${seconds(publishedMs)}`)
  lastNewMs = publishedMs
  const isWaiting = () => Date.now() - Math.max(lastNewMs, publishedMs + ttlMs) < STALLED_MS
  while (!isAllSeen() && isWaiting()) await delay(500)
  const doneMs = lastNewMs
  await delay(QUIET_MS)
  isOver = true
  await Promise.all(workers)
  const missing = timesSeen.filter((times) => times === 0).length
  const twice = timesSeen.filter((times, index) => times > 1 && !repeated.has(index)).length
  console.log(`${found.consumed} consumed, ${found.expired} expired; the last one was seen after ${seconds(doneMs)},`)
  console.log(`${((doneMs - publishedMs - ttlMs) / 1000).toFixed(1)} s after the last one's time was over`)
  console.log(`${missing} missing, ${twice} more than once, ${found.early} early, ${found.stale} consumed too late`)
  console.log(`${unavailable} requests were unavailable, ${repeated.size} messages published again because of it`)
  // A machine that is too slow for its own timeouts repeats what it does not know to be done: duplicates are promised then.
  const tooOften = unavailable === 0 ? twice : 0
  if (missing + tooOften + found.early + found.stale > 0) process.exitCode = 1
}

try {
  await run()
} finally {
  isOver = true
  await leveret.close()
}

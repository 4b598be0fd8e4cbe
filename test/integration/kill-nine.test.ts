import { expect, test } from 'vitest'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import type { ApiAnswer } from '../support/embedded.ts'
import { type Broker, drain, start, untilGone } from './killed-broker.ts'

const ROUNDS = 10
const PUBLISHERS = 8
const QUEUES = ['first', 'second', 'fifo']
/** Enough for every publisher to have been answered, and then some. */
const LEAST_ANSWERED = 40
const MOST_MORE_ANSWERED = 120

/** What was answered with success, and so must be there after any crash. */
interface Answered {
  /** Payloads; each went to all queues. */
  readonly published: Set<string>
  /** The declared queues, the binding keys to `second`, and whether each was there at last. */
  readonly declared: Map<string, boolean>
  readonly bound: Map<string, boolean>
}

async function prepare({ call }: Broker): Promise<void> {
  for (const queue of QUEUES) {
    const args = queue === 'fifo' ? { 'x-single-active-consumer': true } : {}
    expect((await call('PUT', `/api/queues/%2F/${queue}`, { durable: true, arguments: args })).status).toBe(201)
    expect((await call('POST', `/api/bindings/%2F/e/amq.fanout/q/${queue}`, {})).status).toBe(201)
  }
}

function publishing({ call }: Broker, publisher: string, { published }: Answered, onAnswer: () => void): Promise<void> {
  return untilGone(async (index) => {
    const payload = `${publisher}.${index}`
    const message = { properties: {}, routing_key: '', payload, payload_encoding: 'string' }
    const { status, body } = await call('POST', '/api/exchanges/%2F/amq.fanout/publish', message)
    expect([status, body]).toEqual([200, { routed: true }])
    published.add(payload)
    onAnswer()
  })
}

/** What a change overlapped by the crash left is unknown, so it is expected neither way. */
function changing({ call }: Broker, round: number, { declared, bound }: Answered): Promise<void> {
  const change = async (
    known: Map<string, boolean>,
    name: string,
    isThere: boolean,
    request: () => Promise<ApiAnswer>,
  ) => {
    known.delete(name)
    expect((await request()).status).toBeOneOf([201, 204])
    known.set(name, isThere)
  }
  return untilGone(async (index) => {
    const [queue, key] = [`queue-${round}-${index}`, `key-${round}-${index}`]
    const bindings = '/api/bindings/%2F/e/amq.direct/q/second'
    await change(declared, queue, true, () => call('PUT', `/api/queues/%2F/${queue}`, { durable: true }))
    await change(bound, key, true, () => call('POST', bindings, { routing_key: key }))
    if (index % 2 === 0) return
    await change(declared, queue, false, () => call('DELETE', `/api/queues/%2F/${queue}`))
    await change(bound, key, false, () => call('DELETE', `${bindings}/${key}`))
  })
}

/** Publishes and changes from all sides, and kills the broker at a moment that nothing in it chose. */
async function crash(broker: Broker, round: number, answered: Answered): Promise<void> {
  const killAfter = LEAST_ANSWERED + Math.floor(Math.random() * MOST_MORE_ANSWERED)
  const enough = Promise.withResolvers<void>()
  let count = 0
  const onAnswer = () => {
    count += 1
    if (count === killAfter) enough.resolve()
  }
  const callers = [
    ...Array.from({ length: PUBLISHERS }, (_, index) => publishing(broker, `${round}.${index}`, answered, onAnswer)),
    changing(broker, round, answered),
  ]
  // A caller that fails ends the test instead of leaving it to wait.
  await Promise.race([enough.promise, Promise.all(callers)])
  await broker.kill()
  await Promise.all(callers)
}

async function namesIn({ call }: Broker, path: string, field: string): Promise<Set<unknown>> {
  const { status, body } = await call('GET', path)
  expect(status).toBe(200)
  return new Set((body as Record<string, unknown>[]).map((item) => item[field]))
}

async function expectAllThere(broker: Broker, { published, declared, bound }: Answered): Promise<void> {
  const queues = await namesIn(broker, '/api/queues/%2F', 'name')
  const keys = await namesIn(broker, '/api/bindings/%2F/e/amq.direct/q/second', 'routing_key')
  for (const [name, isThere] of declared) expect([name, queues.has(name)]).toEqual([name, isThere])
  for (const [key, isThere] of bound) expect([key, keys.has(key)]).toEqual([key, isThere])
  for (const queue of QUEUES) {
    const got = new Set(await drain(broker, queue))
    expect(
      [...published].filter((payload) => !got.has(payload)),
      `missing in ${queue}`,
    ).toEqual([])
  }
  published.clear()
}

test('ten kills with signal 9 lose no publish and no change that was answered', { timeout: 120_000 }, async () => {
  const dataDir = temporaryDirectory()
  const answered: Answered = { published: new Set(), declared: new Map(), bound: new Map() }
  let broker = await start(dataDir)
  await prepare(broker)
  for (let round = 0; round < ROUNDS; round += 1) {
    await crash(broker, round, answered)
    expect(answered.published.size).toBeGreaterThanOrEqual(LEAST_ANSWERED)
    broker = await start(dataDir)
    await expectAllThere(broker, answered)
  }
  expect(answered.declared.size).toBeGreaterThan(ROUNDS)
  // After all that, it works like any other.
  expect((await broker.call('PUT', '/api/queues/%2F/last', { durable: true })).status).toBe(201)
})

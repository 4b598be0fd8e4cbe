import { expect, test } from 'vitest'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import { type Broker, drain, start, untilGone } from './killed-broker.ts'

/** What waits for a moment, and what dies, while the broker is killed: nothing that was confirmed is lost on its way. */

const ROUNDS = 4
const LEAST_ANSWERED = 40
const MOST_MORE_ANSWERED = 80
/** What a killed process had in hand comes back within minutes: leases of 30 to 90 s end, and the clock comes by each minute. */
const PATIENCE_MS = 300_000

/** Where messages are published to, and every queue that each may be in at last. */
const ROUTES = {
  delayed: { exchange: 'later', routingKey: 'arrived', ends: ['arrived'] },
  expiring: { exchange: 'amq.default', routingKey: 'brief', ends: ['expired'] },
  rejected: { exchange: 'amq.default', routingKey: 'work', ends: ['work', 'rejected'] },
  kept: { exchange: 'amq.default', routingKey: 'refused', ends: ['refused'] },
} as const

type Kind = keyof typeof ROUTES
const KINDS = Object.keys(ROUTES) as Kind[]

async function prepare({ call }: Broker): Promise<void> {
  const queues: Record<string, object> = {
    arrived: {},
    expired: {},
    rejected: {},
    refused: {},
    brief: { 'x-message-ttl': 1500, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'expired' },
    work: { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'rejected' },
  }
  for (const [name, args] of Object.entries(queues)) {
    expect((await call('PUT', `/api/queues/%2F/${name}`, { durable: true, arguments: args })).status).toBe(201)
  }
  const later = { type: 'x-delayed-message', durable: true, arguments: { 'x-delayed-type': 'direct' } }
  expect((await call('PUT', '/api/exchanges/%2F/later', later)).status).toBe(201)
  const bound = await call('POST', '/api/bindings/%2F/e/later/q/arrived', { routing_key: 'arrived' })
  expect(bound.status).toBe(201)
}

function publishing({ call }: Broker, round: number, kind: Kind, confirmed: Set<string>, onAnswer: () => void) {
  const { exchange, routingKey } = ROUTES[kind]
  return untilGone(async (index) => {
    const payload = `${round}.${index}`
    const headers = kind === 'delayed' ? { 'x-delay': 1000 + Math.floor(Math.random() * 2000) } : {}
    const message = { properties: { headers }, routing_key: routingKey, payload, payload_encoding: 'string' }
    const { status, body } = await call('POST', `/api/exchanges/%2F/${exchange}/publish`, message)
    expect([status, body]).toEqual([200, { routed: true }])
    confirmed.add(payload)
    onAnswer()
  })
}

const rejecting = ({ call }: Broker, queue: string) =>
  untilGone(async () => {
    const body = { count: 10, ackmode: 'reject_requeue_false', encoding: 'auto' }
    expect((await call('POST', `/api/queues/%2F/${queue}/get`, body)).status).toBeOneOf([200, 503])
  })

const redrive = ({ call }: Broker) => call('POST', '/api/queues/%2F/refused/dead-letters/redrive', {})

const redriving = (broker: Broker) =>
  untilGone(async () => {
    expect((await redrive(broker)).status).toBeOneOf([200, 503])
  })

async function crash(broker: Broker, round: number, confirmed: Record<Kind, Set<string>>): Promise<void> {
  const killAfter = LEAST_ANSWERED + Math.floor(Math.random() * MOST_MORE_ANSWERED)
  const enough = Promise.withResolvers<void>()
  let count = 0
  const onAnswer = () => {
    count += 1
    if (count === killAfter) enough.resolve()
  }
  const callers = [
    ...KINDS.map((kind) => publishing(broker, round, kind, confirmed[kind], onAnswer)),
    rejecting(broker, 'work'),
    rejecting(broker, 'refused'),
    redriving(broker),
  ]
  await Promise.race([enough.promise, Promise.all(callers)])
  await broker.kill()
  await Promise.all(callers)
}

test('kills with signal 9 lose nothing that waits, expires, is rejected or redriven', {
  timeout: 420_000,
}, async () => {
  const dataDir = temporaryDirectory()
  const confirmed = {
    delayed: new Set<string>(),
    expiring: new Set<string>(),
    rejected: new Set<string>(),
    kept: new Set<string>(),
  }
  let broker = await start(dataDir)
  await prepare(broker)
  for (let round = 0; round < ROUNDS; round += 1) {
    await crash(broker, round, confirmed)
    broker = await start(dataDir)
  }
  for (const kind of KINDS) expect(confirmed[kind].size).toBeGreaterThan(ROUNDS)
  const endMs = Date.now() + PATIENCE_MS
  const missing = structuredClone(confirmed)
  while (KINDS.some((kind) => missing[kind].size > 0) && Date.now() < endMs) {
    await redrive(broker)
    for (const kind of KINDS) {
      for (const queue of ROUTES[kind].ends)
        for (const payload of await drain(broker, queue)) missing[kind].delete(payload)
    }
  }
  expect(missing).toEqual({ delayed: new Set(), expiring: new Set(), rejected: new Set(), kept: new Set() })
})

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { bindTo } from '../../lib/broker/bind.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { publishBatch } from '../../lib/broker/publish-batch.ts'
import { settle } from '../../lib/broker/settle.ts'
import { type Counters, METRIC_NAMES, newCounters } from '../../lib/metrics.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
  const session = await faulty.session()
  const common = { durable: true, autoDelete: false }
  const deadLetters = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
  await declareQueue(session, { ...common, name: 'dead', arguments: {} })
  await declareQueue(session, { ...common, name: 'jobs', arguments: deadLetters })
  for (const name of ['dead', 'jobs']) {
    const ends = { source: 'amq.fanout', destinationType: 'queue', destination: name } as const
    await bindTo(session, { ...ends, routingKey: '', arguments: {} })
  }
})
afterAll(() => faulty.close())

let before: Counters = newCounters()
beforeEach(() => {
  before = { ...faulty.broker.counters }
})

/** What was counted since the test began, reads of the topology left out: a lease of none reads for every request. */
function counted(): Partial<Counters> {
  const { counters } = faulty.broker
  const changed = METRIC_NAMES.filter((name) => name !== 'TopologyReads' && counters[name] !== before[name])
  return Object.fromEntries(changed.map((name) => [name, counters[name] - before[name]]))
}

const message = (routingKey: string) => ({ routingKey, properties: {}, payload: Buffer.from('x') })
const GET = { queue: 'jobs', count: 10, waitS: 0, visibilityS: 30, encodedSizeOf: () => 1 } as const

test('a publish counts itself and its copies, and whether no queue took it', async () => {
  await publish(await faulty.session(), { exchange: 'amq.fanout', ...message('any') })
  await publish(await faulty.session(), { exchange: 'amq.direct', ...message('nowhere') })
  expect(counted()).toEqual({ Published: 2, Unroutable: 1, Copies: 2 })
})

test('a batch counts what was accepted of it', async () => {
  await publishBatch(await faulty.session(), '', [message('jobs'), message('x'.repeat(300)), message('nowhere')])
  expect(counted()).toEqual({ Published: 2, Unroutable: 1, Copies: 1 })
})

test('a publish that fails counts as none', async () => {
  faulty.fault = (method) => {
    if (method === 'sendMessageBatch') throw new Error('down')
  }
  await expect(publish(await faulty.session(), { exchange: '', ...message('jobs') })).rejects.toThrow()
  faulty.fault = () => undefined
  expect(counted()).toEqual({})
})

test('a get counts what it answers, a settle what it settles, a reject its dead letter', async () => {
  const got = await getMessages(await faulty.session(), { ...GET, ackMode: 'manual' })
  expect(counted()).toEqual({ Delivered: 2 })
  const tags = got.map(({ deliveryTag = '' }) => deliveryTag)
  await settle(await faulty.session(), 'jobs', [
    { deliveryTag: tags[0] ?? '', action: 'ack' },
    { deliveryTag: tags[1] ?? '', action: 'reject', requeue: false },
    { deliveryTag: 'forged', action: 'ack' },
  ])
  expect(counted()).toEqual({ Delivered: 2, Settled: 2, DeadLettered: 1, Copies: 1 })
})

test('a read of the heads is counted', async () => {
  await faulty.session()
  expect(faulty.broker.counters.TopologyReads).toBeGreaterThan(before.TopologyReads)
})

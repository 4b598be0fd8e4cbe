import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { commitBinding } from '../../lib/broker/bind.ts'
import { whenSettled } from '../../lib/broker/change.ts'
import { changePolicies } from '../../lib/broker/change-policies.ts'
import { consumerCount } from '../../lib/broker/consumer-counts.ts'
import { assertMayConsumeFrom } from '../../lib/broker/consuming.ts'
import { deadLetter } from '../../lib/broker/dead-letter.ts'
import { checkQueue, commitQueue, declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import { requestClose } from '../../lib/broker/gateway-inbox.ts'
import { type Gateway, openGateway } from '../../lib/broker/gateways.ts'
import { inboxName } from '../../lib/broker/inbox.ts'
import { publish } from '../../lib/broker/publish.ts'
import { purgeQueue } from '../../lib/broker/purge-queue.ts'
import { reapGateways } from '../../lib/broker/reap-gateways.ts'
import type { VhostSession } from '../../lib/broker/session.ts'
import { tick } from '../../lib/broker/tick.ts'
import { internalQueueName } from '../../lib/config.ts'
import { sweepKey } from '../../lib/delivery/sweep-chain.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import type { Queue } from '../../lib/model/queue.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker

beforeAll(async () => {
  faulty = await startFaultyBroker()
})

afterAll(() => faulty.close())

const flags = { durable: false, autoDelete: false, arguments: {} }
const LOCKED = { kind: 'locked', message: expect.stringContaining('cannot obtain exclusive access to locked queue') }
/** Longer than a lease and what clocks may differ by. */
const LEASE_OVER_MS = 20_000
/** Longer than a gateway that was taken for dead is remembered. */
const DEAD_FOR_MS = 601_000

/** A session of a connection of the gateway. */
const over = async (gateway: Gateway, id = 'c1'): Promise<VhostSession> => ({
  ...(await faulty.session()),
  connection: { gateway: gateway.id, id },
})

async function declareExclusive(gateway: Gateway, name: string, args: AmqpTable = {}, id = 'c1'): Promise<Queue> {
  const declaration = { ...flags, name, exclusive: true, arguments: args }
  return (await whenSettled(commitQueue(await over(gateway, id), declaration))).queue
}

const send = async (routingKey: string, text: string, exchange = '') =>
  publish(await faulty.session(), { exchange, routingKey, properties: {}, payload: Buffer.from(text) })

/** Texts of what comes to the gateway's queues. */
async function receivedBy(gateway: Gateway): Promise<string[]> {
  const vhost = (await faulty.session()).vhost.id
  const { copies } = await gateway.receive({ max: 10, waitS: 0 }, () => vhost)
  return copies.map(({ envelope }) => Buffer.from(envelope.message.payload).toString()).sort()
}

const queueNamed = async (name: string): Promise<Queue | undefined> => (await faulty.session()).vhost.queueByName(name)

const exists = (sqsQueueName: string): Promise<boolean> =>
  faulty.broker.delivery.queues.attributes(sqsQueueName).then((attributes) => attributes !== undefined)

describe('a queue that a connection has for itself', () => {
  it('stands on the inbox of its gateway, to which anybody publishes', async () => {
    const gateway = await openGateway(faulty.broker)
    const queue = await declareExclusive(gateway, 'mine')
    expect(queue).toMatchObject({
      durable: false,
      sqsQueues: [{ name: inboxName(faulty.config, gateway.id), inbox: true }],
    })
    const binding = {
      source: 'amq.fanout',
      destinationType: 'queue',
      destination: 'mine',
      routingKey: '',
      arguments: {},
    } as const
    await whenSettled(commitBinding(await over(gateway), binding))
    expect(await send('mine', 'by name')).toEqual({ routed: true })
    expect(await send('', 'by binding', 'amq.fanout')).toEqual({ routed: true })
    expect(await receivedBy(gateway)).toEqual(['by binding', 'by name'])
    expect(await receivedBy(gateway)).toEqual([])
    await gateway.close()
  })

  it('is locked to all others, whatever they want of it but publish', async () => {
    const gateway = await openGateway(faulty.broker)
    await declareExclusive(gateway, 'locked')
    for (const session of [await faulty.session(), await over(gateway, 'c2')]) {
      const binding = {
        source: 'amq.fanout',
        destinationType: 'queue',
        destination: 'locked',
        routingKey: '',
        arguments: {},
      } as const
      const attempts = [
        () => declareQueue(session, { ...flags, name: 'locked' }),
        async () => checkQueue(session, 'locked'),
        async () => assertMayConsumeFrom(session, 'locked'),
        () => purgeQueue(session, 'locked'),
        () => deleteQueue(session, { name: 'locked', ifEmpty: false }),
        () => whenSettled(commitBinding(session, binding)),
      ]
      for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject(LOCKED)
    }
    await expect(whenSettled(commitQueue(await over(gateway), { ...flags, name: 'locked' }))).rejects.toMatchObject(
      LOCKED,
    )
    const again = await whenSettled(
      commitQueue(await over(gateway), { ...flags, durable: true, name: 'locked', exclusive: true }),
    )
    expect(again.outcome).toBe('existing')
    await deleteQueue(await over(gateway), { name: 'locked', ifEmpty: false })
    expect(await queueNamed('locked')).toBeUndefined()
    expect(await exists(inboxName(faulty.config, gateway.id))).toBe(true)
    await gateway.close()
  })

  it('is under policies as others are, which change nothing of the inbox', async () => {
    const gateway = await openGateway(faulty.broker)
    const queue = await declareExclusive(gateway, 'governed')
    const definition = { 'consumer-timeout': 90_000, 'message-ttl': 5000 }
    const policy = { name: 'p', pattern: '^governed$', applyTo: 'queues', definition, priority: 0 }
    await changePolicies(await faulty.session(), { type: 'set-policy', policy })
    expect((await faulty.session()).vhost.settingsOf(queue)).toMatchObject({ messageTtlMs: 5000 })
    const attributes = await faulty.broker.delivery.queues.attributes(inboxName(faulty.config, gateway.id))
    expect(attributes).toMatchObject({ VisibilityTimeout: '30' })
    expect(attributes).not.toHaveProperty('RedrivePolicy')
    await changePolicies(await faulty.session(), { type: 'delete-policy', name: 'p' })
    await gateway.close()
  })

  it('gets a name of its own where it has none', async () => {
    const gateway = await openGateway(faulty.broker)
    const queue = await declareExclusive(gateway, '')
    expect(queue.name).toMatch(/^amq\.gen-[A-Za-z0-9_-]{22}$/)
    await expect(declareExclusive(gateway, 'amq.gen-chosen')).rejects.toMatchObject({
      explanation: "queue name 'amq.gen-chosen' contains reserved prefix 'amq.*'",
    })
    await gateway.close()
  })

  it('goes with its connection, and leaves those of others', async () => {
    const gateway = await openGateway(faulty.broker)
    await declareExclusive(gateway, 'goes')
    await declareExclusive(gateway, 'stays', {}, 'c2')
    await gateway.closeConnection(await faulty.session(), 'c1')
    expect(await queueNamed('goes')).toBeUndefined()
    expect(await queueNamed('stays')).toBeDefined()
    expect(await send('stays', 'still')).toEqual({ routed: true })
    expect(await receivedBy(gateway)).toEqual(['still'])
    await gateway.close()
    expect(await queueNamed('stays')).toBeUndefined()
    expect(await exists(inboxName(faulty.config, gateway.id))).toBe(false)
  })

  it('takes no message once the gateway is gone, and nobody fails because of that', async () => {
    const gateway = await openGateway(faulty.broker)
    await declareExclusive(gateway, 'orphan')
    await declareQueue(await faulty.session(), { ...flags, name: 'beside' })
    for (const destination of ['orphan', 'beside']) {
      const ends = { source: 'amq.topic', destinationType: 'queue', destination } as const
      await whenSettled(commitBinding(await over(gateway), { ...ends, routingKey: 'both', arguments: {} }))
    }
    await faulty.broker.delivery.queues.delete(inboxName(faulty.config, gateway.id))
    expect(await send('both', 'x', 'amq.topic')).toEqual({ routed: true })
    await gateway.close()
  })
})

describe('what dies in the memory of a gateway', () => {
  const die = async (queue: Queue, text: string) => {
    const message = { exchange: '', routingKey: queue.name, properties: {}, payload: Buffer.from(text) }
    const identity = { publishId: text, queueId: queue.id, hop: 0 }
    return deadLetter(await faulty.session(), queue, [{ envelope: { message, bccKeys: [] }, identity }], 'rejected')
  }

  it('goes to the dead-letter exchange, or away without one: nothing is kept for a queue that goes', async () => {
    const gateway = await openGateway(faulty.broker)
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'deaths' }
    const [routed, plain] = [await declareExclusive(gateway, 'routed', args), await declareExclusive(gateway, 'plain')]
    await declareExclusive(gateway, 'deaths')
    expect(await die(routed, 'to deaths')).toEqual([undefined])
    expect(await die(plain, 'to nowhere')).toEqual([undefined])
    expect(await receivedBy(gateway)).toEqual(['to deaths'])
    const { copies } = await faulty.broker.delivery.receiver.receive(internalQueueName(faulty.config, 'dead'), {
      queueName: '',
      max: 1,
      waitS: 0,
      visibilityS: 0,
    })
    expect(copies).toEqual([])
    await gateway.close()
  })

  it('is left to the gateway: no look for what expires, no expiry by the clock', async () => {
    const gateway = await openGateway(faulty.broker)
    const queue = await declareExclusive(gateway, 'timed', { 'x-message-ttl': 1000, 'x-expires': 1000 })
    await send('timed', 'x')
    const { items } = faulty.broker.delivery
    expect(await items.get(sweepKey(queue.id))).toBeUndefined()
    await later(3_600_000, async () => {
      await gateway.renew()
      await tick(faulty.broker)
      await tick(faulty.broker)
    })
    expect(await queueNamed('timed')).toBeDefined()
    await gateway.expireQueue(await faulty.session(), queue)
    expect(await queueNamed('timed')).toBeUndefined()
    await gateway.close()
  })
})

describe('a gateway that does not renew its lease', () => {
  it('loses what its connections had, at the next tick of the clock, and is told so', async () => {
    const gateway = await openGateway(faulty.broker)
    await declareExclusive(gateway, 'dead')
    await tick(faulty.broker)
    expect(await queueNamed('dead')).toBeDefined()
    await later(LEASE_OVER_MS, () => tick(faulty.broker))
    expect(await queueNamed('dead')).toBeUndefined()
    expect(await exists(inboxName(faulty.config, gateway.id))).toBe(false)
    expect(await gateway.renew()).toBe(false)
  })

  it('loses what it declares before it finds out', async () => {
    const gateway = await openGateway(faulty.broker)
    await later(LEASE_OVER_MS, () => reapGateways(faulty.broker))
    await declareExclusive(gateway, 'too late')
    await reapGateways(faulty.broker)
    expect(await queueNamed('too late')).toBeUndefined()
    await gateway.close()
  })

  it('is gone at once where it is known that nothing of it lives', async () => {
    const gateway = await openGateway(faulty.broker)
    await declareExclusive(gateway, 'killed')
    await reapGateways(faulty.broker, { evenLive: true })
    expect(await queueNamed('killed')).toBeUndefined()
    expect(await faulty.broker.delivery.items.get({ partition: 'gateways', sort: gateway.id })).toBeUndefined()
    expect(await gateway.renew()).toBe(false)
  })

  it('gives up a name as soon as its lease is over to a client that comes back', async () => {
    const [dead, next] = [await openGateway(faulty.broker), await openGateway(faulty.broker)]
    const before = await declareExclusive(dead, 'named')
    await expect(declareExclusive(next, 'named')).rejects.toMatchObject(LOCKED)
    await later(LEASE_OVER_MS, async () => {
      await next.renew()
      const after = await declareExclusive(next, 'named')
      expect(after.id).not.toBe(before.id)
      await send('named', 'for the next')
      expect(await receivedBy(next)).toEqual(['for the next'])
    })
    await Promise.all([dead.close(), next.close()])
  })

  it('is left alone while it does', async () => {
    const gateway = await openGateway(faulty.broker)
    await declareExclusive(gateway, 'alive')
    await later(LEASE_OVER_MS, async () => {
      expect(await gateway.renew()).toBe(true)
      await reapGateways(faulty.broker)
      expect(await queueNamed('alive')).toBeDefined()
    })
    await gateway.close()
  })

  it('leaves nothing behind, wherever whoever reaps it dies', async () => {
    const { items } = faulty.broker.delivery
    for (const failing of ['deleteQueue', 'remove'] as const) {
      const gateway = await openGateway(faulty.broker)
      await declareExclusive(gateway, 'half')
      const consumed = await declareAutoDelete('half-consumed')
      await gateway.addConsumer(await faulty.session(), consumed, false)
      const { remove } = items
      await later(LEASE_OVER_MS, async () => {
        if (failing === 'deleteQueue') faulty.fault = (method) => refuse(method === 'deleteQueue')
        else items.remove = () => Promise.reject(new Error('down'))
        await expect(reapGateways(faulty.broker)).rejects.toThrow()
        faulty.fault = () => undefined
        items.remove = remove
        await reapGateways(faulty.broker)
      })
      expect(await queueNamed('half')).toBeUndefined()
      expect(await queueNamed('half-consumed')).toBeUndefined()
      expect(await exists(inboxName(faulty.config, gateway.id))).toBe(false)
      await later(LEASE_OVER_MS + DEAD_FOR_MS, () => reapGateways(faulty.broker))
      expect(await items.list('gateways', { limit: 10 })).toEqual([])
    }
  })
})

describe('a queue that goes with its last consumer', () => {
  it('stays while any gateway has one', async () => {
    const [one, other] = [await openGateway(faulty.broker), await openGateway(faulty.broker)]
    const queue = await declareAutoDelete('shared')
    await one.addConsumer(await faulty.session(), queue, false)
    await one.addConsumer(await faulty.session(), queue, false)
    await other.addConsumer(await faulty.session(), queue, false)
    expect(await consumerCount(faulty.broker, queue)).toBe(3)
    await one.removeConsumers(await faulty.session(), queue, 2)
    expect(await queueNamed('shared')).toBeDefined()
    await other.removeConsumers(await faulty.session(), queue)
    expect(await queueNamed('shared')).toBeUndefined()
    const again = await declareAutoDelete('shared')
    await one.addConsumer(await faulty.session(), again, false)
    expect(await queueNamed('shared')).toBeDefined()
    await Promise.all([one.close(), other.close()])
    expect(await queueNamed('shared')).toBeUndefined()
  })

  it('goes with the last one of a gateway that died', async () => {
    const [dead, live] = [await openGateway(faulty.broker), await openGateway(faulty.broker)]
    const queue = await declareAutoDelete('mourned')
    await dead.addConsumer(await faulty.session(), queue, false)
    await live.addConsumer(await faulty.session(), queue, false)
    await later(LEASE_OVER_MS, async () => {
      await live.renew()
      await live.removeConsumers(await faulty.session(), queue)
    })
    expect(await queueNamed('mourned')).toBeUndefined()
    await Promise.all([dead.close(), live.close()])
  })

  it('stays where it never had one', async () => {
    const [one, other] = [await openGateway(faulty.broker), await openGateway(faulty.broker)]
    const queue = await declareAutoDelete('unconsumed')
    await one.removeConsumers(await faulty.session(), queue)
    await one.addConsumer(await faulty.session(), queue, false)
    await other.removeConsumers(await faulty.session(), queue)
    await reapGateways(faulty.broker)
    expect(await queueNamed('unconsumed')).toBeDefined()
    await Promise.all([one.close(), other.close()])
  })

  it('goes later where it could not be deleted with the last one', async () => {
    const gateway = await openGateway(faulty.broker)
    const queue = await declareAutoDelete('undeletable')
    await gateway.addConsumer(await faulty.session(), queue, false)
    const { journals } = faulty.broker
    const session = await faulty.session()
    journals.transact = () => Promise.reject(new Error('down'))
    await expect(gateway.removeConsumers(session, queue)).rejects.toThrow('down')
    Reflect.deleteProperty(journals, 'transact')
    await reapGateways(faulty.broker)
    expect(await queueNamed('undeletable')).toBeDefined()
    await expect(gateway.addConsumer(await faulty.session(), queue, false)).rejects.toMatchObject({ kind: 'not-found' })
    await later(31_000, async () => {
      await gateway.renew()
      await reapGateways(faulty.broker)
    })
    expect(await queueNamed('undeletable')).toBeUndefined()
    await gateway.close()
  })

  it('takes no new consumer while it goes', async () => {
    const [one, other] = [await openGateway(faulty.broker), await openGateway(faulty.broker)]
    const queue = await declareAutoDelete('going')
    await one.addConsumer(await faulty.session(), queue, false)
    const late = other.addConsumer(await faulty.session(), queue, false).then(
      () => 'in',
      (error) => error.kind,
    )
    await Promise.all([late, one.removeConsumers(await faulty.session(), queue)])
    expect((await queueNamed('going')) === undefined ? 'not-found' : 'in').toBe(await late)
    await Promise.all([one.close(), other.close()])
  })
})

describe('consumers of several gateways', () => {
  it('are alone where one of them wants to be', async () => {
    const [one, other] = [await openGateway(faulty.broker), await openGateway(faulty.broker)]
    await declareQueue(await faulty.session(), { ...flags, name: 'alone' })
    const queue = (await queueNamed('alone')) as Queue
    const inUse = { kind: 'access-refused', explanation: "queue 'alone' in vhost '/' in exclusive use" }
    await one.addConsumer(await faulty.session(), queue, true)
    for (const gateway of [one, other]) {
      for (const isExclusive of [true, false]) {
        await expect(gateway.addConsumer(await faulty.session(), queue, isExclusive)).rejects.toMatchObject(inUse)
      }
    }
    await later(LEASE_OVER_MS, async () => {
      await other.renew()
      await other.addConsumer(await faulty.session(), queue, false)
    })
    expect(await consumerCount(faulty.broker, queue)).toBe(1)
    await Promise.all([one.close(), other.close()])
    expect(await consumerCount(faulty.broker, queue)).toBe(0)
  })

  it('take turns where one only is to be active: first who came first', async () => {
    const [one, other] = [await openGateway(faulty.broker), await openGateway(faulty.broker)]
    await declareQueue(await faulty.session(), {
      ...flags,
      name: 'single',
      arguments: { 'x-single-active-consumer': true },
    })
    const queue = (await queueNamed('single')) as Queue
    expect(await one.addConsumer(await faulty.session(), queue, false)).toEqual({ isActive: true })
    expect(await other.addConsumer(await faulty.session(), queue, false)).toEqual({ isActive: false })
    await one.removeConsumers(await faulty.session(), queue)
    expect(await other.viewConsumers(await faulty.session(), queue)).toEqual({ isActive: true })
    await Promise.all([one.close(), other.close()])
  })
})

describe('an inbox', () => {
  it('brings what others ask of the gateway, and drops what is nobody’s', async () => {
    const gateway = await openGateway(faulty.broker)
    const queue = await declareExclusive(gateway, 'asked')
    await requestClose(faulty.broker, gateway.id, { closeConnection: 'c7', reason: 'because' })
    await send('asked', 'for nobody')
    const contents = await gateway.receive({ max: 10, waitS: 0 }, (id) => (id === queue.id ? undefined : 'v'))
    expect(contents).toEqual({ copies: [], marks: [], requests: [{ closeConnection: 'c7', reason: 'because' }] })
    await gateway.close()
    await requestClose(faulty.broker, gateway.id, { closeConnection: 'c7', reason: 'because' })
  })

  it('brings each message once, though SQS does not say that it is deleted', async () => {
    const gateway = await openGateway(faulty.broker)
    await declareExclusive(gateway, 'once')
    await send('once', 'first')
    faulty.fault = (method) => refuse(method === 'deleteMessageBatch')
    expect(await receivedBy(gateway)).toEqual(['first'])
    faulty.fault = () => undefined
    await send('once', 'second')
    await later(31_000, async () => {
      await gateway.renew()
      expect(await receivedBy(gateway)).toEqual(['second'])
    })
    await gateway.close()
  })
})

async function declareAutoDelete(name: string): Promise<Queue> {
  await declareQueue(await faulty.session(), { ...flags, name, autoDelete: true })
  return (await queueNamed(name)) as Queue
}

async function later(aheadMs: number, work: () => Promise<unknown>): Promise<void> {
  faulty.aheadMs = aheadMs
  await work().finally(() => {
    faulty.aheadMs = 0
  })
}

function refuse(isRefused: boolean): void {
  if (isRefused) throw new Error('down')
}

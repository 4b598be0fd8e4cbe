import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { changeVhost } from '../../lib/broker/change.ts'
import { addConsumer, removeConsumers } from '../../lib/broker/consumers.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import { expireQueues } from '../../lib/broker/expire-queues.ts'
import type { AckMode } from '../../lib/broker/get-input.ts'
import { getMessages } from '../../lib/broker/get-messages.ts'
import { publish } from '../../lib/broker/publish.ts'
import { settle } from '../../lib/broker/settle.ts'
import { parseUse, toUseItem, USES_PARTITION, useKey } from '../../lib/delivery/queue-use.ts'
import type { AmqpTable } from '../../lib/model/amqp-value.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

const EXPIRES_MS = 400_000
/** When a queue that was used once is deleted: its time, a quarter of it, and what clocks may differ. */
const DELETED_AFTER_MS = EXPIRES_MS * 1.25 + 1000

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
const restores: (() => void)[] = []
afterEach(async () => {
  for (const restore of restores.splice(0)) restore()
  faulty.fault = () => undefined
  const session = await faulty.session()
  const names = Array.from(session.vhost.queues(), ({ queue }) => queue.name)
  for (const name of names) await deleteQueue(session, { name, ifEmpty: false })
})

let count = 0
async function newQueue(args: AmqpTable = { 'x-expires': EXPIRES_MS }): Promise<string> {
  count += 1
  const name = `expiring-${count}`
  await declare(name, args)
  return name
}

const declare = async (name: string, args: AmqpTable = { 'x-expires': EXPIRES_MS }) =>
  declareQueue(await faulty.session(), { name, durable: true, autoDelete: false, arguments: args })

/** A queue that the clock has seen. */
async function seenQueue(args?: AmqpTable): Promise<string> {
  const name = await newQueue(args)
  await expireQueues(faulty.broker)
  return name
}

async function get(queue: string, ackMode: AckMode = 'ack_requeue_false') {
  const input = { queue, count: 1, ackMode, waitS: 0, encodedSizeOf: () => 1 }
  return getMessages(await faulty.session(), input)
}

const send = async (routingKey: string) =>
  publish(await faulty.session(), { exchange: '', routingKey, properties: {}, payload: Buffer.from('x') })

const pass = (ms: number) => {
  faulty.aheadMs += ms
}

const queueOf = async (name: string) => (await faulty.session()).vhost.queueByName(name)

/** Whether the clock leaves the queue. */
async function lives(name: string): Promise<boolean> {
  await expireQueues(faulty.broker)
  return (await queueOf(name)) !== undefined
}

describe('a queue with an expiry', () => {
  test('is deleted with its SQS queue once nobody has used it for so long, and not before', async () => {
    const name = await seenQueue()
    const sqsName = (await queueOf(name))?.sqsQueues[0]?.name ?? ''
    pass(EXPIRES_MS)
    expect(await lives(name)).toBe(true)
    pass(DELETED_AFTER_MS - EXPIRES_MS)
    expect(await lives(name)).toBe(false)
    expect(await faulty.broker.delivery.queues.attributes(sqsName)).toBeUndefined()
    expect(await faulty.broker.delivery.items.get(useKey(name))).toBeUndefined()
  })

  test('counts from when it is first seen, be it old or not', async () => {
    const name = await newQueue()
    pass(10 * DELETED_AFTER_MS)
    expect(await lives(name)).toBe(true)
    pass(DELETED_AFTER_MS)
    expect(await lives(name)).toBe(false)
  })

  test.each<[string, (name: string) => Promise<unknown>]>([
    ['a get, also of nothing', (name) => get(name)],
    ['a redeclaration', (name) => declare(name)],
    ['a settlement', async (name) => settle(await faulty.session(), name, [{ deliveryTag: '?', action: 'ack' }])],
  ])('lives for as long again after %s', async (_, use) => {
    const name = await seenQueue()
    for (let round = 0; round < 3; round += 1) {
      pass(EXPIRES_MS * 0.9)
      await use(name)
      expect(await lives(name)).toBe(true)
    }
    pass(DELETED_AFTER_MS)
    expect(await lives(name)).toBe(false)
  })

  test('is not kept alive by what is published to it, nor by a redeclaration that is refused', async () => {
    const name = await seenQueue()
    pass(DELETED_AFTER_MS)
    await send(name)
    await expect(declare(name, {})).rejects.toMatchObject({ kind: 'precondition-failed' })
    expect(await lives(name)).toBe(false)
  })

  test('lives while a consumer of a gateway is there, and for as long again', async () => {
    const name = await seenQueue()
    const queue = await queueOf(name)
    if (!queue) throw new Error('the queue is missing')
    await addConsumer(await faulty.session(), queue, 'gateway', false)
    for (let round = 0; round < 3; round += 1) {
      pass(DELETED_AFTER_MS)
      expect(await lives(name)).toBe(true)
    }
    pass(EXPIRES_MS)
    await removeConsumers(await faulty.session(), queue, 'gateway')
    pass(EXPIRES_MS)
    expect(await lives(name)).toBe(true)
    pass(DELETED_AFTER_MS)
    expect(await lives(name)).toBe(false)
  })

  test('lives while a consumer of SQS holds a message', async () => {
    const name = await seenQueue()
    await send(name)
    const sqsName = (await queueOf(name))?.sqsQueues[0]?.name ?? ''
    const options = { queueName: name, max: 1, waitS: 0, visibilityS: 43_200 }
    const { copies } = await faulty.broker.delivery.receiver.receive(sqsName, options)
    pass(DELETED_AFTER_MS)
    expect(await lives(name)).toBe(true)
    await faulty.broker.delivery.receiver.deleteBatch(
      sqsName,
      copies.map(({ receiptHandle }) => receiptHandle),
    )
    pass(EXPIRES_MS)
    expect(await lives(name)).toBe(true)
    pass(DELETED_AFTER_MS - EXPIRES_MS)
    expect(await lives(name)).toBe(false)
  })

  test('costs a write now and then, however often it is used', async () => {
    const name = await seenQueue()
    const { items } = faulty.broker.delivery
    const id = (await queueOf(name))?.id ?? ''
    const revisions = new Set<string | undefined>()
    for (let use = 0; use < 20; use += 1) {
      await get(name)
      revisions.add((await items.get(useKey(id)))?.revision)
      pass(EXPIRES_MS / 50)
    }
    expect(revisions.size).toBe(2)
  })

  test('has its expiry from a policy, whose time begins when it does', async () => {
    const name = await newQueue({})
    pass(10 * DELETED_AFTER_MS)
    const policy = {
      name,
      pattern: `^${name}$`,
      applyTo: 'queues',
      priority: 0,
      definition: { expires: EXPIRES_MS },
    } as const
    await changeVhost(await faulty.session(), { type: 'set-policy', policy })
    expect(await lives(name)).toBe(true)
    pass(DELETED_AFTER_MS)
    expect(await lives(name)).toBe(false)
  })
})

describe('a queue that is about to be deleted', () => {
  /** Has something happen right before the clock claims the queue, or right after. */
  function around(moment: 'before' | 'after', happen: () => Promise<unknown>): void {
    const { items } = faulty.broker.delivery
    const real = items.put
    restores.push(() => {
      items.put = real
    })
    items.put = async (item, ifRevision) => {
      const isClaim = item.partition === USES_PARTITION && parseUse(item.data).closingUntilMs !== undefined
      if (!isClaim) return real.call(items, item, ifRevision)
      items.put = real
      if (moment === 'before') await happen()
      const revision = await real.call(items, item, ifRevision)
      if (moment === 'after') await happen()
      return revision
    }
  }

  test.each<[string, (name: string) => Promise<unknown>]>([
    ['a get', (name) => get(name)],
    ['a redeclaration', (name) => declare(name)],
  ])('stays where %s comes first', async (_, use) => {
    const name = await seenQueue()
    pass(DELETED_AFTER_MS)
    around('before', () => use(name))
    expect(await lives(name)).toBe(true)
    expect(await lives(name)).toBe(true)
  })

  test.each<[string, (name: string) => Promise<unknown>]>([
    ['a get', (name) => get(name)],
    ['a redeclaration', (name) => declare(name)],
  ])('is gone after %s that came too late, which was told to try again', async (_, use) => {
    const name = await seenQueue()
    pass(DELETED_AFTER_MS)
    let failure: unknown
    around('after', () => use(name).catch((error: unknown) => (failure = error)))
    expect(await lives(name)).toBe(false)
    expect(failure).toMatchObject({ kind: 'unavailable', retryAfterS: 1 })
    expect(await declare(name)).toBe('created')
  })

  test('is another one of the same name: that one stays', async () => {
    const name = await seenQueue()
    pass(DELETED_AFTER_MS)
    around('after', async () => {
      await deleteQueue(await faulty.session(), { name, ifEmpty: false })
      await declare(name)
    })
    expect(await lives(name)).toBe(true)
  })

  test('can be used again soon where the clock died before it deleted it', async () => {
    const name = await seenQueue()
    const { items } = faulty.broker.delivery
    const id = (await queueOf(name))?.id ?? ''
    const item = await items.get(useKey(id))
    const closingUntilMs = faulty.broker.clock.wallMs() + 30_000
    await items.put(toUseItem({ ...parseUse(item?.data ?? ''), closingUntilMs }))
    await expect(get(name)).rejects.toMatchObject({ kind: 'unavailable' })
    pass(30_001)
    expect(await get(name)).toEqual([])
  })

  test('is looked at again where it could not be counted, and keeps no other from being deleted', async () => {
    const [first, second] = [await newQueue(), await newQueue()]
    await expireQueues(faulty.broker)
    pass(DELETED_AFTER_MS)
    let isFirst = true
    faulty.fault = (method) => {
      if (method !== 'getQueueAttributes' || !isFirst) return
      isFirst = false
      throw new Error('throttled')
    }
    await expect(expireQueues(faulty.broker)).rejects.toThrow('throttled')
    const left = [await queueOf(first), await queueOf(second)].filter(Boolean)
    expect(left).toHaveLength(1)
    expect(await lives(left[0]?.name ?? '')).toBe(false)
  })
})

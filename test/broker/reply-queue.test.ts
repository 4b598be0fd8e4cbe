import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Gateway, openGateway } from '../../lib/broker/gateways.ts'
import { publish } from '../../lib/broker/publish.ts'
import { publishMany } from '../../lib/broker/publish-many.ts'
import { relay } from '../../lib/broker/relay.ts'
import { isReplyAlive, newReplyName, replyQueue } from '../../lib/broker/reply-queue.ts'
import { internalQueueName } from '../../lib/config.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
let gateway: Gateway

beforeAll(async () => {
  faulty = await startFaultyBroker()
  gateway = await openGateway(faulty.broker)
})

afterAll(async () => {
  await gateway.close()
  await faulty.close()
})

const replyTo = async (routingKey: string) =>
  publish(await faulty.session(), { exchange: '', routingKey, properties: {}, payload: Buffer.from('reply') })

const received = async () => {
  const vhost = (await faulty.session()).vhost.id
  return (await gateway.receive({ max: 10, waitS: 0 }, () => vhost)).copies
}

const RECEIVE = { queueName: '', max: 10, waitS: 0, visibilityS: 30 }

describe('a direct reply', () => {
  it('reaches the gateway that its name tells, where nothing is declared', async () => {
    const session = await faulty.session()
    const name = newReplyName(session, gateway.id)
    expect(name).toMatch(/^amq\.rabbitmq\.reply-to\.[A-Za-z0-9_.-]+$/)
    const before = session.version
    expect(await replyTo(name)).toEqual({ routed: true })
    expect(await received()).toMatchObject([{ queueId: name, envelope: { message: { routingKey: name } } }])
    expect((await faulty.session()).version).toBe(before)
  })

  it('to somebody who is gone is dropped', async () => {
    const gone = await openGateway(faulty.broker)
    const name = newReplyName(await faulty.session(), gone.id)
    expect(await isReplyAlive(await faulty.session(), name)).toBe(true)
    await gone.close()
    expect(await isReplyAlive(await faulty.session(), name)).toBe(false)
    expect(await replyTo(name)).toEqual({ routed: true })
  })

  it('goes nowhere under a name that nobody was given', async () => {
    const session = await faulty.session()
    const name = newReplyName(session, gateway.id)
    const forged = [
      name.slice(0, -1) + (name.endsWith('A') ? 'B' : 'A'),
      name.replace(gateway.id, '0'.repeat(16)),
      `${name}x`,
      'amq.rabbitmq.reply-to',
      'amq.rabbitmq.reply-to.',
      `amq.rabbitmq.reply-to.${gateway.id}`,
    ]
    for (const key of forged) expect(await replyTo(key), key).toEqual({ routed: false })
    expect(replyQueue({ ...session, vhost: { id: 'another' } } as never, name)).toBeUndefined()
    expect(await received()).toEqual([])
  })

  it('is relayed where it cannot be sent at once', async () => {
    const name = newReplyName(await faulty.session(), gateway.id)
    const inbox = gateway.id
    faulty.fault = (method, input) => {
      const { QueueUrl = '' } = input as { QueueUrl?: string }
      if (method === 'sendMessageBatch' && QueueUrl.endsWith(`-inbox-${inbox}`)) throw new Error('down')
    }
    expect(await replyTo(name)).toEqual({ routed: true })
    faulty.fault = () => undefined
    expect(await received()).toEqual([])
    const relayName = internalQueueName(faulty.config, 'relay')
    const { copies } = await faulty.broker.delivery.receiver.receive(relayName, RECEIVE)
    const records = copies.map(({ stored }, index) => ({ id: String(index), body: stored.body }))
    expect(await relay(faulty.broker, records)).toEqual([])
    expect(await received()).toMatchObject([{ queueId: name }])
  })
})

describe('many messages at once', () => {
  const message = (routingKey: string, exchange = '') => ({
    exchange,
    routingKey,
    properties: {},
    payload: Buffer.from('x'),
  })

  it('each go to the exchange that they name, and a refused one holds up no other', async () => {
    const outcomes = await publishMany(await faulty.session(), [
      message('nowhere'),
      message('nowhere', 'missing'),
      message('nowhere', 'amq.topic'),
    ])
    expect(outcomes).toEqual([
      { routed: false },
      { error: expect.objectContaining({ kind: 'not-found' }) },
      { routed: false },
    ])
  })

  it('end with the refused one where that is asked for', async () => {
    const name = newReplyName(await faulty.session(), gateway.id)
    const outcomes = await publishMany(
      await faulty.session(),
      [message(name), message('x', 'missing'), message(name)],
      { stopAtRefusal: true },
    )
    expect(outcomes).toEqual([{ routed: true }, { error: expect.objectContaining({ kind: 'not-found' }) }])
    expect(await received()).toHaveLength(1)
  })
})

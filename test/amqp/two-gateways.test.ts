import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type RunningGateway, startGateway } from '../../lib/amqp/gateway.ts'
import type { Broker } from '../../lib/broker/broker.ts'
import { liveGateways } from '../../lib/broker/live-gateways.ts'
import { reapGateways } from '../../lib/broker/reap-gateways.ts'
import { leaseKey, toLeaseItem } from '../../lib/delivery/gateway-lease.ts'
import { ABSENT } from '../../lib/delivery/item-store.ts'
import { systemClock } from '../../lib/journal/clock.ts'
import { type FaultyBroker, startFaultyBroker } from '../broker/faulty-broker.ts'
import type { Channel } from './channel.ts'
import { type Client, openClient } from './client.ts'

let faulty: FaultyBroker
let broker: Broker
let gateways: readonly RunningGateway[]
const clients: Client[] = []

beforeAll(async () => {
  faulty = await startFaultyBroker()
  broker = { ...faulty.broker, clock: systemClock }
  gateways = [await startGateway({ broker, port: 0 }), await startGateway({ broker, port: 0 })]
})

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy()
})

afterAll(async () => {
  for (const gateway of gateways) await gateway.close()
  await faulty.close()
})

async function connect(gateway: number): Promise<Client> {
  const client = await openClient({ port: gateways[gateway]?.port ?? 0 })
  clients.push(client)
  return client
}

/** A channel of a connection of its own to each gateway. */
const bothChannels = async (): Promise<[Channel, Channel]> => [
  await (await connect(0)).openChannel(),
  await (await connect(1)).openChannel(),
]

const payloadOf = async (channel: Channel): Promise<string> => String((await channel.event('basic.deliver')).payload)

describe('two gateways', () => {
  test('lead what is published at one to what consumes at the other, exclusive queues too', async () => {
    const [one, other] = await bothChannels()
    await one.call('queue.declare', { queue: 'shared' })
    const { queue } = await one.call('queue.declare', { exclusive: true })
    await one.call('basic.consume', { queue: 'shared', noAck: true })
    await one.call('basic.consume', { queue, noAck: true })
    other.publish({ routingKey: 'shared', payload: 'to all' })
    other.publish({ routingKey: queue, payload: 'to you' })
    expect([await payloadOf(one), await payloadOf(one)].sort()).toEqual(['to all', 'to you'])
    await expect(other.call('basic.consume', { queue })).rejects.toThrow('channel.close 405 RESOURCE_LOCKED')
  })

  test('lead replies to who asked at the other', async () => {
    const [client, server] = await bothChannels()
    await server.call('queue.declare', { queue: 'rpc' })
    await server.call('basic.consume', { queue: 'rpc', noAck: true })
    await client.call('basic.consume', { queue: 'amq.rabbitmq.reply-to', noAck: true })
    client.publish({ routingKey: 'rpc', payload: 'ping', properties: { reply_to: 'amq.rabbitmq.reply-to' } })
    const request = await server.event('basic.deliver')
    server.publish({ routingKey: request.properties?.reply_to ?? '', payload: 'pong' })
    expect(await payloadOf(client)).toBe('pong')
  })

  test('have one consumer together where it is to be alone', async () => {
    const [one, other] = await bothChannels()
    await one.call('queue.declare', { queue: 'alone' })
    await one.call('basic.consume', { queue: 'alone', exclusive: true, consumerTag: 'c' })
    await expect(other.call('basic.consume', { queue: 'alone' })).rejects.toThrow(
      "channel.close 403 ACCESS_REFUSED - queue 'alone' in vhost '/' in exclusive use",
    )
    await one.call('basic.cancel', { consumerTag: 'c' })
    const next = await (await connect(1)).openChannel()
    await next.call('basic.consume', { queue: 'alone', exclusive: true })
    expect(await one.call('queue.declare', { queue: 'alone', passive: true })).toMatchObject({ consumerCount: 1 })
  })

  test('have one active consumer where one is to be, and the other takes over', async () => {
    const [one, other] = await bothChannels()
    await one.call('queue.declare', { queue: 'single', arguments: { 'x-single-active-consumer': true } })
    await one.call('basic.consume', { queue: 'single', noAck: true, consumerTag: 'c' })
    await other.call('basic.consume', { queue: 'single', noAck: true })
    other.publish({ routingKey: 'single', payload: 'first' })
    expect(await payloadOf(one)).toBe('first')
    await one.call('basic.cancel', { consumerTag: 'c' })
    one.publish({ routingKey: 'single', payload: 'second' })
    expect(await payloadOf(other)).toBe('second')
  })

  test('delete a queue with the last consumer of both', async () => {
    const [one, other] = await bothChannels()
    await one.call('queue.declare', { queue: 'goes', autoDelete: true })
    await one.call('basic.consume', { queue: 'goes', consumerTag: 'c' })
    await other.call('basic.consume', { queue: 'goes', consumerTag: 'c' })
    await one.call('basic.cancel', { consumerTag: 'c' })
    expect(await one.call('queue.declare', { queue: 'goes', passive: true })).toMatchObject({ consumerCount: 1 })
    await other.call('basic.cancel', { consumerTag: 'c' })
    await expect(one.call('queue.declare', { queue: 'goes', passive: true })).rejects.toThrow('404 NOT_FOUND')
  })

  test('tell a consumer of the one that the other has deleted its queue', async () => {
    const [one, other] = await bothChannels()
    await one.call('queue.declare', { queue: 'deleted' })
    await one.call('basic.consume', { queue: 'deleted', consumerTag: 'c' })
    await other.call('queue.delete', { queue: 'deleted' })
    expect((await one.event('basic.cancel')).method.consumerTag).toBe('c')
  })
})

describe('a gateway that was taken for dead', () => {
  test('closes its connections, whose queues are gone, and serves anew', async () => {
    const before = await liveGateways(broker)
    const lost = await connect(0)
    const channel = await lost.openChannel()
    await channel.call('queue.declare', { queue: 'held', exclusive: true })
    const other = await (await connect(1)).openChannel()
    const ownerOf = (await faulty.session()).vhost.queueByName('held')?.exclusive?.gateway ?? ''
    expect(before).toContain(ownerOf)
    await takeForDead(ownerOf)
    await reapGateways(broker)
    await other.call('queue.declare', { queue: 'held', exclusive: true })
    expect((await lost.ended)?.replyText).toBe('CONNECTION_FORCED - the gateway was taken for dead')
    await expect.poll(async () => (await liveGateways(broker)).length, { timeout: 30_000, interval: 200 }).toBe(2)
    const again = await (await connect(0)).openChannel()
    await expect(again.call('queue.declare', { queue: 'held', exclusive: true })).rejects.toThrow('405 RESOURCE_LOCKED')
  })
})

/** As if it had not renewed its lease; it may just be renewing it. */
async function takeForDead(gatewayId: string): Promise<void> {
  const { items } = broker.delivery
  for (;;) {
    const { revision = ABSENT } = (await items.get(leaseKey(gatewayId))) ?? {}
    if ((await items.put(toLeaseItem({ gatewayId, untilMs: 0 }), revision)) !== undefined) return
  }
}

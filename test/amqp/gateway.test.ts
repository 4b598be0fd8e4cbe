import { readFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type RunningGateway, startGateway } from '../../lib/amqp/gateway.ts'
import { ByteWriter } from '../../lib/amqp/protocol/byte-writer.ts'
import { writeTable } from '../../lib/amqp/protocol/field-table.ts'
import { PROTOCOL_HEADER } from '../../lib/amqp/protocol/protocol-header.ts'
import type { Broker } from '../../lib/broker/broker.ts'
import { systemClock } from '../../lib/journal/clock.ts'
import { type FaultyBroker, startFaultyBroker } from '../broker/faulty-broker.ts'
import { type Address, Client, type Login, openClient } from './client.ts'

const pem = (name: string): Promise<Buffer> => readFile(new URL(`fixtures/${name}.pem`, import.meta.url))

let faulty: FaultyBroker
let broker: Broker
let gateway: RunningGateway
/** What sends to queues wait for. */
let gate: Promise<void> | undefined
const clients: Client[] = []

beforeAll(async () => {
  faulty = await startFaultyBroker()
  broker = { ...faulty.broker, clock: systemClock, delivery: gated(faulty.broker.delivery) }
  const [cert, key, ca] = await Promise.all([pem('server'), pem('server-key'), pem('authority')])
  gateway = await startGateway({ broker, port: 0, tls: { port: 0, cert, key, ca } })
})

afterEach(() => {
  faulty.fault = () => undefined
  for (const client of clients.splice(0)) client.destroy()
})

afterAll(async () => {
  await gateway.close()
  await faulty.close()
})

function gated(delivery: Broker['delivery']): Broker['delivery'] {
  const send: typeof delivery.sender.send = async (copies) => {
    await gate
    return delivery.sender.send(copies)
  }
  return { ...delivery, sender: { send } as typeof delivery.sender }
}

async function connect(login?: Login, address: Partial<Address> = {}): Promise<Client> {
  const client = await openClient({ port: gateway.port ?? 0, ...address }, login)
  clients.push(client)
  return client
}

describe('a login', () => {
  test('may be in the form of AMQPLAIN', async () => {
    const writer = new ByteWriter()
    writeTable(writer, { LOGIN: 'guest', PASSWORD: 'guest' })
    await connect({ mechanism: 'AMQPLAIN', response: writer.toBuffer().subarray(4) })
  })

  test('over TLS may be by a certificate that the broker’s authority has signed', async () => {
    const tls = { ca: await pem('authority'), cert: await pem('client'), key: await pem('client-key') }
    const address = { port: gateway.tlsPort ?? 0, tls: { ...tls, servername: 'localhost' } }
    const client = await connect({ mechanism: 'EXTERNAL', response: Buffer.alloc(0) }, address)
    await client.openChannel()
  })

  test('is by name and password where nobody vouches for the certificate', async () => {
    const tls = { ca: await pem('authority'), cert: await pem('stranger'), key: await pem('stranger-key') }
    const address = { port: gateway.tlsPort ?? 0, tls: { ...tls, servername: 'localhost' } }
    const client = new Client(address)
    client.write(PROTOCOL_HEADER)
    expect((await client.connection.reply('connection.start')).mechanisms).toBe('AMQPLAIN PLAIN')
    client.destroy()
    await connect({}, address)
  })
})

describe('where SQS takes nothing', () => {
  test('a publish is not confirmed, and ends the connection of whoever does not ask', async () => {
    const channel = await (await connect()).openChannel()
    await channel.call('queue.declare', { queue: 'down' })
    await channel.call('confirm.select')
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('no SQS')
    }
    channel.publish({ routingKey: 'down', payload: '1' })
    expect((await channel.event('basic.nack')).method).toMatchObject({ deliveryTag: 1 })
    faulty.fault = () => undefined
    channel.publish({ routingKey: 'down', payload: '2' })
    expect((await channel.event('basic.ack')).method).toMatchObject({ deliveryTag: 2 })
    const client = await connect()
    const other = await client.openChannel()
    faulty.fault = (method) => {
      if (method === 'sendMessageBatch') throw new Error('no SQS')
    }
    other.publish({ routingKey: 'down', payload: '3' })
    expect(await client.ended).toMatchObject({ replyCode: 541 })
  })

  test('a publisher is told that it is blocked, is not read, and goes on afterwards', async () => {
    const client = await connect({ heartbeat: 1 })
    const channel = await client.openChannel()
    const alive = setInterval(() => client.write(Buffer.from([8, 0, 0, 0, 0, 0, 0, 0xce])), 300)
    await channel.call('queue.declare', { queue: 'slow' })
    await channel.call('confirm.select')
    const opened = Promise.withResolvers<void>()
    gate = opened.promise
    const payload = Buffer.alloc(500_000, 1)
    const count = 40
    for (let index = 0; index < count; index += 1) channel.publish({ routingKey: 'slow', payload })
    await client.connection.event('connection.blocked')
    expect(client.socket.writableLength).toBeGreaterThan(0)
    // Longer than a client may be silent that is read.
    await new Promise((resolve) => setTimeout(resolve, 3_500))
    opened.resolve()
    gate = undefined
    await client.connection.event('connection.unblocked')
    for (let confirmed = 0; confirmed < count; ) confirmed = (await channel.event('basic.ack')).method.deliveryTag
    clearInterval(alive)
  })
})

describe('a gateway', () => {
  test('outlives whatever bytes it is sent', async () => {
    const hostile = Array.from({ length: 60 }, async (_, index) => {
      const client = index % 2 === 0 ? new Client({ port: gateway.port ?? 0 }) : await connect()
      const bytes = Buffer.from(
        Array.from({ length: 300 }, (_byte, at) => (at * 7919 * (index + 1) + index * 31) % 256),
      )
      if (index % 2 === 0) client.write(PROTOCOL_HEADER)
      client.write(bytes)
      if (index % 3 === 0) client.destroy()
      await client.ended
    })
    await Promise.all(hostile)
    const channel = await (await connect()).openChannel()
    await channel.call('queue.declare', { queue: 'alive' })
  })

  test('tells its clients that it goes, and gives back what they have', async () => {
    const second = await startGateway({ broker, port: 0 })
    const client = await connect({}, { port: second.port ?? 0 })
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'kept' })
    channel.publish({ routingKey: 'kept', payload: 'm' })
    await channel.call('basic.consume', { queue: 'kept' })
    await channel.event('basic.deliver')
    await second.close()
    expect(await client.ended).toMatchObject({
      replyCode: 320,
      replyText: "CONNECTION_FORCED - broker forced connection closure with reason 'shutdown'",
    })
    const next = await (await connect()).openChannel()
    expect((await next.get({ queue: 'kept' }))?.method.redelivered).toBe(true)
  })
})

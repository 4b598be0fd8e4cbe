import { describe, expect, test, vi } from 'vitest'
import { useAmqp } from '../amqp/embedded.ts'

const leveret = useAmqp()

describe('an exclusive queue', () => {
  test('gets what is published to it from anywhere, and is its connection’s alone', async () => {
    const owner = await (await leveret.connect()).openChannel()
    const { queue } = await owner.call('queue.declare', { exclusive: true })
    expect(queue).toMatch(/^amq\.gen-[\w-]{22}$/)
    await owner.call('queue.bind', { queue, exchange: 'amq.fanout' })
    await owner.call('basic.consume', { queue, noAck: true })
    const other = await (await leveret.connect()).openChannel()
    other.publish({ exchange: 'amq.fanout', payload: 'to all' })
    other.publish({ routingKey: queue, payload: 'to you' })
    const payloads = [await owner.event('basic.deliver'), await owner.event('basic.deliver')].map(({ payload }) =>
      String(payload),
    )
    expect(payloads.sort()).toEqual(['to all', 'to you'])
    await expect(other.call('basic.consume', { queue })).rejects.toThrow(
      `channel.close 405 RESOURCE_LOCKED - cannot obtain exclusive access to locked queue '${queue}' in vhost '/'.`,
    )
  })

  test('holds what was published to it before it is looked into', async () => {
    const channel = await (await leveret.connect()).openChannel()
    const { queue } = await channel.call('queue.declare', { exclusive: true })
    for (const payload of ['1', '2', '3']) channel.publish({ routingKey: queue, payload })
    expect(String((await channel.get({ queue, noAck: true }))?.payload)).toBe('1')
    expect(await channel.call('queue.declare', { queue, passive: true })).toMatchObject({ messageCount: 2 })
    expect(await channel.call('queue.purge', { queue })).toMatchObject({ messageCount: 2 })
    expect(await channel.get({ queue })).toBeUndefined()
  })

  test('goes with its connection', async () => {
    const owner = await leveret.connect()
    const channel = await owner.openChannel()
    await channel.call('queue.declare', { queue: 'mine', exclusive: true })
    await owner.close()
    const other = await (await leveret.connect()).openChannel()
    await expect(other.call('queue.declare', { queue: 'mine', passive: true })).rejects.toThrow(
      "404 NOT_FOUND - no queue 'mine' in vhost '/'",
    )
  })

  test('keeps its order, its lengths and its dead letters in memory', async () => {
    const channel = await (await leveret.connect()).openChannel()
    await channel.call('queue.declare', { queue: 'dead' })
    const args = { 'x-max-length': 3, 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'dead' }
    const { queue } = await channel.call('queue.declare', { exclusive: true, arguments: args })
    for (const payload of ['1', '2', '3', '4', '5']) channel.publish({ routingKey: queue, payload })
    const dead = [await waitForGet(channel, 'dead'), await waitForGet(channel, 'dead')]
    expect(dead.map(({ payload }) => String(payload))).toEqual(['1', '2'])
    expect(dead[0]?.properties?.headers).toMatchObject({ 'x-first-death-reason': 'maxlen' })
    const first = await channel.get({ queue })
    channel.send('basic.nack', { deliveryTag: first?.method.deliveryTag ?? 0, requeue: true })
    const all = [await channel.get({ queue }), await channel.get({ queue }), await channel.get({ queue })]
    expect(all.map((got) => [got?.method.redelivered, String(got?.payload)])).toEqual([
      [true, '3'],
      [false, '4'],
      [false, '5'],
    ])
    expect((await channel.call('queue.declare', { queue, passive: true })).messageCount).toBe(0)
  })
})

describe('time', () => {
  test('is kept for messages and for an exclusive queue itself', async () => {
    const channel = await (await leveret.connect()).openChannel()
    await channel.call('queue.declare', { queue: 'expired' })
    const args = {
      'x-message-ttl': 50,
      'x-expires': 300,
      'x-dead-letter-exchange': '',
      'x-dead-letter-routing-key': 'expired',
    }
    const { queue } = await channel.call('queue.declare', { exclusive: true, arguments: args })
    channel.publish({ routingKey: queue, payload: 'old' })
    const dead = await waitForGet(channel, 'expired')
    expect(dead.properties?.headers).toMatchObject({ 'x-first-death-reason': 'expired', 'x-first-death-queue': queue })
    const gone = async (): Promise<boolean> => {
      const other = await (await leveret.connect()).openChannel()
      return other.call('queue.declare', { queue, passive: true }).then(
        () => false,
        (error: Error) => error.message.includes('404'),
      )
    }
    await vi.waitFor(async () => expect(await gone()).toBe(true), { timeout: 10_000 })
  })
})

describe('a queue that is deleted automatically', () => {
  test('goes with its last consumer', async () => {
    const channel = await (await leveret.connect()).openChannel()
    await channel.call('queue.declare', { queue: 'auto', autoDelete: true })
    const { consumerTag } = await channel.call('basic.consume', { queue: 'auto' })
    expect(await channel.call('queue.declare', { queue: 'auto', passive: true })).toMatchObject({ consumerCount: 1 })
    await channel.call('basic.cancel', { consumerTag })
    await expect(channel.call('queue.declare', { queue: 'auto', passive: true })).rejects.toThrow('404 NOT_FOUND')
  })
})

type Channel = Awaited<ReturnType<Awaited<ReturnType<typeof leveret.connect>>['openChannel']>>

async function waitForGet(channel: Channel, queue: string) {
  for (;;) {
    const got = await channel.get({ queue, noAck: true })
    if (got) return got
  }
}

describe('a reply without a queue', () => {
  test('finds the channel that asked, and nobody else', async () => {
    const client = await (await leveret.connect()).openChannel()
    const server = await (await leveret.connect()).openChannel()
    await server.call('queue.declare', { queue: 'rpc' })
    await server.call('basic.consume', { queue: 'rpc', noAck: true })
    await client.call('basic.consume', { queue: 'amq.rabbitmq.reply-to', noAck: true, consumerTag: 'replies' })
    client.publish({ routingKey: 'rpc', payload: '2 + 2', properties: { reply_to: 'amq.rabbitmq.reply-to' } })
    const request = await server.event('basic.deliver')
    const replyTo = request.properties?.reply_to ?? ''
    expect(replyTo).toMatch(/^amq\.rabbitmq\.reply-to\.[\w.-]+$/)
    expect(await server.call('queue.declare', { queue: replyTo, passive: true })).toMatchObject({ consumerCount: 1 })
    server.publish({ routingKey: replyTo, payload: '4' })
    const reply = await client.event('basic.deliver')
    expect([reply.method.consumerTag, reply.method.routingKey, String(reply.payload)]).toEqual([
      'replies',
      replyTo,
      '4',
    ])
    await client.call('basic.cancel', { consumerTag: 'replies' })
    await expect(server.call('queue.declare', { queue: replyTo, passive: true })).rejects.toThrow('404 NOT_FOUND')
  })
})

import { describe, expect, test } from 'vitest'
import { useAmqp } from '../amqp/embedded.ts'

const LARGE = Buffer.alloc(100_000, 'x')

describe('over AMQP, what is too large for an item', { timeout: 60_000 }, () => {
  const leveret = useAmqp()

  test('waits in an exchange that delays, and comes whole', async () => {
    const channel = await (await leveret.connect()).openChannel()
    const args = { 'x-delayed-type': 'fanout' }
    await channel.call('exchange.declare', { exchange: 'later', type: 'x-delayed-message', arguments: args })
    await channel.call('queue.declare', { queue: 'late' })
    await channel.call('queue.bind', { queue: 'late', exchange: 'later', routingKey: '' })
    await channel.call('confirm.select')
    channel.publish({ exchange: 'later', payload: LARGE, properties: { headers: { 'x-delay': 1 } } })
    await channel.event('basic.ack')
    await channel.call('basic.consume', { queue: 'late', consumerTag: 'c', noAck: true })
    expect((await channel.event('basic.deliver')).payload).toEqual(LARGE)
  })

  test('is kept by an exchange with a history, and given to who binds', async () => {
    const channel = await (await leveret.connect()).openChannel()
    await channel.call('exchange.declare', { exchange: 'news', type: 'x-recent-history' })
    await channel.call('confirm.select')
    channel.publish({ exchange: 'news', payload: LARGE })
    await channel.event('basic.ack')
    await channel.call('queue.declare', { queue: 'reader' })
    await channel.call('queue.bind', { queue: 'reader', exchange: 'news', routingKey: '' })
    await channel.call('basic.consume', { queue: 'reader', consumerTag: 'c', noAck: true })
    expect((await channel.event('basic.deliver')).payload).toEqual(LARGE)
  })

  test('is bound to, as often as a journal needs a new base', async () => {
    const channel = await (await leveret.connect()).openChannel()
    await channel.call('queue.declare', { queue: 'bound' })
    for (const routingKey of ['a', 'b', 'c', 'd']) {
      const args = { note: routingKey.repeat(90_000) }
      await channel.call('queue.bind', { queue: 'bound', exchange: 'amq.direct', routingKey, arguments: args })
    }
    channel.publish({ exchange: 'amq.direct', routingKey: 'd', payload: 'found', mandatory: true })
    expect((await channel.get({ queue: 'bound', noAck: true }))?.payload?.toString()).toBe('found')
    const { body } = await leveret.call('GET', '/api/queues/%2F/bound/bindings?columns=routing_key')
    expect(body).toHaveLength(5)
  })
})

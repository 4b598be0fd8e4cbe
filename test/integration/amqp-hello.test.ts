import { describe, expect, test } from 'vitest'
import { useAmqp } from '../amqp/embedded.ts'

const leveret = useAmqp()

describe('a client of AMQP 0-9-1', () => {
  test('publishes, is confirmed, consumes and acknowledges', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    expect(await channel.call('queue.declare', { queue: 'hello', durable: true })).toEqual({
      name: 'queue.declare-ok',
      queue: 'hello',
      messageCount: 0,
      consumerCount: 0,
    })
    await channel.call('confirm.select')
    const properties = { content_type: 'text/plain', delivery_mode: 2, headers: { a: 1, b: [true, null] } }
    channel.publish({ routingKey: 'hello', payload: 'Hello World!', properties })
    expect((await channel.event('basic.ack')).method).toMatchObject({ deliveryTag: 1, multiple: false })
    const { consumerTag } = await channel.call('basic.consume', { queue: 'hello' })
    expect(consumerTag).toMatch(/^amq\.ctag-[\w-]{22}$/)
    const delivered = await channel.event('basic.deliver')
    expect(delivered.method).toMatchObject({
      consumerTag,
      deliveryTag: 1,
      redelivered: false,
      exchange: '',
      routingKey: 'hello',
    })
    expect(delivered.properties).toEqual(properties)
    expect(String(delivered.payload)).toBe('Hello World!')
    channel.send('basic.ack', { deliveryTag: 1 })
    await client.close()
    const again = await (await leveret.connect()).openChannel()
    expect(await again.get({ queue: 'hello' })).toBeUndefined()
  })

  test('gets back what it has not acknowledged', async () => {
    const first = await leveret.connect()
    const channel = await first.openChannel()
    await channel.call('queue.declare', { queue: 'again' })
    channel.publish({ routingKey: 'again', payload: 'once more' })
    await channel.call('basic.consume', { queue: 'again' })
    await channel.event('basic.deliver')
    first.destroy()
    const next = await (await leveret.connect()).openChannel()
    await next.call('basic.consume', { queue: 'again' })
    const { method, payload } = await next.event('basic.deliver')
    expect([method.redelivered, String(payload)]).toEqual([true, 'once more'])
  })
})

import { describe, expect, test } from 'vitest'
import type { Channel } from '../amqp/channel.ts'
import { expectNoticeBehindAnswer } from '../amqp/deletion-notice.ts'
import { useAmqp } from '../amqp/embedded.ts'

const leveret = useAmqp()

const openChannel = async () => (await leveret.connect()).openChannel()

/** Declares a queue that holds these messages. */
async function queueOf(channel: Channel, queue: string, payloads: readonly string[], args = {}): Promise<void> {
  await channel.call('queue.declare', { queue, arguments: args })
  for (const payload of payloads) channel.publish({ routingKey: queue, payload })
  // Answered behind the publishes.
  await channel.call('queue.declare', { queue, passive: true })
}

async function deliveries(channel: Channel, count: number): Promise<string[]> {
  const found: string[] = []
  while (found.length < count) found.push(String((await channel.event('basic.deliver')).payload))
  return found
}

describe('prefetch', () => {
  test('limits a consumer to what it has not acknowledged, exactly', async () => {
    const channel = await openChannel()
    await queueOf(channel, 'limited', ['1', '2', '3', '4', '5'])
    await channel.call('basic.qos', { prefetchCount: 2 })
    await channel.call('basic.consume', { queue: 'limited' })
    expect(await deliveries(channel, 2)).toEqual(['1', '2'])
    expect(await channel.call('queue.declare', { queue: 'limited', passive: true })).toMatchObject({ messageCount: 3 })
    channel.send('basic.ack', { deliveryTag: 2, multiple: true })
    expect(await deliveries(channel, 2)).toEqual(['3', '4'])
    channel.send('basic.ack', { deliveryTag: 4 })
    expect(await deliveries(channel, 1)).toEqual(['5'])
    expect(channel.events.takeAll()).toEqual([])
  })

  test('of a channel holds for all of its consumers together', async () => {
    const channel = await openChannel()
    await queueOf(channel, 'shared', ['1', '2', '3', '4'])
    await channel.call('basic.qos', { prefetchCount: 3, global: true })
    await channel.call('basic.consume', { queue: 'shared' })
    await channel.call('basic.consume', { queue: 'shared' })
    await deliveries(channel, 3)
    expect(await channel.call('queue.declare', { queue: 'shared', passive: true })).toMatchObject({ messageCount: 1 })
    await channel.call('basic.qos', { prefetchCount: 4, global: true })
    expect(await deliveries(channel, 1)).toEqual(['4'])
  })

  test('is none for whoever does not acknowledge', async () => {
    const channel = await openChannel()
    await queueOf(channel, 'quick', ['1', '2', '3'])
    await channel.call('basic.qos', { prefetchCount: 1 })
    await channel.call('basic.consume', { queue: 'quick', noAck: true })
    expect(await deliveries(channel, 3)).toEqual(['1', '2', '3'])
    channel.send('basic.ack', { deliveryTag: 1 })
    expect(await channel.closed).toMatchObject({
      replyCode: 406,
      replyText: 'PRECONDITION_FAILED - unknown delivery tag 1',
    })
  })
})

describe('consumers of one queue', () => {
  test('take turns', async () => {
    const [first, second] = [await openChannel(), await openChannel()]
    await first.call('queue.declare', { queue: 'turns' })
    await first.call('basic.consume', { queue: 'turns' })
    await second.call('basic.consume', { queue: 'turns' })
    for (let index = 0; index < 6; index += 1) first.publish({ routingKey: 'turns', payload: String(index) })
    const [ofFirst, ofSecond] = await Promise.all([deliveries(first, 3), deliveries(second, 3)])
    expect([...ofFirst, ...ofSecond].sort()).toEqual(['0', '1', '2', '3', '4', '5'])
  })

  test('of a higher priority come first', async () => {
    const [low, high] = [await openChannel(), await openChannel()]
    await low.call('queue.declare', { queue: 'ranked' })
    await low.call('basic.consume', { queue: 'ranked' })
    await high.call('basic.qos', { prefetchCount: 2 })
    await high.call('basic.consume', { queue: 'ranked', arguments: { 'x-priority': 5 } })
    for (const payload of ['1', '2', '3']) low.publish({ routingKey: 'ranked', payload })
    expect(await deliveries(high, 2)).toEqual(['1', '2'])
    expect(await deliveries(low, 1)).toEqual(['3'])
  })

  test('are one where it is to be alone', async () => {
    const [first, second] = [await openChannel(), await openChannel()]
    await first.call('queue.declare', { queue: 'alone' })
    await first.call('basic.consume', { queue: 'alone', exclusive: true })
    await expect(second.call('basic.consume', { queue: 'alone' })).rejects.toThrow(
      "403 ACCESS_REFUSED - queue 'alone' in vhost '/' in exclusive use (60/20)",
    )
  })

  test('wait where one is active at a time, until it goes', async () => {
    const [first, second] = [await openChannel(), await openChannel()]
    await queueOf(first, 'single', [], { 'x-single-active-consumer': true })
    await first.call('basic.consume', { queue: 'single', consumerTag: 'first' })
    await second.call('basic.consume', { queue: 'single', consumerTag: 'second' })
    for (const payload of ['1', '2', '3']) first.publish({ routingKey: 'single', payload })
    // SQS hands out nothing of a group while something of it is out.
    expect(await deliveries(first, 1)).toEqual(['1'])
    first.send('basic.ack', { deliveryTag: 1 })
    expect(await deliveries(first, 1)).toEqual(['2'])
    await first.close()
    expect(await deliveries(second, 1)).toEqual(['2'])
    second.send('basic.ack', { deliveryTag: 1 })
    expect(await deliveries(second, 1)).toEqual(['3'])
  })
})

describe('what is not acknowledged', () => {
  test('comes back redelivered after a nack, a reject, a recover and a closed channel', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    await queueOf(channel, 'back', ['m'])
    await channel.call('basic.consume', { queue: 'back' })
    const expectNext = async (redelivered: boolean) => {
      const { method, payload } = await channel.event('basic.deliver')
      expect([method.redelivered, String(payload)]).toEqual([redelivered, 'm'])
      return method.deliveryTag
    }
    channel.send('basic.nack', { deliveryTag: await expectNext(false), requeue: true })
    channel.send('basic.reject', { deliveryTag: await expectNext(true), requeue: true })
    await expectNext(true)
    await channel.call('basic.recover', { requeue: true })
    await expectNext(true)
    await channel.close()
    const next = await client.openChannel()
    const got = await next.get({ queue: 'back' })
    expect(got?.method).toMatchObject({ deliveryTag: 1, redelivered: true })
  })

  test('goes to the dead-letter exchange when it is rejected', async () => {
    const channel = await openChannel()
    await channel.call('queue.declare', { queue: 'graves' })
    const args = { 'x-dead-letter-exchange': '', 'x-dead-letter-routing-key': 'graves' }
    await queueOf(channel, 'lives', ['1', '2', '3'], args)
    await channel.call('basic.consume', { queue: 'lives' })
    await deliveries(channel, 3)
    channel.send('basic.nack', { deliveryTag: 0, multiple: true })
    await channel.call('basic.consume', { queue: 'graves', consumerTag: 'graves' })
    const dead = await channel.event('basic.deliver')
    expect(dead.properties?.headers).toMatchObject({
      'x-first-death-queue': 'lives',
      'x-first-death-reason': 'rejected',
    })
    expect((await deliveries(channel, 2)).length).toBe(2)
  })
})

describe('a consumer', () => {
  test('is told when its queue is deleted, after the deletion is answered', async () => {
    await expectNoticeBehindAnswer(await openChannel())
  })

  test('is told when its queue is deleted through the API', async () => {
    const channel = await openChannel()
    await channel.call('queue.declare', { queue: 'gone' })
    await channel.call('basic.consume', { queue: 'gone' })
    expect((await leveret.call('DELETE', '/api/queues/%2F/gone')).status).toBe(204)
    await channel.event('basic.cancel')
  })

  test('gets nothing after its cancellation is answered, and what comes then is somebody else’s', async () => {
    const channel = await openChannel()
    await channel.call('queue.declare', { queue: 'cancelled' })
    const { consumerTag } = await channel.call('basic.consume', { queue: 'cancelled' })
    await channel.call('basic.cancel', { consumerTag })
    channel.publish({ routingKey: 'cancelled', payload: 'late' })
    const got = await channel.get({ queue: 'cancelled' })
    expect([got?.method.redelivered, String(got?.payload)]).toEqual([false, 'late'])
    expect(await channel.call('basic.cancel', { consumerTag: 'unknown' })).toMatchObject({ consumerTag: 'unknown' })
  })

  test('may not have the tag of another', async () => {
    const channel = await openChannel()
    await channel.call('queue.declare', { queue: 'tagged' })
    await channel.call('basic.consume', { queue: 'tagged', consumerTag: 'c' })
    await expect(channel.call('basic.consume', { queue: 'tagged', consumerTag: 'c' })).rejects.toThrow(
      "connection.close 530 NOT_ALLOWED - attempt to reuse consumer tag 'c' (60/20)",
    )
  })
})

import { describe, expect, test } from 'vitest'
import { Typed } from '../../lib/model/amqp-value.ts'
import type { Close } from '../amqp/channel.ts'
import { useAmqp } from '../amqp/embedded.ts'

const leveret = useAmqp()

const openChannel = async () => (await leveret.connect()).openChannel()

describe('a channel that confirms', () => {
  test('confirms each publish once, in order, and returns before it confirms', async () => {
    const channel = await openChannel()
    await channel.call('queue.declare', { queue: 'confirmed' })
    await channel.call('confirm.select')
    for (let index = 0; index < 25; index += 1) {
      const routingKey = index % 5 === 0 ? 'nowhere' : 'confirmed'
      channel.publish({ routingKey, mandatory: true, payload: String(index) })
    }
    const returned: string[] = []
    let confirmed = 0
    while (confirmed < 25) {
      const { method, payload } = await channel.events.take('a confirm or a return')
      if (method.name === 'basic.return') {
        expect(method).toMatchObject({ replyCode: 312, replyText: 'NO_ROUTE', routingKey: 'nowhere' })
        expect(Number(payload)).toBeGreaterThanOrEqual(confirmed)
        returned.push(String(payload))
      } else {
        expect(method.name).toBe('basic.ack')
        if (method.name !== 'basic.ack') continue
        expect(method.deliveryTag).toBeGreaterThan(confirmed)
        if (!method.multiple) expect(method.deliveryTag).toBe(confirmed + 1)
        confirmed = method.deliveryTag
      }
    }
    expect(returned).toEqual(['0', '5', '10', '15', '20'])
    const got: string[] = []
    for (let next = await channel.get({ queue: 'confirmed', noAck: true }); next; ) {
      got.push(String(next.payload))
      next = await channel.get({ queue: 'confirmed', noAck: true })
    }
    const expected = Array.from({ length: 25 }, (_, index) => String(index)).filter((_, index) => index % 5 !== 0)
    expect(got).toEqual(expected)
  })

  test('says no where a queue refuses what is beyond its length', async () => {
    const channel = await openChannel()
    const args = { 'x-max-length': 1, 'x-overflow': 'reject-publish' }
    await channel.call('queue.declare', { queue: 'short', arguments: args })
    await channel.call('confirm.select')
    channel.publish({ routingKey: 'short', payload: '1' })
    expect((await channel.event('basic.ack')).method.deliveryTag).toBe(1)
    channel.publish({ routingKey: 'short', payload: '2' })
    expect((await channel.event('basic.nack')).method.deliveryTag).toBe(2)
  })

  test('sends nothing behind a publish that is refused, and confirms what came before', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'before' })
    await channel.call('confirm.select')
    channel.publish({ routingKey: 'before', payload: '1' })
    channel.publish({ exchange: 'missing', routingKey: 'before', payload: '2' })
    channel.publish({ routingKey: 'before', payload: '3' })
    expect((await channel.event('basic.ack')).method.deliveryTag).toBe(1)
    expect(await channel.closed).toMatchObject({
      replyCode: 404,
      replyText: "NOT_FOUND - no exchange 'missing' in vhost '/'",
      classId: 60,
      methodId: 40,
    })
    const next = await client.openChannel()
    expect(String((await next.get({ queue: 'before', noAck: true }))?.payload)).toBe('1')
    expect(await next.get({ queue: 'before' })).toBeUndefined()
  })
})

describe('a message', () => {
  test('arrives with every type of header as it was sent, and as large as may be', async () => {
    const channel = await openChannel()
    await channel.call('queue.declare', { queue: 'typed' })
    const headers = {
      text: 'ä',
      yes: true,
      long: 2 ** 40,
      byte: new Typed('int8', -3),
      fraction: 0.5,
      whole: new Typed('double', 1),
      when: new Typed('timestamp', 1_700_000_000),
      bytes: new Typed('bytes', Buffer.from([0xff, 0])),
      list: [1, 'two', null],
      table: { deep: { deeper: [] } },
    }
    const payload = Buffer.alloc(3_000_000, 'leveret')
    const properties = {
      headers,
      content_type: 'x/y',
      priority: 3,
      timestamp: 5,
      message_id: 'm',
      type: 't',
      app_id: 'a',
    }
    channel.publish({ routingKey: 'typed', payload, properties })
    const got = await channel.get({ queue: 'typed' })
    expect(got?.properties?.headers?.list).toEqual([1, 'two', null])
    expect(got?.properties).toMatchObject({ content_type: 'x/y', priority: 3, timestamp: 5, message_id: 'm' })
    expect(got?.properties?.headers).toMatchObject({
      text: 'ä',
      yes: true,
      fraction: 0.5,
      table: { deep: { deeper: [] } },
    })
    expect(got?.payload?.equals(payload)).toBe(true)
  })

  test('is empty where nothing was sent', async () => {
    const channel = await openChannel()
    await channel.call('queue.declare', { queue: 'empty' })
    channel.publish({ routingKey: 'empty' })
    expect((await channel.get({ queue: 'empty' }))?.payload?.length).toBe(0)
  })

  test.each([
    [{ properties: { user_id: 'bob' } }, 406, "user_id property set to 'bob' but authenticated user was 'guest'"],
    [{ properties: { expiration: 'abc' } }, 406, "invalid expiration 'abc': no_integer"],
    [{ immediate: true }, 540, 'immediate=true'],
    [{ exchange: 'amq.rabbitmq.trace' }, 403, "cannot publish to internal exchange 'amq.rabbitmq.trace' in vhost '/'"],
    [{ properties: { reply_to: 'amq.rabbitmq.reply-to' } }, 406, 'fast reply consumer does not exist'],
    [{ properties: { headers: { CC: 'x' } } }, 406, 'invalid message: {unacceptable_type_in_header,"CC",longstr}'],
  ])('is refused as RabbitMQ refuses it: %j', async (publication, replyCode, text) => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    channel.publish({ routingKey: 'x', ...publication })
    const close = (await Promise.race([channel.closed, client.ended])) as Close
    expect(close).toMatchObject({ replyCode, classId: 60, methodId: 40 })
    expect(close.replyText.endsWith(` - ${text}`)).toBe(true)
    expect(close.name).toBe(replyCode === 540 ? 'connection.close' : 'channel.close')
  })
})

describe('a transaction', () => {
  test('publishes and acknowledges at its commit, and does neither after a rollback', async () => {
    const channel = await openChannel()
    const other = await openChannel()
    await channel.call('queue.declare', { queue: 'tx' })
    channel.publish({ routingKey: 'tx', payload: 'first' })
    await channel.call('tx.select')
    const first = await channel.get({ queue: 'tx' })
    channel.send('basic.ack', { deliveryTag: first?.method.deliveryTag ?? 0 })
    channel.publish({ routingKey: 'tx', payload: 'second' })
    await channel.call('tx.rollback')
    expect(await other.get({ queue: 'tx' })).toBeUndefined()
    channel.send('basic.ack', { deliveryTag: first?.method.deliveryTag ?? 0 })
    channel.publish({ routingKey: 'tx', payload: 'third' })
    channel.publish({ routingKey: 'nowhere', mandatory: true })
    const commit = channel.call('tx.commit')
    expect((await channel.event('basic.return')).method.routingKey).toBe('nowhere')
    await commit
    expect(String((await other.get({ queue: 'tx', noAck: true }))?.payload)).toBe('third')
    expect(await other.get({ queue: 'tx' })).toBeUndefined()
  })

  test('is not to be had with confirms, nor without select', async () => {
    const confirming = await openChannel()
    await confirming.call('confirm.select')
    await expect(confirming.call('tx.select')).rejects.toThrow('cannot switch from confirm to tx mode')
    const transactional = await openChannel()
    await transactional.call('tx.select')
    await expect(transactional.call('confirm.select')).rejects.toThrow('cannot switch from tx to confirm mode')
    await expect((await openChannel()).call('tx.commit')).rejects.toThrow('channel is not transactional (90/20)')
  })

  test('refuses at once what cannot be published', async () => {
    const channel = await openChannel()
    await channel.call('tx.select')
    channel.publish({ exchange: 'missing' })
    expect(await channel.closed).toMatchObject({ replyCode: 404, methodId: 40 })
  })
})

describe('a close of the channel that crosses an error of what came before it', () => {
  test.each([
    ['at once', []],
    ['while it waits', ['first', 'second', 'third']],
  ])('is answered %s, and the number is free once the client has answered too', async (_when, before) => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    const seen: string[] = []
    channel.watch(({ method }) => seen.push(method.name))
    for (const queue of before) channel.send('queue.declare', { queue, nowait: true })
    channel.publish({ exchange: 'missing' })
    channel.send('channel.close', { replyCode: 200 })
    expect(await channel.closed).toMatchObject({ replyCode: 404, methodId: 40 })
    const again = await client.openChannel(channel.number)
    expect(seen).toEqual(['channel.close', 'channel.close-ok'])
    await again.call('queue.declare', { queue: 'after' })
  })
})

test('a timestamp in nanoseconds, and one that is negative where it comes from, are no reason to close', async () => {
  const channel = await openChannel()
  await channel.call('queue.declare', { queue: 'times' })
  for (const timestamp of [1.7644608e18, 2 ** 64 - 2 ** 11]) {
    channel.publish({
      routingKey: 'times',
      properties: { timestamp, headers: { at: new Typed('timestamp', timestamp) } },
    })
    const got = await channel.get({ queue: 'times', noAck: true })
    expect(got?.properties).toEqual({ timestamp, headers: { at: new Typed('timestamp', timestamp) } })
  }
})

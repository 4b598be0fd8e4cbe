import { describe, expect, test, vi } from 'vitest'
import { encodeMethod } from '../../lib/amqp/protocol/frame-writer.ts'
import { PROTOCOL_HEADER } from '../../lib/amqp/protocol/protocol-header.ts'
import { Client } from '../amqp/client.ts'
import { useAmqp } from '../amqp/embedded.ts'
import { methodOf } from '../amqp/method.ts'

const leveret = useAmqp()

/** A client that says nothing of its own accord. */
const raw = (): Client => new Client({ port: leveret.port })

/** All bytes until the server ends the connection. */
function bytesOf(client: Client): Promise<Buffer> {
  const chunks: Buffer[] = []
  client.socket.removeAllListeners('data')
  client.socket.on('data', (chunk) => chunks.push(chunk))
  return client.ended.then(() => Buffer.concat(chunks))
}

describe('a connection', () => {
  test('that speaks another protocol is told which one is spoken here', async () => {
    const client = raw()
    const bytes = bytesOf(client)
    client.write(Buffer.from('GET / HTTP/1.1\r\n\r\n'))
    expect((await bytes).equals(PROTOCOL_HEADER)).toBe(true)
  })

  test('begins with what the broker is and can', async () => {
    const client = raw()
    client.write(PROTOCOL_HEADER)
    const start = await client.connection.reply('connection.start')
    expect(start).toMatchObject({ versionMajor: 0, versionMinor: 9, mechanisms: 'AMQPLAIN PLAIN', locales: 'en_US' })
    expect(start.serverProperties).toMatchObject({
      product: 'RabbitMQ',
      capabilities: { publisher_confirms: true, 'basic.nack': true, consumer_cancel_notify: true },
    })
    client.destroy()
  })

  test('of somebody with a wrong password is closed with a reason, three seconds later', async () => {
    const client = raw()
    const startedMs = performance.now()
    await expect(client.open({ password: 'wrong' })).rejects.toThrow(
      'connection.close 403 ACCESS_REFUSED - Login was refused using authentication mechanism PLAIN. For details see the broker logfile. (0/0)',
    )
    await client.ended
    expect(performance.now() - startedMs).toBeGreaterThan(2_500)
  })

  test.each([
    ['nowhere', 'vhost nowhere not found'],
    ['locked', "access to vhost 'locked' refused for user 'guest'"],
  ])('to the vhost %s is refused', async (vhost, text) => {
    await leveret.call('PUT', '/api/vhosts/locked')
    await leveret.call('DELETE', '/api/permissions/locked/guest')
    await expect(leveret.connect({ vhost })).rejects.toThrow(`connection.close 530 NOT_ALLOWED - ${text} (10/40)`)
  })

  test('is one of so many that a vhost may have', async () => {
    await leveret.call('PUT', '/api/vhosts/small')
    await leveret.call('PUT', '/api/vhost-limits/small/max-connections', { value: 1 })
    await leveret.connect({ vhost: 'small' })
    await expect(leveret.connect({ vhost: 'small' })).rejects.toThrow('connection limit (1) is reached')
  })

  test('ends when its vhost is deleted, and when its user is', async () => {
    await leveret.call('PUT', '/api/vhosts/passing')
    await leveret.call('PUT', '/api/users/passer', { password: 'p', tags: '' })
    await leveret.call('PUT', '/api/permissions/%2F/passer', { configure: '', write: '', read: '' })
    const inVhost = await leveret.connect({ vhost: 'passing' })
    const ofUser = await leveret.connect({ username: 'passer', password: 'p' })
    await leveret.call('DELETE', '/api/vhosts/passing')
    await leveret.call('DELETE', '/api/users/passer')
    expect(await inVhost.ended).toMatchObject({
      replyCode: 320,
      replyText: "CONNECTION_FORCED - vhost 'passing' is deleted",
    })
    expect(await ofUser.ended).toMatchObject({
      replyCode: 320,
      replyText: "CONNECTION_FORCED - user 'passer' is deleted",
    })
  })

  test('executes what was asked for before it closes', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'last-words' })
    for (let index = 0; index < 30; index += 1) channel.publish({ routingKey: 'last-words', payload: String(index) })
    await client.close()
    const next = await (await leveret.connect()).openChannel()
    expect(await next.call('queue.declare', { queue: 'last-words', passive: true })).toMatchObject({ messageCount: 30 })
  })

  test('executes what came before it was cut', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'cut' })
    for (let index = 0; index < 30; index += 1) channel.publish({ routingKey: 'cut', payload: String(index) })
    client.socket.end()
    await client.ended
    const next = await (await leveret.connect()).openChannel()
    await vi.waitFor(async () => {
      const { messageCount } = await next.call('queue.declare', { queue: 'cut', passive: true })
      expect(messageCount).toBe(30)
    })
  })

  test('is ended when nothing comes for longer than two heartbeats, and sends them itself', async () => {
    const client = await leveret.connect({ heartbeat: 1 })
    const startedMs = performance.now()
    let received = 0
    client.socket.on('data', () => {
      received += 1
    })
    await client.ended
    expect(performance.now() - startedMs).toBeGreaterThan(1_900)
    expect(received).toBeGreaterThan(1)
  })

  test('may have as many channels as were agreed on', async () => {
    const client = await leveret.connect({ channelMax: 2 })
    await client.openChannel(5)
    await client.openChannel(9)
    await expect(client.openChannel(7)).rejects.toThrow('connection.close 530 NOT_ALLOWED')
  })

  test.each([
    ['a method on a channel that is not open', encodeMethod(3, methodOf('basic.qos')), 504],
    ['a second open', encodeMethod(1, methodOf('channel.open')), 504],
    ['a method that only servers send', encodeMethod(1, methodOf('basic.get-empty')), 503],
    ['a method of the connection on a channel', encodeMethod(1, methodOf('connection.close-ok')), 503],
    ['another class on channel 0', encodeMethod(0, methodOf('basic.qos')), 504],
    ['a body without a method', Buffer.from([3, 0, 1, 0, 0, 0, 1, 65, 0xce]), 505],
    ['content on channel 0', Buffer.from([3, 0, 0, 0, 0, 0, 1, 65, 0xce]), 505],
    [
      'a method where a content header is due',
      Buffer.concat([encodeMethod(1, methodOf('basic.publish')), encodeMethod(1, methodOf('basic.qos'))]),
      505,
    ],
    ['an unknown type of frame', Buffer.from([9, 0, 1, 0, 0, 0, 0, 0xce]), 501],
    ['an unknown method', Buffer.from([1, 0, 1, 0, 0, 0, 4, 0, 99, 0, 99, 0xce]), 503],
    ['no end of a frame', Buffer.from([1, 0, 1, 0, 0, 0, 4, 0, 60, 0, 10, 0]), 501],
  ])('ends with %s', async (_what, bytes, replyCode) => {
    const client = await leveret.connect()
    await client.openChannel(1)
    client.write(bytes)
    expect(await client.ended).toMatchObject({ replyCode })
  })

  test('executes and answers what was asked for before a channel is closed, though nobody waited', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'hasty' })
    const seen: string[] = []
    channel.watch(({ method }) => seen.push(method.name))
    channel.publish({ routingKey: 'hasty', payload: 'm' })
    channel.send('queue.declare', { queue: 'hastier' })
    channel.send('queue.bind', { queue: 'hastier', exchange: 'amq.fanout' })
    channel.publish({ exchange: 'amq.fanout', payload: 'n' })
    channel.send('basic.consume', { queue: 'hasty' })
    channel.send('tx.select')
    channel.publish({ routingKey: 'hastier', payload: 'o' })
    channel.send('tx.commit')
    channel.send('channel.close', { replyCode: 200 })
    await channel.replies.take('declare-ok')
    while (seen.at(-1) !== 'channel.close-ok') await channel.replies.take('channel.close-ok')
    expect(seen.filter((name) => name !== 'basic.deliver')).toEqual([
      'queue.declare-ok',
      'queue.bind-ok',
      'basic.consume-ok',
      'tx.select-ok',
      'tx.commit-ok',
      'channel.close-ok',
    ])
    const next = await client.openChannel()
    expect(await next.call('queue.declare', { queue: 'hasty', passive: true })).toMatchObject({ messageCount: 1 })
    expect(await next.call('queue.declare', { queue: 'hastier', passive: true })).toMatchObject({ messageCount: 2 })
  })

  test('outlives an error of a channel, whose number is free afterwards', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel(1)
    await expect(channel.call('queue.declare', { queue: 'missing', passive: true })).rejects.toThrow(
      "channel.close 404 NOT_FOUND - no queue 'missing' in vhost '/' (50/10)",
    )
    const again = await client.openChannel(1)
    expect((await again.call('queue.declare', { queue: 'present' })).queue).toBe('present')
  })
})

import { describe, expect, test } from 'vitest'
import { useAmqp } from '../amqp/embedded.ts'

const leveret = useAmqp()

/** Gateways show their connections every few seconds. */
const SHOWN = { timeout: 30_000, interval: 250 }

const get = async (path: string): Promise<unknown> => (await leveret.call('GET', path)).body

interface Named {
  readonly name: string
}

const namesIn = async (path: string): Promise<string[]> => ((await get(path)) as Named[]).map(({ name }) => name)

describe('what AMQP clients do', () => {
  test('shows in the lists of connections, channels and consumers, and is gone with them', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'shown' })
    await channel.call('basic.qos', { prefetchCount: 7 })
    await channel.call('basic.consume', { queue: 'shown', consumerTag: 'looks' })
    await expect
      .poll(() => get('/api/consumers'), SHOWN)
      .toMatchObject([
        { consumer_tag: 'looks', queue: { name: 'shown', vhost: '/' }, prefetch_count: 7, ack_required: true },
      ])
    const [connection = ''] = await namesIn('/api/connections')
    expect(await get(`/api/connections/${encodeURIComponent(connection)}`)).toMatchObject({
      user: 'guest',
      vhost: '/',
      channels: 1,
      protocol: 'AMQP 0-9-1',
    })
    expect(await namesIn('/api/channels')).toEqual([`${connection} (1)`])
    expect(await get('/api/queues/%2F/shown')).toMatchObject({
      consumers: 1,
      consumer_details: [{ consumer_tag: 'looks' }],
    })
    expect(await get('/api/overview')).toMatchObject({ object_totals: { connections: 1, channels: 1, consumers: 1 } })
    expect((await leveret.call('DELETE', '/api/queues/%2F/shown?if-unused=true')).status).toBe(400)
    await client.close()
    expect(await get('/api/queues/%2F/shown')).toMatchObject({ consumers: 0 })
    await expect.poll(() => get('/api/connections'), SHOWN).toEqual([])
    expect((await leveret.call('DELETE', '/api/queues/%2F/shown?if-unused=true')).status).toBe(204)
  }, 90_000)

  test('ends where the API closes the connection', async () => {
    const client = await leveret.connect()
    const channel = await client.openChannel()
    await channel.call('queue.declare', { queue: 'owned', exclusive: true })
    await expect
      .poll(() => get('/api/queues/%2F/owned'), SHOWN)
      .toMatchObject({
        exclusive: true,
        owner_pid_details: { name: expect.any(String) },
      })
    const { owner_pid_details: owner } = (await get('/api/queues/%2F/owned')) as { owner_pid_details: Named }
    const path = `/api/connections/${encodeURIComponent(owner.name)}`
    expect((await leveret.call('DELETE', path)).status).toBe(204)
    expect(await client.ended).toMatchObject({ replyText: 'CONNECTION_FORCED - Closed via management plugin' })
    await expect.poll(async () => (await leveret.call('GET', '/api/queues/%2F/owned')).status, SHOWN).toBe(404)
    expect((await leveret.call('DELETE', '/api/connections/nope')).status).toBe(404)
  }, 90_000)

  test('reaches queues of connections from the API, which may not take from them', async () => {
    const channel = await (await leveret.connect()).openChannel()
    await channel.call('queue.declare', { queue: 'private', exclusive: true })
    await channel.call('basic.consume', { queue: 'private', noAck: true })
    const message = { properties: {}, routing_key: 'private', payload: 'from the API', payload_encoding: 'string' }
    const published = await leveret.call('POST', '/api/exchanges/%2F/amq.default/publish', message)
    expect(published.body).toEqual({ routed: true })
    expect(String((await channel.event('basic.deliver')).payload)).toBe('from the API')
    const wanted = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    expect((await leveret.call('POST', '/api/queues/%2F/private/get', wanted)).body).toMatchObject({
      error: 'bad_request',
      reason: expect.stringMatching(/^405 RESOURCE_LOCKED/),
    })
  })
})

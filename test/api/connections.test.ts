import { beforeAll, describe, expect, test } from 'vitest'
import { whenSettled } from '../../lib/broker/change.ts'
import { commitQueue } from '../../lib/broker/declare-queue.ts'
import type { ConnectionSnapshot } from '../../lib/broker/gateway-snapshot.ts'
import { type Gateway, openGateway } from '../../lib/broker/gateways.ts'
import { openSession, type VhostSession } from '../../lib/broker/session.ts'
import { Typed } from '../../lib/model/amqp-value.ts'
import { useApi } from './support/client.ts'

const api = useApi()
const { call } = api

const NAME = '127.0.0.1:50001 -> 127.0.0.1:5672'
const PATH = `/connections/${encodeURIComponent(NAME)}`

const connection: ConnectionSnapshot = {
  id: 'c1',
  name: NAME,
  vhost: '/',
  user: 'guest',
  state: 'running',
  connectedAtMs: 1000,
  host: '127.0.0.1',
  port: 5672,
  peerHost: '127.0.0.1',
  peerPort: 50001,
  isTls: false,
  authMechanism: 'PLAIN',
  channelMax: 2047,
  frameMax: 131072,
  timeoutS: 60,
  clientProperties: { product: 'pika', connection_name: 'worker', ratio: new Typed('double', 1) },
  channels: [
    {
      number: 1,
      isConfirming: true,
      isTransactional: false,
      prefetchCount: 4,
      globalPrefetchCount: 0,
      unacknowledged: 2,
      unconfirmed: 0,
      uncommitted: 0,
      consumers: [
        {
          tag: 'ctag1',
          queue: 'tasks',
          prefetchCount: 4,
          isAckRequired: true,
          isExclusive: false,
          isActive: true,
          arguments: {},
        },
      ],
    },
  ],
}

const other: ConnectionSnapshot = { ...connection, id: 'c2', name: 'other', user: 'ann', vhost: 'v', channels: [] }

let gateway: Gateway

async function sessionOver(id: string): Promise<VhostSession> {
  const { broker } = api
  const authenticate: Parameters<typeof openSession>[1]['authenticate'] = (access) => {
    const user = access.users.get('guest')
    if (!user) throw new Error('guest is missing')
    return user
  }
  const request = { arrival: broker.journals.arrival(), vhost: '/', confirm: true, authenticate }
  return (await openSession(broker, { ...request, connection: { gateway: gateway.id, id } })) as VhostSession
}

beforeAll(async () => {
  await call('PUT', '/vhosts/v')
  await call('PUT', '/users/ann', { password: 'ann', tags: 'management' })
  await call('PUT', '/permissions/v/ann', { configure: '', write: '', read: '' })
  await call('PUT', '/queues/%2F/tasks', {})
  gateway = await openGateway(api.broker)
  const session = await sessionOver('c1')
  const declaration = { name: 'mine', durable: false, autoDelete: false, arguments: {}, exclusive: true }
  const { queue } = await whenSettled(commitQueue(session, declaration))
  const tasks = session.vhost.queueByName('tasks')
  if (!tasks) throw new Error('queue tasks is missing')
  await gateway.addConsumer(session, tasks, false)
  await gateway.writeSnapshot({
    connections: [connection, other],
    queues: [{ id: queue.id, ready: 3, unacknowledged: 1 }],
  })
})

describe('connections of AMQP clients', () => {
  test('are listed and shown as RabbitMQ does', async () => {
    const { body } = await call('GET', '/connections')
    expect((body as { name: string }[]).map(({ name }) => name)).toEqual([NAME, 'other'])
    expect((await call('GET', PATH)).body).toMatchObject({
      name: NAME,
      vhost: '/',
      user: 'guest',
      channels: 1,
      state: 'running',
      protocol: 'AMQP 0-9-1',
      peer_host: '127.0.0.1',
      peer_port: 50001,
      timeout: 60,
      ssl: false,
      user_provided_name: 'worker',
      client_properties: { product: 'pika', ratio: 1.0 },
    })
    expect((await call('GET', '/vhosts/v/connections')).body).toMatchObject([{ name: 'other' }])
    expect((await call('GET', '/connections/username/guest')).body).toMatchObject([{ name: NAME }])
    expect((await call('GET', '/connections?page=1&name=other')).body).toMatchObject({ filtered_count: 1 })
    expect(await call('GET', '/connections/nope')).toMatchObject({ status: 404 })
  })

  test('are seen by their own user, and by all who monitor', async () => {
    const options = { as: 'ann:ann' }
    expect((await call('GET', '/connections', undefined, options)).body).toMatchObject([{ name: 'other' }])
    expect(await call('GET', PATH, undefined, options)).toMatchObject({ status: 404 })
    expect(await call('DELETE', PATH, undefined, options)).toMatchObject({ status: 404 })
  })

  test('have channels and consumers', async () => {
    const channel = { name: `${NAME} (1)`, number: 1, confirm: true, prefetch_count: 4, messages_unacknowledged: 2 }
    for (const path of ['/channels', `${PATH}/channels`, '/vhosts/%2F/channels']) {
      expect((await call('GET', path)).body).toMatchObject([{ ...channel, connection_details: { name: NAME } }])
    }
    expect((await call('GET', `/channels/${encodeURIComponent(`${NAME} (1)`)}`)).body).toMatchObject(channel)
    expect(await call('GET', '/channels/nope')).toMatchObject({ status: 404 })
    const consumer = { consumer_tag: 'ctag1', queue: { name: 'tasks', vhost: '/' }, ack_required: true, active: true }
    expect((await call('GET', '/consumers')).body).toMatchObject([consumer])
    expect((await call('GET', '/consumers/%2F')).body).toMatchObject([consumer])
    expect((await call('GET', '/consumers/v')).body).toEqual([])
    expect((await call('GET', '/queues/%2F/tasks')).body).toMatchObject({ consumers: 1, consumer_details: [consumer] })
    expect((await call('GET', '/overview')).body).toMatchObject({
      object_totals: { connections: 2, channels: 1, consumers: 1 },
    })
  })

  test('keep a queue that is to go only if it is unused', async () => {
    expect(await call('DELETE', '/queues/%2F/tasks?if-unused=true')).toMatchObject({
      status: 400,
      body: { error: 'bad_request', reason: "queue 'tasks' in vhost '/' in use" },
    })
  })

  test('are closed by their gateway, which is asked to', async () => {
    expect(await call('DELETE', PATH, undefined, { headers: { 'X-Reason': 'enough' } })).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/connections/username/ann')).toMatchObject({ status: 204 })
    const { requests } = await gateway.receive({ max: 10, waitS: 0 }, () => undefined)
    expect(requests).toEqual([
      { closeConnection: 'c1', reason: 'enough' },
      { closeConnection: 'c2', reason: 'Closed via management plugin' },
    ])
  })
})

describe('a queue that a connection has for itself', () => {
  const LOCKED = /^cannot obtain exclusive access to locked queue 'mine' in vhost '\/'\./

  test('is shown with its owner and with what is in the memory of its gateway', async () => {
    const counts = { exclusive: true, messages: 4, messages_ready: 3, messages_unacknowledged: 1, state: 'running' }
    const owner = { owner_pid_details: { name: NAME, peer_host: '127.0.0.1', peer_port: 50001 } }
    const shown = { ...counts, ...owner, consumers: 0, sqs_urls: [], sqs_arns: [] }
    expect((await call('GET', '/queues/%2F/mine')).body).toMatchObject(shown)
    expect((await call('GET', '/queues/%2F')).body).toMatchObject([
      { name: 'mine', ...counts },
      { name: 'tasks', exclusive: false, consumers: 1 },
    ])
  })

  test('is in no definitions', async () => {
    const { body } = await call('GET', '/definitions')
    expect((body as { queues: { name: string }[] }).queues.map(({ name }) => name)).toEqual(['tasks'])
  })

  test('is locked to requests that come alone', async () => {
    const attempts = [
      call('PUT', '/queues/%2F/mine', {}),
      call('DELETE', '/queues/%2F/mine'),
      call('DELETE', '/queues/%2F/mine/contents'),
      call('POST', '/bindings/%2F/e/amq.fanout/q/mine', {}),
    ]
    for (const attempt of attempts) {
      expect(await attempt).toMatchObject({
        status: 400,
        body: { error: 'bad_request', reason: expect.stringMatching(LOCKED) },
      })
    }
    const get = { count: 1, ackmode: 'ack_requeue_true', encoding: 'auto' }
    const { status, body } = await call('POST', '/queues/%2F/mine/get', get)
    expect(status).toBe(400)
    expect((body as { reason: string }).reason).toMatch(/^405 RESOURCE_LOCKED - cannot obtain exclusive access/)
  })

  test('takes what anybody publishes', async () => {
    const message = { properties: {}, routing_key: 'mine', payload: 'x', payload_encoding: 'string' }
    expect((await call('POST', '/exchanges/%2F/amq.default/publish', message)).body).toEqual({ routed: true })
  })
})

describe('once the gateway has gone', () => {
  test('there is nothing of it', async () => {
    await gateway.close()
    for (const list of ['connections', 'channels', 'consumers']) {
      expect((await call('GET', `/${list}`)).body).toEqual([])
    }
    expect((await call('GET', '/queues/%2F')).body).toMatchObject([{ name: 'tasks', consumers: 0 }])
  })
})

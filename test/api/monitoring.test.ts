import { describe, expect, test } from 'vitest'
import { useApi } from './support/client.ts'

const { call } = useApi()

const EMPTY_PAGE = {
  filtered_count: 0,
  item_count: 0,
  items: [],
  page: 1,
  page_count: 0,
  page_size: 100,
  total_count: 0,
}

describe('the overview', () => {
  test('has what clients read', async () => {
    await call('PUT', '/queues/%2F/q', {})
    expect((await call('GET', '/overview')).body).toMatchObject({
      rabbitmq_version: '3.13.7',
      management_version: '3.13.7',
      product_name: 'Leveret',
      cluster_name: expect.any(String),
      node: 'rabbit@leveret',
      object_totals: { queues: 1, exchanges: 7, connections: 0, channels: 0, consumers: 0 },
      queue_totals: { messages: 0, messages_ready: 0, messages_unacknowledged: 0 },
      listeners: [{ protocol: 'http', port: expect.any(Number) }],
      exchange_types: expect.arrayContaining([{ name: 'topic', description: expect.any(String), enabled: true }]),
    })
  })

  test('gives some of its columns', async () => {
    const columns = 'rabbitmq_version,queue_totals.messages,object_totals.queues'
    expect((await call('GET', `/overview?columns=${columns}`)).body).toEqual({
      rabbitmq_version: '3.13.7',
      queue_totals: { messages: 0 },
      object_totals: { queues: 1 },
    })
  })

  test('holds no null, which breaks the tables of clients', async () => {
    for (const path of ['/overview', '/nodes', '/queues', '/exchanges', '/vhosts', '/bindings']) {
      expect((await call('GET', path)).text).not.toContain('null')
    }
  })
})

describe('what a broker without nodes is asked for', () => {
  test('is one node that runs', async () => {
    const { body } = await call('GET', '/nodes')
    expect(body).toMatchObject([{ name: 'rabbit@leveret', running: true, os_pid: '1', mem_alarm: false }])
    expect((await call('GET', '/nodes/rabbit@leveret')).body).toMatchObject({ uptime: expect.any(Number) })
    expect((await call('GET', '/nodes/rabbit@leveret/memory')).body).toEqual({ memory: 'not_available' })
    for (const path of ['/nodes/other@host', '/nodes/other@host/memory']) {
      expect(await call('GET', path)).toMatchObject({ status: 404 })
    }
    expect(await call('POST', '/rebalance/queues')).toMatchObject({ status: 204 })
  })

  test('is healthy', async () => {
    const checks = [
      'alarms',
      'local-alarms',
      'virtual-hosts',
      'node-is-quorum-critical',
      'certificate-expiration/1/months',
    ]
    for (const check of checks) {
      expect(await call('GET', `/health/checks/${check}`)).toMatchObject({ status: 200, body: { status: 'ok' } })
    }
    expect((await call('GET', '/aliveness-test/%2F')).body).toEqual({ status: 'ok' })
    expect(await call('GET', '/aliveness-test/zz')).toMatchObject({ status: 404 })
    expect(await call('GET', '/healthz', undefined, { as: null })).toMatchObject({
      status: 200,
      body: { status: 'ok' },
    })
  })

  test('listens on one port and speaks one protocol', async () => {
    const headers = { 'X-Forwarded-Port': '8443' }
    expect((await call('GET', '/health/checks/port-listener/8443', undefined, { headers })).body).toEqual({
      status: 'ok',
      port: 8443,
    })
    expect(await call('GET', '/health/checks/port-listener/5672', undefined, { headers })).toMatchObject({
      status: 503,
      body: { status: 'failed', reason: 'No active listener', missing: 5672, ports: [8443] },
    })
    expect((await call('GET', '/health/checks/protocol-listener/http')).body).toEqual({
      status: 'ok',
      protocols: ['http'],
    })
    for (const alias of ['HTTP', 'management']) {
      expect((await call('GET', `/health/checks/protocol-listener/${alias}`)).status).toBe(200)
    }
    expect(await call('GET', '/health/checks/protocol-listener/amqp091')).toMatchObject({
      status: 503,
      body: { status: 'failed', missing: ['amqp'], protocols: ['http'] },
    })
  })

  test('refuses checks of what is no number and no unit', async () => {
    for (const path of ['port-listener/x', 'certificate-expiration/x/days', 'certificate-expiration/1/fortnights']) {
      expect(await call('GET', `/health/checks/${path}`)).toMatchObject({ status: 400 })
    }
  })

  test('has no connections, channels, consumers, links or shovels', async () => {
    const lists = ['connections', 'channels', 'consumers', 'consumers/%2F', 'federation-links', 'shovels/%2F']
    for (const list of lists) expect((await call('GET', `/${list}`)).body).toEqual([])
    expect((await call('GET', '/connections?page=1')).body).toEqual(EMPTY_PAGE)
    expect(await call('GET', '/connections/x')).toMatchObject({ status: 404 })
    expect(await call('DELETE', '/connections/username/guest')).toMatchObject({ status: 204 })
  })

  test('has its features enabled', async () => {
    const { body } = await call('GET', '/feature-flags')
    for (const flag of body as object[]) expect(flag).toMatchObject({ state: 'enabled', stability: 'stable' })
    expect(await call('PUT', '/feature-flags/quorum_queue/enable')).toMatchObject({ status: 204 })
    expect(await call('PUT', '/feature-flags/nope/enable')).toMatchObject({ status: 400 })
    expect((await call('GET', '/deprecated-features')).body).not.toHaveLength(0)
    expect((await call('GET', '/deprecated-features/used')).body).toEqual([])
  })

  test('tells its version and that it has no extensions', async () => {
    expect((await call('GET', '/version')).body).toBe('3.13.7')
    expect((await call('GET', '/extensions')).body).toEqual([])
  })
})

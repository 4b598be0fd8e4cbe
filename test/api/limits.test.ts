import { beforeAll, describe, expect, test } from 'vitest'
import { AS_JSON, badRequest, NOT_FOUND, VHOST_NOT_FOUND } from './support/answers.ts'
import { useApi } from './support/client.ts'

const { call } = useApi()

beforeAll(async () => {
  await call('PUT', '/vhosts/dv', {})
  await call('PUT', '/users/lim', { tags: '' })
})

const put = (path: string, body: unknown) => call('PUT', path, body, AS_JSON)

describe('the limits of a vhost', () => {
  test('are set, listed and deleted, once or twice', async () => {
    expect((await call('GET', '/vhost-limits/dv')).body).toEqual([])
    expect(await put('/vhost-limits/dv/max-queues', { value: 1 })).toMatchObject({ status: 204 })
    expect(await put('/vhost-limits/dv/max-connections', { value: -1 })).toMatchObject({ status: 204 })
    const expected = [{ vhost: 'dv', value: { 'max-queues': 1, 'max-connections': -1 } }]
    expect((await call('GET', '/vhost-limits/dv')).body).toEqual(expected)
    expect((await call('GET', '/vhost-limits')).body).toEqual(expected)
    for (const limit of ['max-queues', 'max-queues', 'max-connections', 'nope']) {
      expect(await call('DELETE', `/vhost-limits/dv/${limit}`)).toMatchObject({ status: 204 })
    }
    expect((await call('GET', '/vhost-limits')).body).toEqual([])
  })

  test('bound what is declared', async () => {
    await put('/vhost-limits/dv/max-queues', { value: 0 })
    expect(await call('PUT', '/queues/dv/over', {})).toMatchObject(
      badRequest("cannot declare queue 'over': queue limit in vhost 'dv' (0) is reached"),
    )
    await call('DELETE', '/vhost-limits/dv/max-queues')
  })

  test('are refused in RabbitMQ’s words', async () => {
    const unrecognised = 'Validation failed\n\nUnrecognised terms [{<<"nope">>,1}] in limits\n'
    expect(await put('/vhost-limits/dv/nope', { value: 1 })).toMatchObject(badRequest(unrecognised))
    expect(await put('/vhost-limits/dv/max-queues', {})).toMatchObject(badRequest('[{key_missing,value}]'))
    for (const [value, printed] of [
      ['x', '<<"x">>'],
      ['1', '<<"1">>'],
      [null, 'null'],
      [1.5, '1.5'],
    ]) {
      const reason = `Validation failed\n\nmax-queues should be a number, actually was ${printed}\n`
      expect(await put('/vhost-limits/dv/max-queues', { value })).toMatchObject(badRequest(reason))
    }
    expect(await put('/vhost-limits/zz/max-queues', { value: 1 })).toMatchObject(VHOST_NOT_FOUND)
    expect(await call('GET', '/vhost-limits/zz')).toMatchObject(NOT_FOUND)
  })

  test('take JSON only if it says so', async () => {
    for (const options of [{}, { headers: { 'content-type': 'text/plain' } }]) {
      const answer = await call('PUT', '/vhost-limits/dv/max-queues', { value: 1 }, options)
      expect(answer).toMatchObject({ status: 415, text: '' })
    }
  })
})

describe('the limits of a user', () => {
  test('are set, listed and deleted', async () => {
    expect((await call('GET', '/user-limits/guest')).body).toEqual([])
    expect(await put('/user-limits/lim/max-channels', { value: 7 })).toMatchObject({ status: 204 })
    const expected = [{ user: 'lim', value: { 'max-channels': 7 } }]
    expect((await call('GET', '/user-limits/lim')).body).toEqual(expected)
    expect((await call('GET', '/user-limits')).body).toEqual(expected)
    expect(await call('DELETE', '/user-limits/lim/max-channels')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/user-limits/lim/max-channels')).toMatchObject({ status: 204 })
    expect((await call('GET', '/user-limits')).body).toEqual([])
  })

  test('are refused for unknown users, names and values', async () => {
    expect(await put('/user-limits/zz/max-channels', { value: 1 })).toMatchObject(badRequest(['no_such_user', 'zz']))
    expect(await put('/user-limits/lim/nope', { value: 1 })).toMatchObject(
      badRequest('Unrecognised terms [{<<"nope">>,1}] in user-limits'),
    )
    expect(await put('/user-limits/lim/max-channels', { value: 'x' })).toMatchObject({ status: 400 })
    expect(await call('PUT', '/user-limits/lim/max-channels', { value: 1 })).toMatchObject({ status: 415 })
    expect(await call('GET', '/user-limits/zz')).toMatchObject(NOT_FOUND)
    expect(await call('DELETE', '/user-limits/zz/max-channels')).toMatchObject(NOT_FOUND)
  })
})

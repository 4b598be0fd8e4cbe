import { beforeAll, describe, expect, test } from 'vitest'
import { badRequest, NOT_FOUND } from './support/answers.ts'
import { useApi } from './support/client.ts'

const { call } = useApi()

const PATTERNS = { configure: '', write: '^w', read: '.*' }

beforeAll(async () => {
  await call('PUT', '/vhosts/dv', {})
  for (const user of ['mon', 'other']) await call('PUT', `/users/${user}`, { tags: 'monitoring' })
})

describe('a permission', () => {
  test('is made with 201, changed with 204, shown, and deleted once', async () => {
    expect(await call('PUT', '/permissions/dv/mon', PATTERNS)).toMatchObject({ status: 201 })
    expect(await call('PUT', '/permissions/dv/mon', { ...PATTERNS, read: '^r' })).toMatchObject({ status: 204 })
    expect((await call('GET', '/permissions/dv/mon')).body).toEqual({
      user: 'mon',
      vhost: 'dv',
      ...PATTERNS,
      read: '^r',
    })
    expect(await call('DELETE', '/permissions/dv/mon')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/permissions/dv/mon')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/permissions/dv/mon')).toMatchObject(NOT_FOUND)
  })

  test('is refused for unknown users and vhosts, missing and bad patterns', async () => {
    const unknown = badRequest('vhost_or_user_not_found')
    expect(await call('PUT', '/permissions/dv/zz', PATTERNS)).toMatchObject(unknown)
    expect(await call('PUT', '/permissions/zz/mon', PATTERNS)).toMatchObject(unknown)
    const missing = '[{key_missing,configure},{key_missing,write},{key_missing,read}]'
    expect(await call('PUT', '/permissions/dv/mon')).toMatchObject(badRequest(missing))
    expect(await call('PUT', '/permissions/dv/mon', { configure: '', write: '' })).toMatchObject(
      badRequest('[{key_missing,read}]'),
    )
    expect(await call('PUT', '/permissions/dv/mon', { ...PATTERNS, read: 1 })).toMatchObject({ status: 400 })
    expect(await call('PUT', '/permissions/dv/mon', { ...PATTERNS, read: '(' })).toMatchObject(
      badRequest(['invalid_regexp', '(', expect.any(String)]),
    )
  })

  test('is in the lists of all, of its user and of its vhost, by vhost and user', async () => {
    for (const user of ['other', 'mon']) await call('PUT', `/permissions/dv/${user}`, PATTERNS)
    const usersIn = async (path: string) =>
      ((await call('GET', path)).body as { user: string }[]).map(({ user }) => user)
    expect(await usersIn('/permissions/')).toEqual(['guest', 'guest', 'mon', 'other'])
    expect(await usersIn('/users/mon/permissions')).toEqual(['mon'])
    expect(await usersIn('/vhosts/dv/permissions')).toEqual(['guest', 'mon', 'other'])
    expect(await call('GET', '/users/zz/permissions')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/vhosts/zz/permissions')).toMatchObject(NOT_FOUND)
  })
})

describe('topic permissions', () => {
  const item = { exchange: 'amq.topic', write: '^a', read: '' }

  test('of a user are a list, one for each exchange', async () => {
    expect(await call('GET', '/topic-permissions/dv/mon')).toMatchObject(NOT_FOUND)
    expect(await call('PUT', '/topic-permissions/dv/mon', item)).toMatchObject({ status: 201 })
    expect(await call('PUT', '/topic-permissions/dv/mon', item)).toMatchObject({ status: 204 })
    expect(await call('PUT', '/topic-permissions/dv/mon', { ...item, exchange: 'nosuch' })).toMatchObject({
      status: 204,
    })
    const expected = [
      { user: 'mon', vhost: 'dv', ...item },
      { user: 'mon', vhost: 'dv', ...item, exchange: 'nosuch' },
    ]
    for (const path of [
      '/topic-permissions',
      '/topic-permissions/dv/mon',
      '/users/mon/topic-permissions',
      '/vhosts/dv/topic-permissions',
    ]) {
      expect((await call('GET', path)).body).toEqual(expected)
    }
  })

  test('are deleted for one exchange, then for the rest', async () => {
    for (const exchange of ['a', 'b', 'c']) await call('PUT', '/topic-permissions/dv/other', { ...item, exchange })
    expect(await call('DELETE', '/topic-permissions/dv/other/a')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/topic-permissions/dv/other/a')).toMatchObject(NOT_FOUND)
    expect((await call('GET', '/topic-permissions/dv/other')).body).toHaveLength(2)
    expect(await call('DELETE', '/topic-permissions/dv/other')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/topic-permissions/dv/other')).toMatchObject(NOT_FOUND)
  })

  test('are refused for unknown users, missing and bad patterns', async () => {
    expect(await call('PUT', '/topic-permissions/dv/zz', item)).toMatchObject(badRequest('vhost_or_user_not_found'))
    expect(await call('PUT', '/topic-permissions/dv/mon', { exchange: 'x' })).toMatchObject(
      badRequest('[{key_missing,write},{key_missing,read}]'),
    )
    expect(await call('PUT', '/topic-permissions/dv/mon', { ...item, write: '(' })).toMatchObject({ status: 400 })
    expect(await call('GET', '/users/zz/topic-permissions')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/vhosts/zz/topic-permissions')).toMatchObject(NOT_FOUND)
  })
})

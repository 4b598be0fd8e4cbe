import { beforeAll, describe, expect, test } from 'vitest'
import { badRequest, NOT_FOUND, refused } from './support/answers.ts'
import { useApi } from './support/client.ts'

const { call } = useApi()

const SHA256_OF_TEST12 = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'

const namesIn = (body: unknown): unknown[] => (body as { name: unknown }[]).map(({ name }) => name)

beforeAll(async () => {
  await call('PUT', '/vhosts/dv', {})
  await call('PUT', '/users/lim', { password: 'lim', tags: 'management' })
})

describe('a user', () => {
  test('is made with 201 and changed with 204, and may log in with its password', async () => {
    expect(await call('PUT', '/users/made', { password: 'p', tags: 'management' })).toMatchObject({ status: 201 })
    expect(await call('PUT', '/users/made', { password: 'p2', tags: 'management' })).toMatchObject({ status: 204 })
    expect(await call('GET', '/whoami', undefined, { as: 'made:p2' })).toMatchObject({ status: 200 })
    expect(await call('GET', '/whoami', undefined, { as: 'made:p' })).toMatchObject({ status: 401 })
  })

  test('is shown with a salted hash and its tags in order', async () => {
    await call('PUT', '/users/shown', { password: 'p', tags: 'b, a,administrator' })
    await call('PUT', '/users/twin', { password: 'p', tags: ['b', 'a'] })
    const { body } = await call('GET', '/users/shown')
    expect(body).toEqual({
      name: 'shown',
      password_hash: expect.stringMatching(/^[A-Za-z0-9+/]{48}$/),
      hashing_algorithm: 'rabbit_password_hashing_sha256',
      tags: ['b', 'a', 'administrator'],
      limits: {},
    })
    const twin = (await call('GET', '/users/twin')).body
    expect(twin).toMatchObject({ tags: ['b', 'a'] })
    expect(twin).not.toMatchObject({ password_hash: (body as { password_hash: string }).password_hash })
  })

  test('may come with the hash of its password', async () => {
    await call('PUT', '/users/hashed', { password_hash: SHA256_OF_TEST12, tags: 'management' })
    expect(await call('GET', '/whoami', undefined, { as: 'hashed:test12' })).toMatchObject({ status: 200 })
    const sha512 = { password: 'p', tags: 'management', hashing_algorithm: 'rabbit_password_hashing_sha512' }
    await call('PUT', '/users/sha512', sha512)
    expect(await call('GET', '/whoami', undefined, { as: 'sha512:p' })).toMatchObject({ status: 200 })
  })

  test('without a password is one whom no password lets in', async () => {
    for (const [name, given] of Object.entries({ none: {}, blank: { password_hash: '' }, empty: { password: '' } })) {
      expect(await call('PUT', `/users/${name}`, { tags: 'management', ...given })).toMatchObject({ status: 201 })
      expect(await call('GET', `/users/${name}`)).toMatchObject({ body: { password_hash: '' } })
      expect(await call('GET', '/whoami', undefined, { as: `${name}:` })).toMatchObject({ status: 401 })
    }
  })

  test('may come with permissions and limits, all or nothing', async () => {
    const patterns = { configure: '^a', write: '.*', read: '' }
    const user = { password: 'p', tags: '', permissions: { dv: patterns }, limits: { 'max-channels': 5 } }
    expect(await call('PUT', '/users/whole', user)).toMatchObject({ status: 201 })
    expect((await call('GET', '/permissions/dv/whole')).body).toEqual({ user: 'whole', vhost: 'dv', ...patterns })
    expect(await call('GET', '/users/whole')).toMatchObject({ body: { limits: { 'max-channels': 5 } } })
    for (const permissions of [{ zz: patterns }, { dv: { ...patterns, read: '(' } }, { dv: {} }, { dv: 1 }, 'x']) {
      expect(await call('PUT', '/users/half', { ...user, permissions })).toMatchObject({ status: 400 })
    }
    expect(await call('PUT', '/users/half', { ...user, limits: { nope: 1 } })).toMatchObject({ status: 400 })
    expect(await call('GET', '/users/half')).toMatchObject(NOT_FOUND)
  })

  test('is refused in words that say what to change', async () => {
    const cases: [object, unknown][] = [
      [{ password: 'p' }, 'tags_not_present'],
      [{ password: 'p', password_hash: 'aaaa', tags: '' }, 'both_password_and_password_hash_are_provided'],
      [{ password_hash: '!!', tags: '' }, ['not_base64', '!!']],
      [{ password_hash: 's3krE7-s3t-v!a-4A$h', tags: '' }, ['not_base64', 's3krE7-s3t-v!a-4A$h']],
      [{ password: 1, tags: '' }, 'password must be a string'],
      [{ password: 'p', tags: 1 }, 'tags must be an array of strings, or a string with commas'],
      [{ password: 'p', tags: [1] }, 'tags must be strings'],
      [{ password: 'p', tags: Array(33).fill('t') }, 'a user may have 32 tags at most'],
    ]
    for (const [user, reason] of cases) {
      expect(await call('PUT', '/users/bad', user)).toMatchObject(badRequest(reason))
    }
    const nope = { password: 'p', tags: '', hashing_algorithm: 'nope' }
    expect(await call('PUT', '/users/bad', nope)).toMatchObject({ status: 400 })
    expect(await call('PUT', `/users/${'n'.repeat(256)}`, { tags: '' })).toMatchObject({ status: 400 })
    expect(await call('GET', '/users/bad')).toMatchObject(NOT_FOUND)
  })

  test('is deleted once, with its permissions', async () => {
    await call('PUT', '/users/gone', { tags: '' })
    await call('PUT', '/permissions/dv/gone', { configure: '', write: '', read: '' })
    await call('PUT', '/topic-permissions/dv/gone', { exchange: 'amq.topic', write: '', read: '' })
    expect(await call('DELETE', '/users/gone')).toMatchObject({ status: 204 })
    expect(await call('DELETE', '/users/gone')).toMatchObject(NOT_FOUND)
    await call('PUT', '/users/gone', { tags: '' })
    expect(await call('GET', '/permissions/dv/gone')).toMatchObject(NOT_FOUND)
    expect(await call('GET', '/topic-permissions/dv/gone')).toMatchObject(NOT_FOUND)
  })
})

describe('users', () => {
  test('are listed by name, and in pages', async () => {
    const names = namesIn((await call('GET', '/users')).body)
    expect(names).toContain('guest')
    expect(names).toEqual(names.toSorted())
    expect((await call('GET', '/users?page=1&page_size=1&name=lim')).body).toMatchObject({
      filtered_count: 1,
      items: [{ name: 'lim' }],
    })
  })

  test('without permissions are a list of their own', async () => {
    const names = namesIn((await call('GET', '/users/without-permissions')).body)
    expect(names).toContain('lim')
    expect(names).not.toContain('guest')
  })

  test('are deleted together, or none of them', async () => {
    for (const name of ['b1', 'b2']) await call('PUT', `/users/${name}`, { tags: '' })
    const deletion = (users: unknown) => call('POST', '/users/bulk-delete', { users })
    expect(await deletion(['b1', 'zz'])).toMatchObject(badRequest(['no_such_user', 'zz']))
    expect(await deletion(['zz'])).toMatchObject(badRequest(['no_such_user', 'zz']))
    expect(await deletion([1])).toMatchObject(badRequest(['no_such_user', 1]))
    expect(await deletion('b1')).toMatchObject({ status: 400 })
    expect(await call('POST', '/users/bulk-delete', {})).toMatchObject(badRequest('[{key_missing,users}]'))
    expect(await call('GET', '/users/b1')).toMatchObject({ status: 200 })
    expect(await deletion(['b1', 'b2', 'b1'])).toMatchObject({ status: 204 })
    expect(await call('GET', '/users/b2')).toMatchObject(NOT_FOUND)
    expect(await deletion([])).toMatchObject({ status: 204 })
  })

  test('are the business of administrators', async () => {
    const asLim = { as: 'lim:lim' }
    for (const [method, path] of [
      ['GET', '/users'],
      ['GET', '/users/lim'],
      ['PUT', '/users/lim'],
      ['DELETE', '/users/lim'],
      ['GET', '/users/lim/permissions'],
      ['GET', '/permissions'],
      ['GET', '/topic-permissions'],
      ['PUT', '/vhost-limits/dv/max-queues'],
      ['GET', '/user-limits'],
      ['GET', '/definitions'],
      ['POST', '/definitions/dv'],
      ['PUT', '/cluster-name'],
    ] as const) {
      expect(await call(method, path, {}, asLim)).toMatchObject(refused('Not administrator user'))
    }
  })

  test('cannot have a password hashed that would stand in a URL', async () => {
    expect(await call('GET', '/auth/hash_password/test12')).toMatchObject(NOT_FOUND)
  })
})

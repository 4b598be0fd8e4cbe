import { describe, expect, it } from 'vitest'
import type { User } from '../../../lib/model/user.ts'
import { plainNotFound, refusal } from '../refusals.ts'
import { accessAfter, putVhost, run, setUser } from './access-states.ts'

const limit = (user: string, name: string, value?: number) =>
  ({ type: 'set-user-limit', user, limit: name, ...(value === undefined ? {} : { value }) }) as const

describe('setting a user', () => {
  it('makes one, with its tags in the order given', () => {
    expect(run(accessAfter(), setUser('u', { tags: ['b', 'a'], passwordHash: 'AAAAAA==' }))).toEqual([
      {
        type: 'user-set',
        user: {
          name: 'u',
          passwordHash: 'AAAAAA==',
          hashingAlgorithm: 'rabbit_password_hashing_sha256',
          tags: ['b', 'a'],
          limits: {},
        },
      },
    ])
  })

  it('again changes nothing', () => {
    expect(run(accessAfter(setUser('u', { tags: ['a'] })), setUser('u', { tags: ['a'] }))).toEqual([])
  })

  it.each<Partial<User>>([
    { tags: ['b', 'a'] },
    { passwordHash: 'AAAAAAA=' },
    { hashingAlgorithm: 'rabbit_password_hashing_md5' },
  ])('replaces what differs in %j and keeps the limits', (change) => {
    const state = accessAfter(setUser('u', { tags: ['a', 'b'] }), limit('u', 'max-channels', 5))
    expect(run(state, setUser('u', { tags: ['a', 'b'], ...change }))).toHaveLength(1)
    expect(state.users.get('u')).toMatchObject({ ...change, limits: { 'max-channels': 5 } })
  })

  it.each(['', 'u'.repeat(256), 'a\0b'])('is refused for a name that is none: %.3j', (name) => {
    expect(() => run(accessAfter(), setUser(name))).toThrow(refusal('invalid'))
  })

  it('takes 32 tags and no more', () => {
    const tags = (count: number) => Array.from({ length: count }, (_, index) => `t${index}`)
    expect(run(accessAfter(), setUser('u', { tags: tags(32) }))).toHaveLength(1)
    expect(() => run(accessAfter(), setUser('u', { tags: tags(33) }))).toThrow(refusal('invalid'))
  })
})

describe('deleting users', () => {
  const deleting = (...names: string[]) => ({ type: 'delete-users', names }) as const

  it('takes their permissions with them and no others', () => {
    const state = accessAfter(setUser('a'), setUser('b'), putVhost('dv'))
    for (const user of ['a', 'b']) {
      run(state, { type: 'set-permission', permission: { user, vhost: 'dv', configure: '', write: '', read: '' } })
      const topic = { user, vhost: 'dv', exchange: 'amq.topic', write: '', read: '' }
      run(state, { type: 'set-topic-permission', permission: topic })
    }
    expect(run(state, deleting('a'))).toEqual([{ type: 'user-deleted', name: 'a' }])
    expect([...state.users.keys()]).toEqual(['b'])
    expect(Array.from(state.permissions(), ({ user }) => user)).toEqual(['b'])
    expect(Array.from(state.topicPermissions(), ({ user }) => user)).toEqual(['b'])
  })

  it('deletes each once, and all or none', () => {
    const state = accessAfter(setUser('a'), setUser('b'))
    expect(() => run(state, deleting('a', 'zz', 'b'))).toThrow(refusal('invalid', ['no_such_user', 'zz']))
    expect(run(state, deleting('a', 'b', 'a'))).toHaveLength(2)
    expect(run(state, deleting())).toEqual([])
  })

  it('finds nothing where the one user does not exist', () => {
    expect(() => run(accessAfter(), deleting('zz'))).toThrow(plainNotFound)
  })
})

describe('a limit of a user', () => {
  it('is set, replaced and cleared beside the others', () => {
    const state = accessAfter(setUser('u'))
    run(state, limit('u', 'max-channels', 1), limit('u', 'max-connections', 2), limit('u', 'max-channels', 3))
    expect(state.users.get('u')?.limits).toEqual({ 'max-channels': 3, 'max-connections': 2 })
    expect(run(state, limit('u', 'max-channels', 3))).toEqual([])
    run(state, limit('u', 'max-connections'))
    expect(state.users.get('u')?.limits).toEqual({ 'max-channels': 3 })
    expect(run(state, limit('u', 'max-connections'), limit('u', 'nope'))).toEqual([])
  })

  it('is refused where there is no such limit or user', () => {
    expect(() => run(accessAfter(setUser('u')), limit('u', 'nope', 1))).toThrow(
      refusal('invalid', 'Unrecognised terms [{<<"nope">>,1}] in user-limits'),
    )
    expect(() => run(accessAfter(), limit('zz', 'max-channels', 1))).toThrow(refusal('invalid', ['no_such_user', 'zz']))
  })
})

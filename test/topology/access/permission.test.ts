import { describe, expect, it } from 'vitest'
import type { Permission, TopicPermission } from '../../../lib/model/user.ts'
import { plainNotFound, refusal } from '../refusals.ts'
import { accessAfter, putVhost, run, setUser } from './access-states.ts'

const prepared = () => accessAfter(setUser('u'), setUser('other'), putVhost('dv'), putVhost('dv2'))

const permission = (given: Partial<Permission> = {}) =>
  ({
    type: 'set-permission',
    permission: { user: 'u', vhost: 'dv', configure: '', write: '', read: '', ...given },
  }) as const

const topicPermission = (given: Partial<TopicPermission> = {}) =>
  ({
    type: 'set-topic-permission',
    permission: { user: 'u', vhost: 'dv', exchange: 'amq.topic', write: '', read: '', ...given },
  }) as const

const UNKNOWN = refusal('invalid', 'vhost_or_user_not_found')

describe('a permission', () => {
  it('is set, replaced and cleared', () => {
    const state = prepared()
    expect(run(state, permission(), permission())).toHaveLength(1)
    expect(run(state, permission({ read: '^a' }))).toHaveLength(1)
    expect(state.permission('u', 'dv')?.read).toBe('^a')
    expect(run(state, { type: 'clear-permission', user: 'u', vhost: 'dv' })).toHaveLength(1)
    expect(state.permission('u', 'dv')).toBeUndefined()
  })

  it.each(['configure', 'write', 'read'] as const)(
    'is replaced when %s differs, and refused when it is no pattern',
    (action) => {
      const state = prepared()
      run(state, permission())
      expect(run(state, permission({ [action]: 'x' }))).toHaveLength(1)
      expect(() => run(state, permission({ [action]: '(' }))).toThrow(
        refusal('invalid', ['invalid_regexp', '(', expect.any(String)]),
      )
    },
  )

  it('is of one user in one vhost', () => {
    const state = prepared()
    run(
      state,
      permission({ read: 'a' }),
      permission({ vhost: 'dv2', read: 'b' }),
      permission({ user: 'other', read: 'c' }),
    )
    run(state, { type: 'clear-permission', user: 'u', vhost: 'dv' })
    expect(Array.from(state.permissions(), ({ read }) => read)).toEqual(['b', 'c'])
  })

  it('is refused for an unknown user or vhost', () => {
    expect(() => run(prepared(), permission({ user: 'zz' }))).toThrow(UNKNOWN)
    expect(() => run(prepared(), permission({ vhost: 'zz' }))).toThrow(UNKNOWN)
  })

  it('that is not set is not found', () => {
    for (const user of ['u', 'zz']) {
      expect(() => run(prepared(), { type: 'clear-permission', user, vhost: 'dv' })).toThrow(plainNotFound)
    }
  })
})

describe('a topic permission', () => {
  it('is set, replaced and cleared for one exchange, which need not exist', () => {
    const state = prepared()
    expect(run(state, topicPermission(), topicPermission(), topicPermission({ exchange: 'nosuch' }))).toHaveLength(2)
    expect(run(state, topicPermission({ write: '^{username}' }))).toHaveLength(1)
    run(state, { type: 'clear-topic-permission', user: 'u', vhost: 'dv', exchange: 'amq.topic' })
    expect(Array.from(state.topicPermissions(), ({ exchange }) => exchange)).toEqual(['nosuch'])
  })

  it('is cleared for all exchanges when none is named, and for no other user or vhost', () => {
    const state = prepared()
    run(state, topicPermission(), topicPermission({ exchange: 'x' }))
    run(state, topicPermission({ vhost: 'dv2' }), topicPermission({ user: 'other' }))
    expect(run(state, { type: 'clear-topic-permission', user: 'u', vhost: 'dv' })).toHaveLength(2)
    expect([...state.topicPermissions()]).toHaveLength(2)
  })

  it('is refused for an unknown user or vhost, or a text that is no pattern', () => {
    expect(() => run(prepared(), topicPermission({ user: 'zz' }))).toThrow(UNKNOWN)
    expect(() => run(prepared(), topicPermission({ vhost: 'zz' }))).toThrow(UNKNOWN)
    for (const pattern of [{ write: '(' }, { read: '(' }]) {
      expect(() => run(prepared(), topicPermission(pattern))).toThrow(refusal('invalid'))
    }
  })

  it('that is not set is not found', () => {
    const state = prepared()
    run(state, topicPermission())
    const clear = { type: 'clear-topic-permission', user: 'u', vhost: 'dv', exchange: 'x' } as const
    expect(() => run(state, clear)).toThrow(plainNotFound)
    expect(() => run(state, { ...clear, user: 'other' })).toThrow(plainNotFound)
  })
})

describe('a global parameter', () => {
  it('is set, replaced and deleted', () => {
    const state = prepared()
    const set = (value: number) => ({ type: 'set-global-parameter', name: 'p', value }) as const
    expect(run(state, set(1), set(1), set(2))).toHaveLength(2)
    expect(state.globalParameters.get('p')).toBe(2)
    expect(run(state, { type: 'delete-global-parameter', name: 'p' })).toHaveLength(1)
    expect(() => run(state, { type: 'delete-global-parameter', name: 'p' })).toThrow(plainNotFound)
  })

  it('may be null, and is set all the same', () => {
    const state = prepared()
    const set = { type: 'set-global-parameter', name: 'p', value: null } as const
    expect(run(state, set, set)).toHaveLength(1)
    expect(state.globalParameters.has('p')).toBe(true)
  })
})

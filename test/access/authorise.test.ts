import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  assertMayEnter,
  assertPermission,
  assertTag,
  assertTopicPermission,
  assertVhostAccess,
  hasVhostAccess,
  type PermissionCheck,
  type RequiredTag,
  tagsAllow,
} from '../../lib/access/authorise.ts'
import { accessWith, thrownBy } from './access-states.ts'

const ALL_TAGS: readonly RequiredTag[] = ['management', 'policymaker', 'monitoring', 'administrator']
const user = { name: 'lim' }

const refused = (explanation: string) =>
  expect.objectContaining({ kind: 'access-refused', reason: 'Access refused.', explanation })

const readOf = (name: string, kind: 'exchange' | 'queue' = 'queue'): PermissionCheck => ({
  user,
  vhost: 'dv',
  action: 'read',
  resource: { kind, name },
})

const withRead = (read: string) => accessWith({ permissions: [{ user: 'lim', vhost: 'dv', read }] })

const mayRead = (pattern: string, name: string): boolean => {
  try {
    assertPermission(withRead(pattern), readOf(name))
    return true
  } catch {
    return false
  }
}

describe('tags', () => {
  it.each([
    [['administrator'], ['management', 'policymaker', 'monitoring', 'administrator']],
    [['monitoring'], ['management', 'monitoring']],
    [['policymaker'], ['management', 'policymaker']],
    [['management'], ['management']],
    [
      ['monitoring', 'policymaker'],
      ['management', 'policymaker', 'monitoring'],
    ],
    [['impersonator'], []],
    [['Administrator', 'admin', ''], []],
    [[], []],
  ])('%j grant %j', (tags, granted) => {
    expect(ALL_TAGS.filter((tag) => tagsAllow({ tags }, tag))).toEqual(granted)
  })

  it.each([
    ['management', 'Not management user'],
    ['policymaker', 'User not authorised to access object'],
    ['monitoring', 'Not monitor user'],
    ['administrator', 'Not administrator user'],
  ] as const)("without %s are refused in RabbitMQ's words: %s", (tag, reason) => {
    const lesser = tag === 'management' ? [] : ['management']
    expect(() => assertTag({ tags: lesser }, tag)).toThrow(expect.objectContaining({ kind: 'access-refused', reason }))
    expect(() => assertTag({ tags: [tag] }, tag)).not.toThrow()
  })

  it('are missed one after the other, management first', () => {
    for (const tag of ALL_TAGS) expect(() => assertTag({ tags: ['other'] }, tag)).toThrow('Not management user')
  })
})

describe('access to a vhost', () => {
  it('comes with any permission entry, three empty patterns included', () => {
    const access = accessWith({ permissions: [{ user: 'lim', vhost: 'dv' }] })
    expect(hasVhostAccess(access, user, 'dv')).toBe(true)
    expect(() => assertVhostAccess(access, user, 'dv')).not.toThrow()
  })

  it('does not come from another vhost, another user or a topic permission', () => {
    const access = accessWith({
      permissions: [
        { user: 'lim', vhost: 'other' },
        { user: 'somebody', vhost: 'dv' },
      ],
      topicPermissions: [{ user: 'lim', vhost: 'dv', exchange: 'x', write: '.*', read: '.*' }],
    })
    expect(hasVhostAccess(access, user, 'dv')).toBe(false)
    expect(thrownBy(() => assertVhostAccess(access, user, 'dv'))).toMatchObject({
      kind: 'access-refused',
      reason: 'User not authorised to access virtual host',
    })
  })

  it('is not asked of administrators who manage, and of others in the words of the resource', () => {
    const access = accessWith({ permissions: [{ user: 'lim', vhost: 'dv' }] })
    const enter = (tags: readonly string[], vhost: string, tag: RequiredTag) => () =>
      assertMayEnter(access, { name: 'lim', tags }, vhost, tag)
    expect(enter(['management'], 'dv', 'management')).not.toThrow()
    expect(enter(['administrator'], 'other', 'management')).not.toThrow()
    expect(enter(['monitoring'], 'other', 'management')).toThrow('User not authorised to access virtual host')
    expect(enter(['policymaker'], 'other', 'policymaker')).toThrow('User not authorised to access object')
  })
})

describe('a permission', () => {
  it('is searched for anywhere in the name', () => {
    expect(mayRead('log', 'catalog')).toBe(true)
    expect(mayRead('^log', 'catalog')).toBe(false)
    expect(mayRead('log$', 'catalog')).toBe(true)
    expect(mayRead('^(a|b)-', 'b-queue')).toBe(true)
  })

  it('minds the case unless told otherwise', () => {
    expect(mayRead('LOG', 'catalog')).toBe(false)
    expect(mayRead('(?i)LOG', 'catalog')).toBe(true)
  })

  it('of .* allows every name', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => mayRead('.*', name)))
  })

  it('that is empty allows the empty name only', () => {
    expect(mayRead('', '')).toBe(true)
    fc.assert(fc.property(fc.string({ minLength: 1 }), (name) => !mayRead('', name)))
  })

  it.each(['(', '[z-a]', '(?=a)', '(a)\\1', 'a'.repeat(2000)])(
    'whose pattern cannot be compiled denies: %.10s',
    (pattern) => {
      for (const name of ['', 'a', pattern]) expect(mayRead(pattern, name)).toBe(false)
    },
  )

  it('decides as a search by the same regular expression does', () => {
    const pattern = fc.stringMatching(/^\^?[ab.]{0,4}(\(a\|b\)|\[ab\]|a\*|b\+|)\$?$/).filter((text) => text !== '')
    fc.assert(
      fc.property(pattern, fc.stringMatching(/^[abc]{0,6}$/), (source, name) => {
        expect(mayRead(source, name)).toBe(new RegExp(source).test(name))
      }),
    )
  })

  it('for one action says nothing of the others', () => {
    const access = accessWith({ permissions: [{ user: 'lim', vhost: 'dv', read: '.*' }] })
    expect(() => assertPermission(access, readOf('q'))).not.toThrow()
    for (const action of ['configure', 'write'] as const) {
      expect(() => assertPermission(access, { ...readOf('q'), action })).toThrow(
        refused("access to queue 'q' in vhost 'dv' refused for user 'lim'"),
      )
    }
  })

  it('that is missing refuses everything', () => {
    expect(() => assertPermission(accessWith({}), readOf('q'))).toThrow(
      refused("access to queue 'q' in vhost 'dv' refused for user 'lim'"),
    )
  })

  it('is asked of the default exchange as amq.default', () => {
    const access = withRead('^amq\\.default$')
    expect(() => assertPermission(access, readOf('', 'exchange'))).not.toThrow()
    expect(() => assertPermission(access, readOf('', 'queue'))).toThrow(
      refused("access to queue '' in vhost 'dv' refused for user 'lim'"),
    )
    expect(() => assertPermission(withRead(''), readOf('', 'exchange'))).toThrow(
      refused("access to exchange 'amq.default' in vhost 'dv' refused for user 'lim'"),
    )
  })

  it('follows the state: a changed pattern counts at once', () => {
    const access = withRead('^a')
    expect(() => assertPermission(access, readOf('a'))).not.toThrow()
    access.setPermission({ user: 'lim', vhost: 'dv', configure: '', write: '', read: '^b' })
    expect(() => assertPermission(access, readOf('a'))).toThrow(Error)
    expect(() => assertPermission(access, readOf('b'))).not.toThrow()
  })

  it('decides the same for more patterns than are kept compiled', () => {
    const patterns = Array.from({ length: 1200 }, (_, index) => `^q${index}$`)
    for (const round of [1, 2]) {
      for (const [index, pattern] of patterns.entries()) {
        expect([round, pattern, mayRead(pattern, `q${index}`), mayRead(pattern, 'q')]).toEqual([
          round,
          pattern,
          true,
          false,
        ])
      }
    }
  })
})

describe('a topic permission', () => {
  const withWrite = (write: string) =>
    accessWith({ topicPermissions: [{ user: 'lim', vhost: 'dv', exchange: 'x', write, read: '' }] })

  const mayWrite = (write: string, routingKey: string, clientId?: string): boolean => {
    try {
      const requester = { name: 'lim', clientId }
      assertTopicPermission(withWrite(write), {
        user: requester,
        vhost: 'dv',
        action: 'write',
        exchange: 'x',
        routingKey,
      })
      return true
    } catch {
      return false
    }
  }

  it('must be found in the key', () => {
    expect(mayWrite('^w', 'w.a')).toBe(true)
    expect(mayWrite('^w', 'zz')).toBe(false)
    expect(mayWrite('^(', 'zz')).toBe(false)
    expect(mayWrite('', 'zz')).toBe(false)
    expect(mayWrite('', '')).toBe(true)
  })

  it('allows every key of an exchange that it does not name', () => {
    const check = { user, vhost: 'dv', action: 'write', routingKey: 'zz' } as const
    expect(() => assertTopicPermission(withWrite(''), { ...check, exchange: 'y' })).not.toThrow()
    expect(() => assertTopicPermission(withWrite(''), { ...check, exchange: 'x', vhost: 'other' })).not.toThrow()
    expect(() => assertTopicPermission(withWrite(''), { ...check, exchange: 'x', user: { name: 'u' } })).not.toThrow()
  })

  it('is told apart for reading and writing', () => {
    const access = accessWith({
      topicPermissions: [{ user: 'lim', vhost: 'dv', exchange: 'x', write: '^w', read: '^r' }],
    })
    const check = { user, vhost: 'dv', exchange: 'x' }
    expect(() => assertTopicPermission(access, { ...check, action: 'read', routingKey: 'r' })).not.toThrow()
    expect(() => assertTopicPermission(access, { ...check, action: 'read', routingKey: 'w' })).toThrow(
      refused("access to topic 'w' in exchange 'x' in vhost 'dv' refused for user 'lim'"),
    )
  })

  it('knows the user, the vhost and the client', () => {
    expect(mayWrite('^{username}\\.{vhost}$', 'lim.dv')).toBe(true)
    expect(mayWrite('^{username}\\.{vhost}$', 'dv.lim')).toBe(false)
    expect(mayWrite('^{client_id}$', 'c1', 'c1')).toBe(true)
    expect(mayWrite('^{client_id}$', 'c1', 'c2')).toBe(false)
  })

  it('leaves a placeholder without a value as the text it is', () => {
    expect(mayWrite('^{client_id}$', '{client_id}')).toBe(true)
    expect(mayWrite('^{nothing}$', '{nothing}')).toBe(true)
  })

  it('lets a value match itself only, whatever characters it has', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ unit: 'grapheme' }), (clientId, key) => {
        expect(mayWrite('^{client_id}$', clientId, clientId)).toBe(true)
        fc.pre(key !== clientId)
        expect(mayWrite('^{client_id}$', key, clientId)).toBe(false)
      }),
    )
    expect(mayWrite('^{client_id}$', 'anything', '.*')).toBe(false)
  })

  it('does not look for placeholders in a value', () => {
    expect(mayWrite('^{client_id}$', '{username}', '{username}')).toBe(true)
    expect(mayWrite('^{client_id}$', 'lim', '{username}')).toBe(false)
  })
})

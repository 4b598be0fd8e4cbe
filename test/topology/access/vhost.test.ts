import { describe, expect, it } from 'vitest'
import type { PutVhost } from '../../../lib/topology/access/vhost.ts'
import { plainNotFound, refusal } from '../refusals.ts'
import { accessAfter, putVhost, run, setUser } from './access-states.ts'

const everything = { configure: '.*', write: '.*', read: '.*' }

describe('putting a vhost', () => {
  it('makes it and grants its maker everything in it', () => {
    const state = accessAfter(setUser('guest'))
    const command = putVhost('dv', { description: 'd', tags: ['t'], tracing: true, defaultQueueType: 'quorum' })
    expect(run(state, command)).toEqual([
      {
        type: 'vhost-created',
        vhost: {
          id: command.id,
          name: 'dv',
          description: 'd',
          tags: ['t'],
          defaultQueueType: 'quorum',
          tracing: true,
          protectedFromDeletion: false,
          limits: {},
        },
      },
      { type: 'permission-set', permission: { user: 'guest', vhost: 'dv', ...everything } },
    ])
  })

  it('grants nothing to a maker who is no user', () => {
    const state = accessAfter(putVhost('dv', { user: 'gone' }))
    expect([...state.permissions()]).toEqual([])
  })

  it('again changes nothing, and keeps the id', () => {
    const first = putVhost('dv', { description: 'd' })
    const state = accessAfter(first)
    expect(run(state, putVhost('dv'), putVhost('dv', { description: 'd', tags: [] }))).toEqual([])
    expect(state.vhosts.get('dv')?.id).toBe(first.id)
  })

  it.each<Partial<PutVhost>>([
    { description: 'other' },
    { tags: ['t'] },
    { tracing: true },
    { defaultQueueType: 'classic' },
  ])('again with %j changes that alone, and no permission', (change) => {
    const state = accessAfter(setUser('guest'), putVhost('dv', { description: 'd' }))
    const before = state.vhosts.get('dv')
    const grants = [...state.permissions()]
    expect(run(state, putVhost('dv', { user: 'other', ...change }))).toEqual([
      { type: 'vhost-updated', vhost: { ...before, ...change } },
    ])
    expect([...state.permissions()]).toEqual(grants)
  })

  it.each(['', 'v'.repeat(256), 'a\0b', '\ud800'])('is refused for a name that is none: %.3j', (name) => {
    expect(() => run(accessAfter(), putVhost(name))).toThrow(refusal('invalid'))
  })

  it.each(['stream', 'nope', ''])('is refused for the default queue type %j', (defaultQueueType) => {
    expect(() => run(accessAfter(), putVhost('dv', { defaultQueueType }))).toThrow(refusal('invalid'))
  })
})

describe('deleting a vhost', () => {
  it('takes its permissions with it and no others', () => {
    const state = accessAfter(setUser('guest'), putVhost('dv'), putVhost('dv2'))
    const permission = { user: 'guest', vhost: 'dv', exchange: 'x', write: '', read: '' }
    run(state, { type: 'set-topic-permission', permission })
    run(state, { type: 'set-topic-permission', permission: { ...permission, vhost: 'dv2' } })
    const id = state.vhosts.get('dv')?.id
    expect(run(state, { type: 'delete-vhost', name: 'dv' })).toEqual([{ type: 'vhost-deleted', id, name: 'dv' }])
    expect(Array.from(state.permissions(), ({ vhost }) => vhost)).toEqual(['dv2'])
    expect(Array.from(state.topicPermissions(), ({ vhost }) => vhost)).toEqual(['dv2'])
  })

  it('leaves nothing to a later one of its name', () => {
    const first = putVhost('dv', { description: 'd' })
    const state = accessAfter(setUser('guest'), first, { type: 'delete-vhost', name: 'dv' })
    run(state, putVhost('dv', { user: 'other' }))
    expect(state.vhosts.get('dv')).toMatchObject({ description: '', limits: {} })
    expect(state.vhosts.get('dv')?.id).not.toBe(first.id)
    expect(state.permission('guest', 'dv')).toBeUndefined()
  })

  it('that does not exist finds nothing', () => {
    expect(() => run(accessAfter(), { type: 'delete-vhost', name: 'zz' })).toThrow(plainNotFound)
  })

  it('is refused while it is protected', () => {
    const state = accessAfter(putVhost('dv'))
    const protect = (isProtected: boolean) => ({ type: 'protect-vhost', name: 'dv', protected: isProtected }) as const
    expect(run(state, protect(true), protect(true))).toHaveLength(1)
    expect(() => run(state, { type: 'delete-vhost', name: 'dv' })).toThrow(refusal('protected'))
    expect(run(state, protect(false), { type: 'delete-vhost', name: 'dv' })).toHaveLength(2)
    expect(() => run(state, protect(true))).toThrow(plainNotFound)
  })
})

describe('a limit of a vhost', () => {
  const limit = (name: string, value?: number) =>
    ({ type: 'set-vhost-limit', vhost: 'dv', limit: name, ...(value === undefined ? {} : { value }) }) as const

  it('is set, replaced and cleared beside the others', () => {
    const state = accessAfter(putVhost('dv'))
    expect(run(state, limit('max-queues', 1), limit('max-queues', 1), limit('max-connections', -1))).toHaveLength(2)
    expect(state.vhosts.get('dv')?.limits).toEqual({ 'max-queues': 1, 'max-connections': -1 })
    run(state, limit('max-queues', 2), limit('max-connections'))
    expect(state.vhosts.get('dv')?.limits).toEqual({ 'max-queues': 2 })
    expect(run(state, limit('max-connections'), limit('nope'))).toEqual([])
  })

  it('outlives another put of the vhost', () => {
    const state = accessAfter(putVhost('dv'), limit('max-queues', 1), putVhost('dv', { description: 'other' }))
    expect(state.vhosts.get('dv')?.limits).toEqual({ 'max-queues': 1 })
  })

  it('is refused where there is no such limit or vhost', () => {
    expect(() => run(accessAfter(putVhost('dv')), limit('nope', 1))).toThrow(
      refusal('invalid', 'Validation failed\n\nUnrecognised terms [{<<"nope">>,1}] in limits\n'),
    )
    expect(() => run(accessAfter(), limit('max-queues', 1))).toThrow(refusal('not-found', 'vhost_not_found'))
  })
})

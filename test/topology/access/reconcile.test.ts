import { describe, expect, it } from 'vitest'
import { accessMachine } from '../../../lib/topology/access/machine.ts'
import { APP_USER_TAG, type AppUsers, reconcileAccess } from '../../../lib/topology/access/reconcile.ts'
import type { AccessState } from '../../../lib/topology/access/state.ts'
import { refusal } from '../refusals.ts'

const user = (name: string, tags: string[] = []) =>
  ({ name, tags, passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256' }) as const

const permission = (name: string, write: string) => ({ user: name, vhost: '/', configure: '', write, read: '' })

function openAccess(): AccessState {
  const state = accessMachine.initial()
  const vhost = { id: 'v', name: '/', limits: {}, tags: [], description: '', protectedFromDeletion: false }
  accessMachine.apply(state, { type: 'vhost-created', vhost } as unknown as Parameters<typeof accessMachine.apply>[1])
  accessMachine.apply(state, { type: 'user-set', user: { ...user('guest', ['administrator']), limits: {} } })
  accessMachine.apply(state, { type: 'permission-set', permission: permission('guest', '.*') })
  return state
}

function apply(state: AccessState, wanted: AppUsers): number {
  const events = reconcileAccess(state, wanted)
  for (const event of events) accessMachine.apply(state, event)
  return events.length
}

describe('the users of an app', () => {
  const shop = { users: [user('shop', ['management'])], permissions: [permission('shop', '^orders$')] }

  it('are made with what they may do, once', () => {
    const state = openAccess()
    apply(state, shop)
    expect(state.users.get('shop')?.tags).toEqual(['management', APP_USER_TAG])
    expect(state.permission('shop', '/')?.write).toBe('^orders$')
    expect(apply(state, shop)).toBe(0)
  })

  it('go when the app does not name them any more, and those of others stay', () => {
    const state = openAccess()
    apply(state, shop)
    apply(state, { users: [], permissions: [] })
    expect([...state.users.keys()]).toEqual(['guest'])
    expect(state.permission('guest', '/')).toBeDefined()
  })

  it('lose what the app does not allow any more', () => {
    const state = openAccess()
    apply(state, shop)
    apply(state, { ...shop, permissions: [] })
    expect(state.permission('shop', '/')).toBeUndefined()
  })

  it('take no name that another user has', () => {
    const reason = "user 'guest' exists and is not the app's: use another name, or delete it first"
    expect(() => reconcileAccess(openAccess(), { users: [user('guest')], permissions: [] })).toThrow(
      refusal('precondition-failed', reason),
    )
  })
})

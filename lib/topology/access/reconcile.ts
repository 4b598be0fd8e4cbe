import { preconditionFailed } from '../../model/errors.ts'
import type { Permission } from '../../model/user.ts'
import { type AccessCommand, decideAccess } from './decide.ts'
import type { AccessEvent } from './events.ts'
import { accessMachine } from './machine.ts'
import type { AccessState } from './state.ts'
import type { SetUser } from './user.ts'

/** The tag by which the users of a deployed app are known again. It gives them no rights. */
export const APP_USER_TAG = 'leveret-app'

/** All users that a deployed app wants, and all that they may do. */
export interface AppUsers {
  readonly users: readonly SetUser['user'][]
  readonly permissions: readonly Permission[]
}

/**
 * Makes the app's users what it says and deletes those that it does not name any more; those of others stay. No event
 * where everything is so already. Throws `precondition-failed` for a user of others that has a wanted name.
 */
export function reconcileAccess(current: AccessState, wanted: AppUsers): AccessEvent[] {
  const state = accessMachine.restore(accessMachine.snapshot(current))
  const events: AccessEvent[] = []
  const run = (command: AccessCommand): void => {
    const decided = decideAccess(state, command)
    for (const event of decided) accessMachine.apply(state, event)
    events.push(...decided)
  }
  const names = new Set(wanted.users.map(({ name }) => name))
  for (const { name, tags } of [...state.users.values()]) {
    if (isOfApp(tags) && !names.has(name)) run({ type: 'delete-users', names: [name] })
  }
  for (const user of wanted.users) {
    assertFree(state, user.name)
    run({ type: 'set-user', user: { ...user, tags: [...user.tags, APP_USER_TAG] } })
  }
  for (const { user, vhost } of [...state.permissions()]) {
    const isWanted = wanted.permissions.some((permission) => permission.user === user && permission.vhost === vhost)
    if (names.has(user) && !isWanted) run({ type: 'clear-permission', user, vhost })
  }
  for (const permission of wanted.permissions) run({ type: 'set-permission', permission })
  return events
}

const isOfApp = (tags: readonly string[]): boolean => tags.includes(APP_USER_TAG)

function assertFree(state: AccessState, name: string): void {
  const existing = state.users.get(name)
  if (existing === undefined || isOfApp(existing.tags)) return
  throw preconditionFailed(`user '${name}' exists and is not the app's: use another name, or delete it first`)
}

import { canonicalText } from '../../model/amqp-value.ts'
import { invalid, notFound } from '../../model/errors.ts'
import { assertName } from '../../model/names.ts'
import { USER_LIMIT_NAMES, type User, type UserLimitName } from '../../model/user.ts'
import type { AccessEvent } from './events.ts'
import type { AccessState } from './state.ts'

export interface SetUser {
  readonly type: 'set-user'
  /** The user without its limits, which have commands of their own. */
  readonly user: Omit<User, 'limits'>
}

export interface DeleteUsers {
  readonly type: 'delete-users'
  readonly names: readonly string[]
}

export interface SetUserLimit {
  readonly type: 'set-user-limit'
  readonly user: string
  readonly limit: string
  /** Clears the limit where it is left out. */
  readonly value?: number | undefined
}

/** As RabbitMQ since 4.2.9 (contract §1.5). */
const MAX_TAGS = 32

/** Makes or replaces a user (contract §1.5). */
export function setUser(state: AccessState, command: SetUser): AccessEvent[] {
  assertName(command.user.name, 'the user name')
  if (command.user.name === '') throw invalid('a user needs a name')
  if (command.user.tags.length > MAX_TAGS) throw invalid(`a user may have ${MAX_TAGS} tags at most`)
  const current = state.users.get(command.user.name)
  const user = { ...command.user, limits: current?.limits ?? {} }
  return current && sameUser(current, user) ? [] : [{ type: 'user-set', user }]
}

const sameUser = (left: User, right: User): boolean => canonicalText(asTable(left)) === canonicalText(asTable(right))

const asTable = (user: User) => ({ ...user, tags: [...user.tags], limits: { ...user.limits } })

/** All or none: throws for the first that does not exist (contract §1.5); their permissions go with them. */
export function deleteUsers(state: AccessState, { names }: DeleteUsers): AccessEvent[] {
  const missing = names.find((name) => !state.users.has(name))
  if (missing !== undefined) throw names.length === 1 ? notFound() : invalid(['no_such_user', missing])
  return [...new Set(names)].map((name) => ({ type: 'user-deleted', name }))
}

/** Contract §1.5: stored and shown. A limit that is not set can be cleared all the same. Throws RabbitMQ's texts. */
export function setUserLimit(state: AccessState, command: SetUserLimit): AccessEvent[] {
  const isKnown = isLimitName(command.limit)
  if (!isKnown && command.value !== undefined) {
    throw invalid(`Unrecognised terms [{<<"${command.limit}">>,${command.value}}] in user-limits`)
  }
  const user = state.users.get(command.user)
  if (!user) throw invalid(['no_such_user', command.user])
  if (!isKnown) return []
  if (user.limits[command.limit] === command.value) return []
  const { [command.limit]: _replaced, ...others } = user.limits
  const limits = command.value === undefined ? others : { ...others, [command.limit]: command.value }
  return [{ type: 'user-set', user: { ...user, limits } }]
}

const isLimitName = (name: string): name is UserLimitName => (USER_LIMIT_NAMES as readonly string[]).includes(name)

/** The user of that name. Throws `not-found`. */
export function requireUser(state: AccessState, name: string): User {
  const user = state.users.get(name)
  if (!user) throw notFound()
  return user
}

import { invalid, notFound } from '../../model/errors.ts'
import { compilePermission } from '../../model/pattern.ts'
import type { Permission, TopicPermission } from '../../model/user.ts'
import type { AccessEvent } from './events.ts'
import type { AccessState } from './state.ts'

export interface SetPermission {
  readonly type: 'set-permission'
  readonly permission: Permission
}

export interface ClearPermission {
  readonly type: 'clear-permission'
  readonly user: string
  readonly vhost: string
}

export interface SetTopicPermission {
  readonly type: 'set-topic-permission'
  readonly permission: TopicPermission
}

export interface ClearTopicPermission {
  readonly type: 'clear-topic-permission'
  readonly user: string
  readonly vhost: string
  /** All exchanges where it is left out. */
  readonly exchange?: string | undefined
}

/** Contract §1.5, §4.4. Throws `invalid` for an unknown user or vhost and for a pattern that does not compile. */
export function setPermission(state: AccessState, { permission }: SetPermission): AccessEvent[] {
  assertUserAndVhost(state, permission)
  for (const pattern of [permission.configure, permission.write, permission.read]) compilePermission(pattern)
  const current = state.permission(permission.user, permission.vhost)
  const isSame =
    current?.configure === permission.configure &&
    current.write === permission.write &&
    current.read === permission.read
  return isSame ? [] : [{ type: 'permission-set', permission }]
}

export function clearPermission(state: AccessState, { user, vhost }: ClearPermission): AccessEvent[] {
  if (!state.permission(user, vhost)) throw notFound()
  return [{ type: 'permission-cleared', user, vhost }]
}

/** Contract §1.5. The exchange need not exist: RabbitMQ's tools set these before they declare. */
export function setTopicPermission(state: AccessState, { permission }: SetTopicPermission): AccessEvent[] {
  assertUserAndVhost(state, permission)
  for (const pattern of [permission.write, permission.read]) compilePermission(pattern)
  const current = state.topicPermission(permission.user, permission.vhost, permission.exchange)
  const isSame = current?.write === permission.write && current.read === permission.read
  return isSame ? [] : [{ type: 'topic-permission-set', permission }]
}

export function clearTopicPermission(state: AccessState, command: ClearTopicPermission): AccessEvent[] {
  const { user, vhost } = command
  const set = [...state.topicPermissions()].filter(
    (permission) =>
      permission.user === user &&
      permission.vhost === vhost &&
      (command.exchange === undefined || permission.exchange === command.exchange),
  )
  if (set.length === 0) throw notFound()
  return set.map(({ exchange }) => ({ type: 'topic-permission-cleared', user, vhost, exchange }))
}

/** Throws `invalid` in RabbitMQ's words where one is missing. */
export function assertUserAndVhost(state: AccessState, { user, vhost }: { user: string; vhost: string }): void {
  if (!state.users.has(user) || !state.vhosts.has(vhost)) throw invalid('vhost_or_user_not_found')
}

import type { AmqpValue } from '../../model/amqp-value.ts'
import type { Permission, TopicPermission, User } from '../../model/user.ts'
import type { Vhost } from '../../model/vhost.ts'
import type { AccessEvent } from './events.ts'
import { AccessState } from './state.ts'

interface AccessSnapshot {
  readonly tagKey: string
  readonly vhosts: readonly Vhost[]
  readonly users: readonly User[]
  readonly permissions: readonly Permission[]
  readonly topicPermissions: readonly TopicPermission[]
  readonly globalParameters: readonly (readonly [string, AmqpValue])[]
}

/** The state machine of the access journal (docs/architecture.md). */
export const accessMachine = {
  format: 1,

  initial: (): AccessState => new AccessState(),

  apply(state: AccessState, event: AccessEvent): void {
    switch (event.type) {
      case 'tag-key-made':
        state.tagKey = event.key
        break
      case 'vhost-created':
      case 'vhost-updated':
        state.vhosts.set(event.vhost.name, event.vhost)
        break
      case 'vhost-deleted':
        state.deleteVhost(event.name)
        break
      case 'user-set':
        state.users.set(event.user.name, event.user)
        break
      case 'user-deleted':
        state.deleteUser(event.name)
        break
      case 'permission-set':
        state.setPermission(event.permission)
        break
      case 'permission-cleared':
        state.clearPermission(event.user, event.vhost)
        break
      case 'topic-permission-set':
        state.setTopicPermission(event.permission)
        break
      case 'topic-permission-cleared':
        state.clearTopicPermission(event.user, event.vhost, event.exchange)
        break
      case 'global-parameter-set':
        state.globalParameters.set(event.name, event.value)
        break
      case 'global-parameter-deleted':
        state.globalParameters.delete(event.name)
        break
    }
  },

  snapshot(state: AccessState): AmqpValue {
    const snapshot: AccessSnapshot = {
      tagKey: state.tagKey,
      vhosts: [...state.vhosts.values()],
      users: [...state.users.values()],
      permissions: [...state.permissions()],
      topicPermissions: [...state.topicPermissions()],
      globalParameters: [...state.globalParameters],
    }
    return snapshot as unknown as AmqpValue
  },

  restore(data: AmqpValue): AccessState {
    const snapshot = data as unknown as AccessSnapshot
    const state = new AccessState()
    state.tagKey = snapshot.tagKey
    for (const vhost of snapshot.vhosts) state.vhosts.set(vhost.name, vhost)
    for (const user of snapshot.users) state.users.set(user.name, user)
    for (const permission of snapshot.permissions) state.setPermission(permission)
    for (const permission of snapshot.topicPermissions) state.setTopicPermission(permission)
    for (const [name, value] of snapshot.globalParameters) state.globalParameters.set(name, value)
    return state
  },
}

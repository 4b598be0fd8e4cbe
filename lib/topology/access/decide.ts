import type { AccessEvent } from './events.ts'
import {
  type DeleteGlobalParameter,
  deleteGlobalParameter,
  type SetGlobalParameter,
  setGlobalParameter,
} from './global-parameter.ts'
import {
  type ClearPermission,
  type ClearTopicPermission,
  clearPermission,
  clearTopicPermission,
  type SetPermission,
  type SetTopicPermission,
  setPermission,
  setTopicPermission,
} from './permission.ts'
import type { AccessState } from './state.ts'
import { type DeleteUsers, deleteUsers, type SetUser, type SetUserLimit, setUser, setUserLimit } from './user.ts'
import {
  type DeleteVhost,
  deleteVhost,
  type ProtectVhost,
  type PutVhost,
  protectVhost,
  putVhost,
  type SetVhostLimit,
  setVhostLimit,
} from './vhost.ts'

export type AccessCommand =
  | PutVhost
  | DeleteVhost
  | ProtectVhost
  | SetVhostLimit
  | SetUser
  | DeleteUsers
  | SetUserLimit
  | SetPermission
  | ClearPermission
  | SetTopicPermission
  | ClearTopicPermission
  | SetGlobalParameter
  | DeleteGlobalParameter

/**
 * What a command does to users, permissions and vhosts: the events, none where nothing changes. Pure.
 * Throws BrokerError where the command is refused; then nothing is changed.
 */
export function decideAccess(state: AccessState, command: AccessCommand): AccessEvent[] {
  switch (command.type) {
    case 'put-vhost':
      return putVhost(state, command)
    case 'delete-vhost':
      return deleteVhost(state, command)
    case 'protect-vhost':
      return protectVhost(state, command)
    case 'set-vhost-limit':
      return setVhostLimit(state, command)
    case 'set-user':
      return setUser(state, command)
    case 'delete-users':
      return deleteUsers(state, command)
    case 'set-user-limit':
      return setUserLimit(state, command)
    case 'set-permission':
      return setPermission(state, command)
    case 'clear-permission':
      return clearPermission(state, command)
    case 'set-topic-permission':
      return setTopicPermission(state, command)
    case 'clear-topic-permission':
      return clearTopicPermission(state, command)
    case 'set-global-parameter':
      return setGlobalParameter(state, command)
    case 'delete-global-parameter':
      return deleteGlobalParameter(state, command)
  }
}

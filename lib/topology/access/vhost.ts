import { type AmqpValue, canonicalText } from '../../model/amqp-value.ts'
import { erlangPairs } from '../../model/erlang-term.ts'
import { BrokerError, invalid, notFound } from '../../model/errors.ts'
import { assertName } from '../../model/names.ts'
import { NO_DEFAULT_QUEUE_TYPE, VHOST_LIMIT_NAMES, type Vhost, type VhostLimitName } from '../../model/vhost.ts'
import type { AccessEvent } from './events.ts'
import type { AccessState } from './state.ts'

export interface PutVhost {
  readonly type: 'put-vhost'
  /** The id that the vhost gets if it is made. */
  readonly id: string
  readonly name: string
  /** What is left out keeps its value, or gets the default when the vhost is new. */
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly defaultQueueType?: string | undefined
  readonly tracing?: boolean | undefined
  /** Who makes it, and is granted everything in it (contract §1.2). */
  readonly user: string
}

export interface DeleteVhost {
  readonly type: 'delete-vhost'
  readonly name: string
}

export interface ProtectVhost {
  readonly type: 'protect-vhost'
  readonly name: string
  readonly protected: boolean
}

export interface SetVhostLimit {
  readonly type: 'set-vhost-limit'
  readonly vhost: string
  readonly limit: string
  /** Clears the limit where it is left out. */
  readonly value?: number | undefined
}

const QUEUE_TYPES = [NO_DEFAULT_QUEUE_TYPE, 'classic', 'quorum']

/** Contract §1.2. A new vhost grants its maker everything; an existing one is changed in what the command names. */
export function putVhost(state: AccessState, command: PutVhost): AccessEvent[] {
  assertName(command.name, 'the vhost name')
  if (command.name === '') throw invalid('a vhost needs a name')
  assertQueueType(command.defaultQueueType)
  const current = state.vhosts.get(command.name)
  const vhost = vhostImage(current, command)
  if (current) return sameVhost(current, vhost) ? [] : [{ type: 'vhost-updated', vhost }]
  const all = { configure: '.*', write: '.*', read: '.*' }
  const grant: AccessEvent = {
    type: 'permission-set',
    permission: { user: command.user, vhost: vhost.name, ...all },
  }
  return [{ type: 'vhost-created', vhost }, ...(state.users.has(command.user) ? [grant] : [])]
}

function assertQueueType(type: string | undefined): void {
  if (type === undefined || QUEUE_TYPES.includes(type)) return
  throw invalid(`default_queue_type '${type}' is not supported: it must be classic or quorum`)
}

function vhostImage(current: Vhost | undefined, command: PutVhost): Vhost {
  return {
    id: current?.id ?? command.id,
    name: command.name,
    description: command.description ?? current?.description ?? '',
    tags: command.tags ?? current?.tags ?? [],
    defaultQueueType: command.defaultQueueType ?? current?.defaultQueueType ?? NO_DEFAULT_QUEUE_TYPE,
    tracing: command.tracing ?? current?.tracing ?? false,
    protectedFromDeletion: current?.protectedFromDeletion ?? false,
    limits: current?.limits ?? {},
  }
}

const sameVhost = (left: Vhost, right: Vhost): boolean => canonicalText(asTable(left)) === canonicalText(asTable(right))

const asTable = (vhost: Vhost) => ({ ...vhost, tags: [...vhost.tags], limits: { ...vhost.limits } })

/** Contract §1.2: permissions, and all that is in it, go with a vhost. Throws `protected` where it may not go. */
export function deleteVhost(state: AccessState, { name }: DeleteVhost): AccessEvent[] {
  const vhost = requireVhost(state, name)
  if (vhost.protectedFromDeletion) {
    throw new BrokerError('protected', `vhost '${name}' is protected from deletion: lift the protection first`)
  }
  return [{ type: 'vhost-deleted', id: vhost.id, name }]
}

export function protectVhost(state: AccessState, command: ProtectVhost): AccessEvent[] {
  const vhost = requireVhost(state, command.name)
  if (vhost.protectedFromDeletion === command.protected) return []
  return [{ type: 'vhost-updated', vhost: { ...vhost, protectedFromDeletion: command.protected } }]
}

/** Contract §1.5. A limit that is not set can be cleared all the same. Throws RabbitMQ's text for a limit it does not know. */
export function setVhostLimit(state: AccessState, command: SetVhostLimit): AccessEvent[] {
  const vhost = requireVhost(state, command.vhost, 'vhost_not_found')
  if (command.value !== undefined) assertVhostLimit(command.limit, command.value)
  if (!isLimitName(command.limit) || vhost.limits[command.limit] === command.value) return []
  const { [command.limit]: _replaced, ...others } = vhost.limits
  const limits = command.value === undefined ? others : { ...others, [command.limit]: command.value }
  return [{ type: 'vhost-updated', vhost: { ...vhost, limits } }]
}

/** Throws `invalid` in RabbitMQ's words, whatever the value is, for a limit that vhosts do not have. */
export function assertVhostLimit(name: string, value: AmqpValue): void {
  if (!isLimitName(name))
    throw invalid(`Validation failed\n\nUnrecognised terms ${erlangPairs([[name, value]])} in limits\n`)
}

const isLimitName = (name: string): name is VhostLimitName => (VHOST_LIMIT_NAMES as readonly string[]).includes(name)

/** The vhost of that name. Throws `not-found`, with a text of its own where RabbitMQ has one. */
export function requireVhost(state: AccessState, name: string, reason?: string): Vhost {
  const vhost = state.vhosts.get(name)
  if (!vhost) throw notFound(reason)
  return vhost
}

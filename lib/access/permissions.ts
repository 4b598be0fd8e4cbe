import type { Destination } from '../model/binding.ts'
import type { User } from '../model/user.ts'
import type { AccessState } from '../topology/access/state.ts'
import {
  assertMayEnter,
  assertPermission,
  assertTag,
  assertTopicPermission,
  type Requester,
  type Resource,
} from './authorise.ts'

/**
 * The table of contract §4.4, a function for each of its rows. All throw `access-refused` and return nothing. They say
 * nothing of whether the things named exist, nor of reserved names and the default exchange, which nobody may change.
 */

export interface DeclaredExchange {
  readonly name: string
  /** Whether there is an exchange of that name: then its alternate exchange was the matter of who declared it. */
  readonly exists: boolean
  /** The alternate exchange that the arguments name, if any. */
  readonly alternate?: string | undefined
}

export function assertMayDeclareExchange(
  access: AccessState,
  user: Requester,
  vhost: string,
  { name, exists, alternate }: DeclaredExchange,
): void {
  const resource: Resource = { kind: 'exchange', name }
  assertPermission(access, { user, vhost, action: 'configure', resource })
  if (!exists) assertMayPassOn(access, user, vhost, resource, alternate)
}

export interface DeclaredQueue {
  readonly name: string
  /** Whether there is a queue of that name: then its dead-letter exchange was the matter of who declared it. */
  readonly exists: boolean
  /** The dead-letter exchange that the arguments name, if any. */
  readonly deadLetterExchange?: string | undefined
}

export function assertMayDeclareQueue(
  access: AccessState,
  user: Requester,
  vhost: string,
  { name, exists, deadLetterExchange }: DeclaredQueue,
): void {
  const resource: Resource = { kind: 'queue', name }
  assertPermission(access, { user, vhost, action: 'configure', resource })
  if (!exists) assertMayPassOn(access, user, vhost, resource, deadLetterExchange)
}

/** Who makes a thing pass messages on to an exchange reads from the one and writes to the other. */
function assertMayPassOn(
  access: AccessState,
  user: Requester,
  vhost: string,
  resource: Resource,
  exchange: string | undefined,
): void {
  if (exchange === undefined) return
  assertPermission(access, { user, vhost, action: 'read', resource })
  assertPermission(access, { user, vhost, action: 'write', resource: { kind: 'exchange', name: exchange } })
}

export const assertMayDelete = (access: AccessState, user: Requester, vhost: string, resource: Resource): void =>
  assertPermission(access, { user, vhost, action: 'configure', resource })

/** An exchange as permissions see it; without a type where there is no such exchange. */
export interface CheckedExchange {
  readonly name: string
  readonly type?: string | undefined
}

export interface CheckedBinding {
  readonly source: CheckedExchange
  readonly destination: { readonly type: Destination['type']; readonly name: string }
  readonly routingKey: string
}

/** For bind and unbind, one end: the destination. */
export const assertMayBindTo = (
  access: AccessState,
  user: Requester,
  vhost: string,
  { type, name }: CheckedBinding['destination'],
): void => assertPermission(access, { user, vhost, action: 'write', resource: { kind: type, name } })

/** For bind and unbind, the other end: the source. */
export function assertMayBindFrom(
  access: AccessState,
  user: Requester,
  vhost: string,
  { source, routingKey }: Pick<CheckedBinding, 'source' | 'routingKey'>,
): void {
  assertPermission(access, { user, vhost, action: 'read', resource: { kind: 'exchange', name: source.name } })
  if (!hasTopics(source)) return
  assertTopicPermission(access, { user, vhost, action: 'read', exchange: source.name, routingKey })
}

/** `routingKeys` are all that the message is routed by, those of CC and BCC included. */
export function assertMayPublish(
  access: AccessState,
  user: Requester,
  vhost: string,
  exchange: CheckedExchange,
  routingKeys: readonly string[],
): void {
  assertPermission(access, { user, vhost, action: 'write', resource: { kind: 'exchange', name: exchange.name } })
  if (!hasTopics(exchange)) return
  for (const routingKey of routingKeys) {
    assertTopicPermission(access, { user, vhost, action: 'write', exchange: exchange.name, routingKey })
  }
}

/** For looking at what an exchange holds until it is due. */
export const assertMayReadScheduled = (access: AccessState, user: Requester, vhost: string, exchange: string): void =>
  assertPermission(access, { user, vhost, action: 'read', resource: { kind: 'exchange', name: exchange } })

/** For taking it back: whoever may publish to the exchange may. */
export const assertMayCancelScheduled = (access: AccessState, user: Requester, vhost: string, exchange: string): void =>
  assertPermission(access, { user, vhost, action: 'write', resource: { kind: 'exchange', name: exchange } })

const hasTopics = ({ type }: CheckedExchange): boolean => type === 'topic'

/** For get, consume and purge. */
export const assertMayConsume = (access: AccessState, user: Requester, vhost: string, queue: string): void =>
  assertPermission(access, { user, vhost, action: 'read', resource: { kind: 'queue', name: queue } })

/** For setting and deleting policies and parameters. */
export function assertMayManagePolicies(access: AccessState, user: Pick<User, 'name' | 'tags'>, vhost: string): void {
  assertTag(user, 'policymaker')
  assertMayEnter(access, user, vhost, 'policymaker')
}

/** For users, permissions, vhosts and definitions. */
export const assertMayAdminister = (user: Pick<User, 'tags'>): void => assertTag(user, 'administrator')

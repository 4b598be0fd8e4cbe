import { accessRefused, BrokerError } from '../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { DEFAULT_EXCHANGE_ALIAS, describeObject } from '../model/names.ts'
import { escapePattern } from '../model/pattern.ts'
import type { User } from '../model/user.ts'
import type { AccessState } from '../topology/access/state.ts'
import { permissionPattern } from './compiled-patterns.ts'

/** The tags that mean something to the management API (contract §1.1). `impersonator` stands apart and grants none of these. */
export type RequiredTag = 'management' | 'policymaker' | 'monitoring' | 'administrator'

/** What the tags imply: each with those that grant it. */
const GRANTED_BY: Record<RequiredTag, readonly string[]> = {
  management: ['management', 'policymaker', 'monitoring', 'administrator'],
  policymaker: ['policymaker', 'administrator'],
  monitoring: ['monitoring', 'administrator'],
  administrator: ['administrator'],
}

/** RabbitMQ 3.10's words; for policies and parameters they do not name the tag. */
const TAG_REFUSALS: Record<RequiredTag, string> = {
  management: 'Not management user',
  policymaker: 'User not authorised to access object',
  monitoring: 'Not monitor user',
  administrator: 'Not administrator user',
}

/** Whether the user's tags grant what the tag stands for, by themselves or by what they imply. */
export const tagsAllow = (user: Pick<User, 'tags'>, tag: RequiredTag): boolean =>
  user.tags.some((held) => GRANTED_BY[tag].includes(held))

/**
 * Throws `access-refused` unless {@link tagsAllow}, in RabbitMQ's words: they name the first tag that is missing on the
 * way. Tags never replace permissions.
 */
export function assertTag(user: Pick<User, 'tags'>, tag: RequiredTag): void {
  if (tagsAllow(user, tag)) return
  throw accessRefused(TAG_REFUSALS[tagsAllow(user, 'management') ? tag : 'management'])
}

/** The user who asks; a {@link User} is one. */
export interface Requester {
  readonly name: string
  /** The AMQP or MQTT client's id, where the door knows one: `{client_id}` of topic permissions. */
  readonly clientId?: string | undefined
  /** What a token grants. Where there is one, the entries of the state count for nothing, whatever the name is. */
  readonly grants?: Grants | undefined
}

/** Rights that somebody brings along. */
export interface Grants {
  mayEnter(vhost: string): boolean
  allows(action: PermissionCheck['action'], vhost: string, name: string): boolean
  allowsKey(action: PermissionCheck['action'], vhost: string, exchange: string, routingKey: string): boolean
}

/** Whether the user may enter the vhost: any permission entry will do, three empty patterns included (contract §4.4). */
export const hasVhostAccess = (access: AccessState, user: Requester, vhost: string): boolean =>
  user.grants ? user.grants.mayEnter(vhost) : access.permission(user.name, vhost) !== undefined

const NO_VHOST_ACCESS = 'User not authorised to access virtual host'

/** Throws `access-refused` unless {@link hasVhostAccess}. Whether there is such a vhost is asked before. */
export function assertVhostAccess(access: AccessState, user: Requester, vhost: string): void {
  if (!hasVhostAccess(access, user, vhost)) throw accessRefused(NO_VHOST_ACCESS)
}

/**
 * For the management API: as {@link assertVhostAccess}, in the words of the tag that the resource asks for. As in
 * RabbitMQ administrators enter every vhost: they see what is there and set policies, while whatever touches exchanges,
 * queues and messages takes a permission of theirs as well.
 */
export function assertMayEnter(access: AccessState, user: EnteringUser, vhost: string, tag: RequiredTag): void {
  if (tagsAllow(user, 'administrator') || hasVhostAccess(access, user, vhost)) return
  throw accessRefused(tag === 'policymaker' ? TAG_REFUSALS.policymaker : NO_VHOST_ACCESS)
}

type EnteringUser = Requester & Pick<User, 'tags'>

/**
 * A permission that is missing. `reason` is what management operations answer and tells nothing; `explanation` is what
 * RabbitMQ's channels say (AMQP, publish, get): which object, and who was refused.
 */
export class PermissionError extends BrokerError {
  constructor(explanation: string) {
    super('access-refused', 'Access refused.', { explanation })
  }
}

/** What permissions protect. */
export interface Resource {
  readonly kind: 'exchange' | 'queue'
  readonly name: string
}

export interface PermissionCheck {
  readonly user: Requester
  readonly vhost: string
  readonly action: 'configure' | 'write' | 'read'
  readonly resource: Resource
}

/** Throws {@link PermissionError} unless the user's pattern for the action is found in the resource's name (contract §4.4). */
export function assertPermission(access: AccessState, { user, vhost, action, resource }: PermissionCheck): void {
  const name = checkedName(resource)
  if (user.grants ? user.grants.allows(action, vhost, name) : hasEntry(access, { user, vhost, action, resource }))
    return
  throw refusal(user, describeObject(resource.kind, name, vhost))
}

function hasEntry(access: AccessState, { user, vhost, action, resource }: PermissionCheck): boolean {
  const permission = access.permission(user.name, vhost)
  return permission !== undefined && permissionPattern(permission[action]).test(checkedName(resource))
}

/** The default exchange has no name that a pattern could match. */
const checkedName = ({ kind, name }: Resource): string =>
  kind === 'exchange' && name === DEFAULT_EXCHANGE ? DEFAULT_EXCHANGE_ALIAS : name

export interface TopicCheck {
  readonly user: Requester
  readonly vhost: string
  readonly action: 'write' | 'read'
  /** The name of a topic exchange. */
  readonly exchange: string
  /** The routing key of a message, or the binding key of a binding. */
  readonly routingKey: string
}

/**
 * Throws {@link PermissionError} where the user has a topic permission for this exchange and its pattern is not found in
 * the key. Without such a permission every key is allowed (contract §4.4).
 */
export function assertTopicPermission(access: AccessState, check: TopicCheck): void {
  const { user, vhost, action, exchange, routingKey } = check
  const topic = `topic '${routingKey}' in ${describeObject('exchange', exchange, vhost)}`
  if (user.grants) {
    if (user.grants.allowsKey(action, vhost, exchange, routingKey)) return
    throw refusal(user, topic)
  }
  const permission = access.topicPermission(user.name, vhost, exchange)
  if (!permission || permissionPattern(substituted(permission[action], check)).test(routingKey)) return
  throw refusal(user, topic)
}

const refusal = (user: Requester, object: string): PermissionError =>
  new PermissionError(`access to ${object} refused for user '${user.name}'`)

const PLACEHOLDERS = /\{(?:username|vhost|client_id)\}/g

/** The pattern with the requester's values in it, escaped so that each matches itself only. What is not known stays. */
function substituted(pattern: string, { user, vhost }: TopicCheck): string {
  if (!pattern.includes('{')) return pattern
  const values = new Map([
    ['{username}', user.name],
    ['{vhost}', vhost],
    ['{client_id}', user.clientId],
  ])
  return pattern.replace(PLACEHOLDERS, (placeholder) => {
    const value = values.get(placeholder)
    return value === undefined ? placeholder : escapePattern(value)
  })
}

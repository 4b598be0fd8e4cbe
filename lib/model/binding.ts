import { createHash } from 'node:crypto'
import { type AmqpTable, canonicalText } from './amqp-value.ts'

/** Bindings name both ends by id, so that a re-created exchange or queue inherits nothing. */
export interface Destination {
  readonly type: 'queue' | 'exchange'
  readonly id: string
}

/** Identity = source, destination, routing key and arguments (contract §1.2). */
export interface Binding {
  readonly sourceId: string
  readonly destination: Destination
  readonly routingKey: string
  readonly arguments: AmqpTable
}

/**
 * `quote` of contract §1.2: unreserved characters stay, a space becomes `+`, other bytes `%XX`. A lone surrogate, which
 * has no bytes, is quoted as U+FFFD, as RabbitMQ does.
 */
export const quote = (text: string): string => (UNRESERVED.test(text) ? text : quoted(text))

/** What {@link quote} leaves as it is. */
const UNRESERVED = /^[\w.~-]*$/

const quoted = (text: string): string =>
  encodeURIComponent(text.toWellFormed())
    .replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replaceAll('%20', '+')

const quoteKey = (routingKey: string): string => quote(routingKey).replaceAll('~', '%7E')

/**
 * The handle of a binding among those with the same source and destination (contract §1.2): the quoted key, and for
 * bindings with arguments a hash of them. RabbitMQ's 32-bit hash can collide; ours has 96 bits.
 */
export function propertiesKey(routingKey: string, args: AmqpTable): string {
  if (Object.keys(args).length === 0) return routingKey === '' ? '~' : quoteKey(routingKey)
  const hash = createHash('sha256').update(canonicalText(args)).digest('base64url').slice(0, 16)
  return `${quoteKey(routingKey)}~${hash}`
}

/** The key under which a binding is stored and found: equal for equal bindings only. */
export const bindingKey = ({ sourceId, destination, routingKey, arguments: args }: Binding): string =>
  bindingKeyBetween(sourceId, destination, propertiesKey(routingKey, args))

/** The {@link bindingKey} of the binding between two ends that has this {@link propertiesKey}. */
export const bindingKeyBetween = (sourceId: string, { type, id }: Destination, key: string): string =>
  `${sourceId} ${type} ${id} ${key}`

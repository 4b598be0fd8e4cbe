import { BrokerError, invalid } from './errors.ts'

/** AMQP's short string (amqp-contract §1): names and routing keys are at most 255 bytes of UTF-8. */
export const MAX_NAME_BYTES = 255

/** How paths write the default exchange, whose name is empty (contract §1.1). */
export const DEFAULT_EXCHANGE_ALIAS = 'amq.default'

const RESERVED_PREFIX = 'amq.'

/** RabbitMQ removes line breaks from names before it uses them (contract §2.2). */
export const stripLineBreaks = (name: string): string => (/[\r\n]/.test(name) ? name.replace(/[\r\n]/g, '') : name)

export const isReservedName = (name: string): boolean => name.startsWith(RESERVED_PREFIX)

/** Throws `invalid` for a name or key beyond 255 bytes. `what` is the word for it in the message. */
export function assertShortString(value: string, what: string): void {
  // A UTF-16 unit is at most three bytes, so most names need no count.
  if (value.length * 3 <= MAX_NAME_BYTES || Buffer.byteLength(value) <= MAX_NAME_BYTES) return
  throw invalid(`${what} is longer than ${MAX_NAME_BYTES} bytes: shorten it`)
}

/** Names are text: a lone surrogate has no UTF-8 form, and NUL ends names in too many places to be one. */
export function assertName(name: string, what: string): void {
  assertShortString(name, what)
  if (!name.isWellFormed() || name.includes('\0')) throw invalid(`${what} is not valid UTF-8 text without NUL`)
}

/** `exchange 'x' in vhost 'v'`, as RabbitMQ's texts name things. */
export const describeObject = (kind: 'exchange' | 'queue', name: string, vhost: string): string =>
  `${kind} '${name}' in vhost '${vhost}'`

/** Unknown object named in a declare, bind or publish (contract §1.1). */
export const noSuchObject = (kind: 'exchange' | 'queue', name: string, vhost: string): BrokerError =>
  new BrokerError('not-found', `no ${describeObject(kind, name, vhost)}`)

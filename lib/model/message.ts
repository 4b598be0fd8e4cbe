import { type AmqpTable, type AmqpValue, isTable, typeName } from './amqp-value.ts'
import { invalid, preconditionFailed } from './errors.ts'
import { assertShortString } from './names.ts'

/** The AMQP basic properties, named as the HTTP API names them (contract §1.3). */
export interface Properties {
  readonly content_type?: string
  readonly content_encoding?: string
  readonly headers?: AmqpTable
  readonly delivery_mode?: number
  readonly priority?: number
  readonly correlation_id?: string
  readonly reply_to?: string
  readonly expiration?: string
  readonly message_id?: string
  /** Seconds since 1970. */
  readonly timestamp?: number
  readonly type?: string
  readonly user_id?: string
  readonly app_id?: string
  readonly cluster_id?: string
}

/** A message as published: what travels unchanged to every queue it reaches. */
export interface Message {
  readonly exchange: string
  readonly routingKey: string
  readonly properties: Properties
  readonly payload: Uint8Array
}

const NO_HEADERS: AmqpTable = Object.freeze({})

export const headersOf = (properties: Properties): AmqpTable => properties.headers ?? NO_HEADERS

/**
 * The routing key and every key of the CC and BCC headers, in that order (contract §3.1).
 * Throws `precondition-failed` when CC or BCC is anything but an array of strings.
 */
export function routingKeysOf(routingKey: string, headers: AmqpTable): readonly string[] {
  const cc = headers.CC
  const bcc = headers.BCC
  if (cc === undefined && bcc === undefined) return [routingKey]
  return [routingKey, ...copyKeys('CC', cc), ...copyKeys('BCC', bcc)]
}

function copyKeys(header: 'CC' | 'BCC', value: AmqpValue | undefined): string[] {
  if (value === undefined) return []
  if (!Array.isArray(value)) {
    throw preconditionFailed(`invalid message: {unacceptable_type_in_header,"${header}",${typeName(value)}}`)
  }
  return value.map((key) => {
    if (typeof key !== 'string') throw preconditionFailed(`invalid '${header}' header: every element must be a string`)
    assertShortString(key, `a key in '${header}'`)
    return key
  })
}

/** BCC is for routing only: no receiver sees it (contract §3.1). */
export function withoutBcc(properties: Properties): Properties {
  if (properties.headers?.BCC === undefined) return properties
  const { BCC: _routedOnly, ...headers } = properties.headers
  return { ...properties, headers }
}

const MAX_EXPIRATION_MS = 315_360_000_000

/** Contract §3.8: a decimal text of milliseconds, 0 to ten years. Throws `precondition-failed` in RabbitMQ's words. */
export function parseExpirationMs(expiration: string): number {
  const [, digits, rest = ''] = /^([+-]?\d+)(.*)$/s.exec(expiration) ?? []
  const complaint = digits === undefined ? 'no_integer' : expirationComplaint(digits, rest)
  if (complaint !== undefined) throw preconditionFailed(`invalid expiration '${expiration}': ${complaint}`)
  return Number(digits)
}

function expirationComplaint(digits: string, rest: string): string | undefined {
  if (rest !== '') return `{leftover_string,${JSON.stringify(rest)}}`
  const expirationMs = Number(digits)
  if (expirationMs < 0) return `{value_negative,${digits}}`
  return expirationMs > MAX_EXPIRATION_MS ? `{value_too_large,${digits}}` : undefined
}

/** How deep tables and arrays may nest; recursion over a message is bounded by it. */
export const MAX_TABLE_DEPTH = 64

/** Throws `invalid` for nulls (contract §1.1) and for nesting beyond {@link MAX_TABLE_DEPTH}. */
export function assertTableFromJson(value: AmqpValue, depth = 0): void {
  if (value === null) throw invalid('null_not_allowed')
  if (depth > MAX_TABLE_DEPTH) throw invalid(`tables and arrays nest deeper than ${MAX_TABLE_DEPTH}`)
  if (Array.isArray(value)) for (const element of value) assertTableFromJson(element, depth + 1)
  else if (isTable(value)) for (const name of Object.keys(value)) assertTableFromJson(value[name] ?? null, depth + 1)
}

import { isUtf8 } from 'node:buffer'
import { tableFromJson } from '../model/amqp-table.ts'
import { type AmqpTable, type AmqpValue, isTable } from '../model/amqp-value.ts'
import { invalid } from '../model/errors.ts'
import { parseUntrustedJson } from '../model/untrusted-json.ts'
import type { ApiContext } from './env.ts'

/** RabbitMQ's limit for any body (contract §1.1); fronts have lower ones. */
const MAX_BODY_BYTES = 20_000_000

/** The request's body as text. Throws `invalid` for one that is too long or is not UTF-8. */
export function bodyText(c: ApiContext, maxBytes = MAX_BODY_BYTES): string {
  const { body, isBase64Encoded } = c.env.event
  if (!body) return ''
  const text = isBase64Encoded ? utf8Text(Buffer.from(body, 'base64')) : body
  // A UTF-16 unit is at most three bytes, so most bodies need no count.
  if (text.length * 3 <= maxBytes || Buffer.byteLength(text) <= maxBytes) return text
  throw invalid(`the request body is larger than ${maxBytes} bytes: send less at a time`)
}

function utf8Text(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8')
  throw invalid('not_json')
}

/**
 * The body as a JSON object: an empty body, `undefined`, `null` and, as RabbitMQ has it, `true` and `false` count as
 * `{}`; everything else that is no object is refused in RabbitMQ's words (contract §1.1).
 */
export function bodyObject(c: ApiContext, maxBytes?: number): AmqpTable {
  const text = bodyText(c, maxBytes)
  if (text === '' || text === 'undefined') return {}
  const value = parseUntrustedJson(text)
  if (isTable(value)) return value
  if (value === null || typeof value === 'boolean') return {}
  throw invalid(typeof value === 'string' ? DOUBLE_ENCODED : 'not_json')
}

const DOUBLE_ENCODED = 'invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?'

/** The most entries of a call that takes many. */
export const MAX_BATCH_ENTRIES = 1000

/** The body as a JSON array of at most {@link MAX_BATCH_ENTRIES}. */
export function bodyArray(c: ApiContext, maxBytes?: number): readonly AmqpValue[] {
  const value = parseUntrustedJson(bodyText(c, maxBytes))
  if (!Array.isArray(value)) throw invalid('the body must be a JSON array')
  if (value.length > MAX_BATCH_ENTRIES) throw invalid(`one request takes ${MAX_BATCH_ENTRIES} entries at most`)
  return value
}

/** A field that the object itself has: names such as `__proto__` and `constructor` are fields like any other. */
export const field = (body: AmqpTable, name: string): AmqpValue | undefined =>
  Object.hasOwn(body, name) ? body[name] : undefined

/** Contract §1.1: true and false, also as strings. */
export function booleanField(body: AmqpTable, name: string, fallback: boolean): boolean {
  return optionalBoolean(body, name) ?? fallback
}

/** As {@link booleanField}, undefined where the field is left out. */
export function optionalBoolean(body: AmqpTable, name: string): boolean | undefined {
  const value = field(body, name)
  if (value === undefined) return undefined
  if (value === true || value === 'true') return true
  if (value === false || value === 'false') return false
  throw invalid(['not_boolean', value])
}

/** Contract §1.1: an integer, also as a decimal string. */
export function integerValue(value: AmqpValue | undefined): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  if (typeof value === 'string' && /^[+-]?\d{1,15}$/.test(value)) return Number(value)
  throw invalid(['not_integer', value ?? null])
}

/** An integer between two bounds, both included; undefined where the field is left out. */
export function optionalInteger(
  body: AmqpTable,
  name: string,
  [least, most]: readonly [number, number],
): number | undefined {
  const value = field(body, name)
  if (value === undefined) return undefined
  const integer = integerValue(value)
  if (integer >= least && integer <= most) return integer
  const bounds = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`
  throw invalid(`${name} is ${integer}, it must be ${bounds}`)
}

export function stringField(body: AmqpTable, name: string, fallback: string): string {
  return optionalString(body, name) ?? fallback
}

/** As {@link stringField}, undefined where the field is left out. */
export function optionalString(body: AmqpTable, name: string): string | undefined {
  const value = field(body, name)
  if (value === undefined || typeof value === 'string') return value
  throw invalid(['not_string', name])
}

/** Throws RabbitMQ's text for the fields that are missing (contract §1.1). */
export function assertFields(body: AmqpTable, names: readonly string[]): void {
  if (names.every((name) => Object.hasOwn(body, name))) return
  const missing = names.filter((name) => !Object.hasOwn(body, name))
  throw invalid(`[${missing.map((name) => `{key_missing,${name}}`).join(',')}]`)
}

/** The `arguments` of a declare or bind. */
export function argumentsField(body: AmqpTable): AmqpTable {
  const value = field(body, 'arguments')
  return value === undefined ? {} : tableFromJson(value, 'arguments')
}

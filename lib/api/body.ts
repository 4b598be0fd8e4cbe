import { type AmqpTable, type AmqpValue, isTable } from '../model/amqp-value.ts'
import { invalid } from '../model/errors.ts'
import { parseJson } from '../model/json.ts'
import { assertTableFromJson } from '../model/message.ts'
import type { ApiContext } from './env.ts'

/** The request's body as text. */
export function bodyText(c: ApiContext): string {
  const { body, isBase64Encoded } = c.env.event
  if (!body) return ''
  return isBase64Encoded ? Buffer.from(body, 'base64').toString('utf8') : body
}

/**
 * The body as a JSON object: an empty body, `null` and `undefined` count as `{}`, everything else that is no object is
 * refused in RabbitMQ's words (contract §1.1).
 */
export function bodyObject(c: ApiContext): AmqpTable {
  const text = bodyText(c)
  if (text === '' || text === 'null' || text === 'undefined') return {}
  const value = parseBody(text)
  if (isTable(value)) return value
  throw invalid(typeof value === 'string' ? DOUBLE_ENCODED : 'not_json')
}

const DOUBLE_ENCODED =
  'invalid payload: the request body JSON-decoded to a string. Is the input doubly-JSON-encoded?'

/** Throws `invalid` for what is no JSON, or nests too deep to be read. */
export function parseBody(text: string): AmqpValue {
  try {
    return parseJson(text)
  } catch {
    throw invalid('not_json')
  }
}

/** A field that the object itself has: names such as `__proto__` and `constructor` are fields like any other. */
export const field = (body: AmqpTable, name: string): AmqpValue | undefined =>
  Object.hasOwn(body, name) ? body[name] : undefined

/** Contract §1.1: true and false, also as strings. */
export function booleanField(body: AmqpTable, name: string, fallback: boolean): boolean {
  const value = field(body, name)
  if (value === undefined) return fallback
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

export function stringField(body: AmqpTable, name: string, fallback: string): string {
  const value = field(body, name)
  if (value === undefined) return fallback
  if (typeof value === 'string') return value
  throw invalid(['not_string', name])
}

/** Throws RabbitMQ's text for the fields that are missing (contract §1.1). */
export function assertFields(body: AmqpTable, names: readonly string[]): void {
  const missing = names.filter((name) => field(body, name) === undefined)
  if (missing.length > 0) throw invalid(`[${missing.map((name) => `{key_missing,${name}}`).join(',')}]`)
}

/** The `arguments` of a declare or bind: an object (RabbitMQ's tools also send `[]`), without nulls, of bounded depth. */
export function argumentsField(body: AmqpTable): AmqpTable {
  const value = field(body, 'arguments')
  if (value === undefined || (Array.isArray(value) && value.length === 0)) return {}
  if (!isTable(value)) throw invalid('arguments must be a JSON object')
  assertTableFromJson(value)
  return value
}

import { type AmqpTable, type AmqpValue, isTable, Typed } from './amqp-value.ts'

/**
 * JSON with AMQP's number types kept. JavaScript reads `1.0` as `1`, AMQP does not: a JSON integer is a long and a JSON
 * number with a fraction or an exponent is a double (contract §1.1, §3.4). Two forms:
 *
 * - the public one, which clients write and read: doubles print with a fraction, what JSON cannot say is simplified. It is
 *   what `JSON.stringify` writes: each value knows its own form ({@link Typed.toJSON});
 * - the stored one, which loses nothing: a {@link Typed} is `{"$type": …, "value": …}`.
 */

declare global {
  interface JSON {
    parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown
    rawJSON(text: string): object
  }
}

const TYPE_FIELD = '$type'

/** Numbers whose text says more than their JavaScript value does: a fraction, an exponent, more than 15 digits. */
const NEEDS_NUMBER_TEXT = /[\d][.eE]|\d{16}/

/** Parses public JSON. Throws SyntaxError for bad JSON and RangeError for nesting that exhausts the stack. */
export function parseJson(text: string): AmqpValue {
  if (!NEEDS_NUMBER_TEXT.test(text)) return JSON.parse(text)
  return JSON.parse(text, (_key, value, { source }) =>
    typeof value === 'number' && source !== undefined ? numberFromText(value, source) : value,
  ) as AmqpValue
}

/** Of the text of a 64-bit integer; reading a longer one takes time that grows with the square of its length. */
const MAX_INT64_LENGTH = 20

function numberFromText(value: number, source: string): AmqpValue {
  if (/[.eE]/.test(source)) {
    if (!Number.isFinite(value)) throw new SyntaxError(`number out of range: ${source.slice(0, 40)}`)
    return Number.isInteger(value) ? new Typed('double', value) : value
  }
  if (Number.isSafeInteger(value)) return value
  const integer = source.length <= MAX_INT64_LENGTH ? BigInt(source) : 2n ** 64n
  if (BigInt.asIntN(64, integer) !== integer) throw new SyntaxError(`integer beyond 64 bits: ${source.slice(0, 40)}`)
  return new Typed('int64', integer)
}

/** The stored form of a value: plain JSON data from which {@link fromStored} makes an equal value again. */
export function toStored(value: AmqpValue): unknown {
  if (value instanceof Typed) return { [TYPE_FIELD]: value.type, value: storedScalar(value.value) }
  if (Array.isArray(value)) return value.map(toStored)
  if (typeof value === 'number' && !Number.isFinite(value)) return toStored(new Typed('double', value))
  if (!isTable(value)) return value
  const fields = Object.fromEntries(Object.entries(value).map(([name, field]) => [name, toStored(field)]))
  return Object.hasOwn(value, TYPE_FIELD) ? { [TYPE_FIELD]: 'table', value: fields } : fields
}

function storedScalar(value: Typed['value']): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64')
  if (typeof value === 'bigint') return value.toString()
  return typeof value === 'number' ? storedNumber(value) : value
}

/** As a text where JSON has no such number: it knows neither negative zero nor anything infinite. */
function storedNumber(value: number): number | string {
  if (Object.is(value, -0)) return '-0'
  return Number.isFinite(value) ? value : String(value)
}

/** As {@link fromStored}, of the text that `JSON.stringify` made of a stored form: most hold nothing that is to be changed. */
export function parseStored(text: string): AmqpValue {
  const stored: unknown = JSON.parse(text)
  return text.includes(TYPE_FIELD) ? fromStored(stored) : (stored as AmqpValue)
}

export function fromStored(stored: unknown): AmqpValue {
  if (Array.isArray(stored)) return stored.map(fromStored)
  if (typeof stored !== 'object' || stored === null) return stored as AmqpValue
  const fields = stored as Record<string, unknown>
  if (!Object.hasOwn(fields, TYPE_FIELD)) return tableFromStored(fields)
  const { [TYPE_FIELD]: type, value } = fields
  if (type === 'table') return tableFromStored(value as Record<string, unknown>)
  if (type === 'bytes') return new Typed('bytes', Buffer.from(value as string, 'base64'))
  if (type === 'int64') return new Typed('int64', BigInt(value as string))
  if (type === 'decimal') return new Typed('decimal', value as string)
  return new Typed(type as Typed['type'], Number(value))
}

const tableFromStored = (fields: Record<string, unknown>): AmqpTable =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fromStored(field)]))

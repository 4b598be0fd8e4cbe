/**
 * The values that AMQP 0-9-1 tables hold (amqp-contract §1), in the plainest JavaScript form that loses nothing:
 *
 * - `string` is a longstr, `boolean` a bool, `null` a void;
 * - an integral `number` is a long (int64), a fractional one a double;
 * - an array is an array, a plain object a table;
 * - everything that those cannot say (1.0 as a double, other integer widths, timestamps, bytes, decimals, integers
 *   beyond 2^53) is a {@link Typed}.
 *
 * JSON integers become longs and JSON fractions doubles (contract §1.1); see json.ts.
 */
export type AmqpValue = string | boolean | number | null | Typed | AmqpValue[] | AmqpTable

/** Field names to values. Built only by literals, `JSON.parse` or `Object.fromEntries`, so that `__proto__` is a name like any other. */
export interface AmqpTable {
  [name: string]: AmqpValue
}

export type IntegerType = 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32' | 'int64'
export type TypedName = IntegerType | 'float' | 'double' | 'decimal' | 'timestamp' | 'bytes'

/**
 * A value with an AMQP type that plain JavaScript values do not imply.
 * `value` is a bigint for int64, a `[scale, unscaled]` text such as `2:314` for decimal, seconds since 1970 for
 * timestamp, bytes for bytes and a number otherwise.
 */
export class Typed {
  readonly type: TypedName
  readonly value: number | bigint | string | Uint8Array

  constructor(type: TypedName, value: number | bigint | string | Uint8Array) {
    this.type = type
    this.value = value
  }

  /** What the public form of JSON has in its place (json.ts). */
  toJSON(): unknown {
    if (this.value instanceof Uint8Array) return Buffer.from(this.value).toString('utf8')
    if (typeof this.value === 'bigint') return JSON.rawJSON(this.value.toString())
    const isDouble = this.type === 'double' || this.type === 'float'
    return isDouble && Number.isInteger(this.value) ? JSON.rawJSON(doubleText(Number(this.value))) : this.value
  }
}

const doubleText = (value: number): string => (/[.e]/.test(String(value)) ? String(value) : `${value}.0`)

const INTEGER_TYPES: ReadonlySet<string> = new Set(['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64'])

export const isTable = (value: AmqpValue | undefined): value is AmqpTable =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Typed)

/** A field that the table itself has: `constructor` and `__proto__` are names like any other. */
export const fieldOf = (table: AmqpTable, name: string): AmqpValue | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined

/** The value of an integer of any width as a number (exact) or bigint, or undefined where it is not an integer. */
export function integerOf(value: AmqpValue | undefined): number | bigint | undefined {
  if (typeof value === 'number') return Number.isInteger(value) ? value : undefined
  if (!(value instanceof Typed) || !INTEGER_TYPES.has(value.type)) return undefined
  if (typeof value.value !== 'bigint') return Number(value.value)
  const asNumber = Number(value.value)
  return Number.isSafeInteger(asNumber) ? asNumber : value.value
}

/** The value of an integer or a fraction of any width, or undefined where it is no number. */
export function numberOf(value: AmqpValue | undefined): number | undefined {
  const integer = integerOf(value)
  if (integer !== undefined) return Number(integer)
  if (value instanceof Typed) return value.type === 'double' || value.type === 'float' ? Number(value.value) : undefined
  return typeof value === 'number' ? value : undefined
}

/** AMQP's name of a value's type, as RabbitMQ prints it in the texts of inequivalent arguments. */
export function typeName(value: AmqpValue): string {
  if (typeof value === 'string') return 'longstr'
  if (typeof value === 'boolean') return 'bool'
  if (typeof value === 'number') return Number.isInteger(value) ? 'long' : 'double'
  if (value === null) return 'void'
  if (value instanceof Typed) return RABBITMQ_TYPE_NAMES[value.type]
  return Array.isArray(value) ? 'array' : 'table'
}

const RABBITMQ_TYPE_NAMES: Record<TypedName, string> = {
  int8: 'byte',
  uint8: 'unsignedbyte',
  int16: 'short',
  uint16: 'unsignedshort',
  int32: 'signedint',
  uint32: 'unsignedint',
  int64: 'long',
  float: 'float',
  double: 'double',
  decimal: 'decimal',
  timestamp: 'timestamp',
  bytes: 'binary',
}

/**
 * A text that two values share exactly when they are equal: integers of all widths by value, an integer never equal to
 * a double, tables regardless of field order (contract §3.4). It is the identity of a binding's arguments as well.
 */
export function canonicalText(value: AmqpValue): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'boolean') return value ? 't' : 'f'
  if (value === null) return 'n'
  const integer = integerOf(value)
  if (integer !== undefined) return `i${integer}`
  if (typeof value === 'number') return `d${value}`
  if (value instanceof Typed) return typedText(value)
  if (Array.isArray(value)) return `[${value.map(canonicalText).join(',')}]`
  return `{${Object.keys(value)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalText(value[name] ?? null)}`)
    .join(',')}}`
}

function typedText({ type, value }: Typed): string {
  if (type === 'float' || type === 'double') return `d${value}`
  if (value instanceof Uint8Array) return `x${Buffer.from(value).toString('base64')}`
  return `${type}:${value}`
}

/** Equality as header matching and redeclaring need it; see {@link canonicalText}. */
export function equalValues(left: AmqpValue | undefined, right: AmqpValue | undefined): boolean {
  if (left === undefined || right === undefined) return left === right
  if (typeof left === 'string' && typeof right === 'string') return left === right
  return canonicalText(left) === canonicalText(right)
}

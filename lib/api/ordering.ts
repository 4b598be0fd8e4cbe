import { Typed } from '../model/amqp-value.ts'

/** The order of values in lists: Erlang's, as RabbitMQ sorts (contract §1.1). A missing value counts as 0. */
export function compareValues(left: unknown, right: unknown): number {
  const [a, b] = [plain(left), plain(right)]
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  const byKind = kindOrder(a) - kindOrder(b)
  if (byKind !== 0) return byKind
  // Tables and arrays have no order that anybody could rely on, so they keep the default one.
  if (typeof a === 'object' || typeof b === 'object') return 0
  return a === b ? 0 : a < b ? -1 : 1
}

type Plain = string | number | bigint | boolean | object

function plain(value: unknown): Plain {
  if (value instanceof Typed) return value.value
  return (value as Plain | null | undefined) ?? 0
}

function kindOrder(value: Plain): number {
  if (typeof value === 'number' || typeof value === 'bigint') return 0
  if (typeof value === 'boolean') return 1
  if (typeof value === 'string') return 4
  return Array.isArray(value) ? 3 : 2
}

/** The order of the UTF-8 bytes: JavaScript's own differs where a character takes two UTF-16 units. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0
  const length = Math.min(left.length, right.length)
  for (let index = 0; index < length; index += 1) {
    const [a, b] = [left.charCodeAt(index), right.charCodeAt(index)]
    if (a !== b) return codeOrder(a) - codeOrder(b)
  }
  return left.length - right.length
}

/** Surrogates stand for characters that come after all others. */
const codeOrder = (code: number): number => (code >= 0xd800 && code <= 0xdfff ? code + 0x10000 : code)

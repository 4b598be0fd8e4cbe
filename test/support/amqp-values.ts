import fc from 'fast-check'
import { type AmqpTable, type AmqpValue, type IntegerType, Typed } from '../../lib/model/amqp-value.ts'

/** Texts of any Unicode characters, ASCII more often. */
export const texts = (maxLength = 8): fc.Arbitrary<string> => fc.string({ unit: character, maxLength })

const character = fc.oneof(
  fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCodePoint(code)),
  fc.integer({ min: 0xe000, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
)

/** Names that trip code which mistakes a table for an object of its own. */
export const fieldNames: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom('__proto__', '$type', 'value', 'constructor', 'toString', ''),
  texts(6),
)

const RANGES: Record<Exclude<IntegerType, 'int64'>, { min: number; max: number }> = {
  int8: { min: -(2 ** 7), max: 2 ** 7 - 1 },
  uint8: { min: 0, max: 2 ** 8 - 1 },
  int16: { min: -(2 ** 15), max: 2 ** 15 - 1 },
  uint16: { min: 0, max: 2 ** 16 - 1 },
  int32: { min: -(2 ** 31), max: 2 ** 31 - 1 },
  uint32: { min: 0, max: 2 ** 32 - 1 },
}

const smallIntegers = (Object.keys(RANGES) as (keyof typeof RANGES)[]).map((type) =>
  fc.integer(RANGES[type]).map((value) => new Typed(type, value)),
)

const typed: fc.Arbitrary<Typed> = fc.oneof(
  ...smallIntegers,
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => new Typed('int64', value)),
  fc.double().map((value) => new Typed('double', value)),
  fc.float().map((value) => new Typed('float', value)),
  fc.tuple(fc.nat(255), fc.nat(2 ** 32 - 1)).map(([scale, unscaled]) => new Typed('decimal', `${scale}:${unscaled}`)),
  fc.maxSafeNat().map((seconds) => new Typed('timestamp', seconds)),
  fc.uint8Array({ maxLength: 8 }).map((bytes) => new Typed('bytes', Buffer.from(bytes))),
)

/** A plain number is a long where it is integral, else a double. */
const plainNumbers = fc.oneof(
  fc.maxSafeInteger().map((integer) => integer + 0),
  fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
)

/** Any value that an AMQP table may hold, nested a few levels. */
export const amqpValues: fc.Arbitrary<AmqpValue> = fc.letrec<{ value: AmqpValue; table: AmqpTable }>((tie) => ({
  table: fc.array(fc.tuple(fieldNames, tie('value')), { maxLength: 4 }).map(Object.fromEntries),
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    texts(8),
    fc.boolean(),
    fc.constant(null),
    plainNumbers,
    typed,
    fc.array(tie('value'), { maxLength: 4 }),
    tie('table'),
  ),
})).value

export const amqpTables: fc.Arbitrary<AmqpTable> = fc
  .array(fc.tuple(fieldNames, amqpValues), { maxLength: 5 })
  .map(Object.fromEntries)

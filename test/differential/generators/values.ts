import fc from 'fast-check'
import { type Json, type JsonObject, NumberText } from '../support/json.ts'

const number = (text: string) => new NumberText(text)

/**
 * Integers around every edge a store may have: 32 bits, 2^53 and 64 bits. None equals one of the doubles below
 * (differences.ts, `avoided`).
 */
export const integer: fc.Arbitrary<Json> = fc.constantFrom(
  ...['0', '7', '-3', '255', '2147483648', '-2147483649', '9007199254740993', '9223372036854775807'].map(number),
  number('-9223372036854775808'),
)

const double: fc.Arbitrary<Json> = fc.constantFrom(...['1.0', '1.5', '-2.25', '1e20', '1.5e-7'].map(number))
const string: fc.Arbitrary<Json> = fc.constantFrom(
  '',
  'a',
  '7',
  '1.5',
  'true',
  'ünï',
  'x'.repeat(300),
  'a\u0000b',
  '😀',
)
const scalar = fc.oneof(integer, double, string, fc.boolean())

/** Arrays and tables are never empty (differences.ts, `avoided`). */
const array: fc.Arbitrary<Json> = fc.array(scalar, { minLength: 1, maxLength: 3 })
const table: fc.Arbitrary<Json> = fc
  .dictionary(fc.constantFrom('k', 'l', 'm'), fc.oneof(scalar, array), {
    minKeys: 1,
    maxKeys: 3,
    noNullPrototype: true,
  })
  .map((fields): Json => fields)

/** Every type that JSON can give an AMQP table field. */
export const fieldValue: fc.Arbitrary<Json> = fc.oneof(
  { arbitrary: scalar, weight: 6 },
  { arbitrary: array, weight: 1 },
  { arbitrary: table, weight: 1 },
)

/**
 * The few values that criteria and message headers share, so that they often meet. A number in a string, a number in
 * an array and the number itself are all there, to be told apart.
 */
const sharedValue: fc.Arbitrary<Json> = fc.oneof(
  {
    arbitrary: fc.constantFrom<Json>(
      number('7'),
      number('1.0'),
      number('9007199254740993'),
      '7',
      true,
      'true',
      [number('7'), 'a'],
      { k: number('7'), l: [true] },
    ),
    weight: 4,
  },
  { arbitrary: fieldValue, weight: 1 },
)

const headerName = fc.constantFrom('a', 'a', 'b', 'A', 'x-a', 'ü')

/** A small table whose names and values come from pools that criteria and headers share. */
export const headerTable: fc.Arbitrary<JsonObject> = fc.dictionary(headerName, sharedValue, {
  maxKeys: 4,
  noNullPrototype: true,
})

/** Arguments of a headers binding: criteria, and every form of `x-match`. */
export const headersArguments: fc.Arbitrary<JsonObject> = fc
  .tuple(
    fc.dictionary(headerName, sharedValue, { maxKeys: 3, noNullPrototype: true }),
    fc.constantFrom(undefined, 'all', 'any', 'all-with-x', 'any-with-x'),
  )
  .map(([criteria, match]) => (match === undefined ? criteria : { ...criteria, 'x-match': match }))

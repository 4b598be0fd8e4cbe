import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmqpValue, canonicalText, equalValues, integerOf, Typed, typeName } from '../../lib/model/amqp-value.ts'
import { amqpTables, amqpValues } from '../support/amqp-values.ts'

const RUNS = { numRuns: 1000 }

/** Few enough values that two of them are often equal, by different types too. */
const alike: fc.Arbitrary<AmqpValue> = fc.constantFrom<AmqpValue>(
  ...[0, 1, 1.5, '', '1', 'i1', 't', true, false, null, Number.NaN],
  new Typed('int8', 1),
  new Typed('int64', 1n),
  new Typed('timestamp', 1),
  new Typed('double', 1),
  new Typed('float', 1),
  new Typed('double', 1.5),
  new Typed('double', -0),
  new Typed('double', 0),
  new Typed('decimal', '0:1'),
  new Typed('bytes', Buffer.from('1')),
  ...[[], [1], ['1'], [1, 1], ['1,1'], {}, { a: 1 }, { a: '1' }],
  { a: 1, b: 2 },
  { b: 2, a: 1 },
  { 'a":1,"b': 2 },
)

describe('equality of AMQP values', () => {
  it('is to have the same canonical text', () => {
    fc.assert(
      fc.property(fc.oneof(alike, amqpValues), fc.oneof(alike, amqpValues), (left, right) => {
        expect(equalValues(left, right)).toBe(canonicalText(left) === canonicalText(right))
      }),
      RUNS,
    )
  })

  it('holds between a value and itself', () => {
    fc.assert(
      fc.property(amqpValues, (value) => {
        expect(equalValues(value, value)).toBe(true)
      }),
      RUNS,
    )
  })

  it('does not depend on the order of fields', () => {
    fc.assert(
      fc.property(amqpTables, (table) => {
        const reversed = Object.fromEntries(Object.entries(table).reverse())
        expect(equalValues(table, reversed)).toBe(true)
      }),
      RUNS,
    )
  })

  it('holds for integers of the same value and any width', () => {
    const ones = [1, new Typed('int8', 1), new Typed('uint32', 1), new Typed('int64', 1n)]
    for (const left of ones) for (const right of ones) expect(equalValues(left, right)).toBe(true)
    const large = 2n ** 53n + 1n
    expect(equalValues(new Typed('int64', large), new Typed('int64', large - 1n))).toBe(false)
  })

  it.each<[AmqpValue, AmqpValue]>([
    [1, '1'],
    [1, new Typed('double', 1)],
    [1, true],
    [1, new Typed('timestamp', 1)],
    ['', null],
    [[], {}],
    [
      [1, 2],
      [2, 1],
    ],
    [['a,b'], ['a', 'b']],
    ['MQ==', new Typed('bytes', Buffer.from('1'))],
  ])('does not hold between %o and %o', (left, right) => {
    expect(equalValues(left, right)).toBe(false)
  })

  it('holds between two doubles of the same value, plain or typed', () => {
    expect(equalValues(1.5, new Typed('double', 1.5))).toBe(true)
    expect(equalValues(Number.NaN, Number.NaN)).toBe(true)
  })

  it('takes what is missing for equal to nothing else', () => {
    expect(equalValues(undefined, undefined)).toBe(true)
    expect(equalValues(undefined, null)).toBe(false)
  })
})

describe('the type of an AMQP value', () => {
  it.each<[string, AmqpValue]>([
    ['longstr', 'text'],
    ['bool', false],
    ['long', 3],
    ['double', 3.5],
    ['double', new Typed('double', 3)],
    ['void', null],
    ['array', []],
    ['table', {}],
    ['byte', new Typed('int8', 3)],
    ['timestamp', new Typed('timestamp', 3)],
  ])('is %s for %o', (name, value) => {
    expect(typeName(value)).toBe(name)
  })

  it('is an integer whatever its width, and as exact as it came', () => {
    expect(integerOf(5)).toBe(5)
    expect(integerOf(new Typed('uint16', 5))).toBe(5)
    expect(integerOf(new Typed('int64', 5n))).toBe(5)
    expect(integerOf(new Typed('int64', 2n ** 60n))).toBe(2n ** 60n)
    for (const value of [5.5, '5', null, new Typed('double', 5), new Typed('timestamp', 5), undefined]) {
      expect(integerOf(value)).toBeUndefined()
    }
  })
})

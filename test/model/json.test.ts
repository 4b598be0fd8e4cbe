import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmqpValue, canonicalText, Typed } from '../../lib/model/amqp-value.ts'
import { parseJson, parseStored, toStored } from '../../lib/model/json.ts'
import { amqpValues, fieldNames, texts } from '../support/amqp-values.ts'

const stored = (value: AmqpValue): AmqpValue => parseStored(JSON.stringify(toStored(value)))

describe('the stored form of a value', () => {
  it('gives the value back, with its types', () => {
    fc.assert(
      fc.property(amqpValues, (value) => {
        // A field named "constructor" is beyond toStrictEqual.
        expect(isDeepStrictEqual(stored(value), value)).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it.each<[string, AmqpValue]>([
    ['a double that is integral', new Typed('double', 1)],
    ['a double beyond the finite', [new Typed('double', Number.NEGATIVE_INFINITY), new Typed('float', Number.NaN)]],
    ['a negative zero', new Typed('double', -0)],
    ['an integer beyond 2^53', new Typed('int64', 2n ** 63n - 1n)],
    ['bytes that are no text', new Typed('bytes', Buffer.from([0, 255, 128]))],
    ['a table whose fields look like a stored type', { $type: 'int64', value: '1' }],
    ['such a table in itself', { $type: { $type: 'table', value: { $type: 1 } } }],
    ['a field named as a prototype', JSON.parse('{"__proto__": {"constructor": 1}}')],
  ])('keeps %s', (_name, value) => {
    expect(stored(value)).toStrictEqual(value)
  })

  it('keeps deep nesting', () => {
    const nest = (depth: number): AmqpValue => (depth === 0 ? 1 : { $type: [nest(depth - 1)] })
    expect(stored(nest(60))).toStrictEqual(nest(60))
  })

  it('of a plain double beyond the finite is of an equal one', () => {
    for (const value of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
      expect(canonicalText(stored(value))).toBe(canonicalText(value))
    }
  })
})

describe('public JSON', () => {
  it.each<[string, AmqpValue]>([
    ['1', 1],
    ['-7', -7],
    ['1.0', new Typed('double', 1)],
    ['1e3', new Typed('double', 1000)],
    ['-0.0', new Typed('double', -0)],
    ['1.5', 1.5],
    ['9007199254740991', 9007199254740991],
    ['9007199254740993', new Typed('int64', 9007199254740993n)],
    ['-9223372036854775808', new Typed('int64', -(2n ** 63n))],
    ['{"a": [1.0, {"b": 1}], "text": "1.0"}', { a: [new Typed('double', 1), { b: 1 }], text: '1.0' }],
    ['{"__proto__": 1.0}', Object.fromEntries([['__proto__', new Typed('double', 1)]])],
  ])('reads %s with the type that it says', (text, value) => {
    expect(parseJson(text)).toStrictEqual(value)
  })

  it.each(['1e999', '9223372036854775808', '-9223372036854775809', '{"a": 1.0', '01', ''])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  })

  it.each<[string, unknown]>([
    ['1.0', new Typed('double', 1)],
    ['1', new Typed('int8', 1)],
    ['1e+21', new Typed('double', 1e21)],
    ['9223372036854775807', new Typed('int64', 2n ** 63n - 1n)],
    ['"é"', new Typed('bytes', Buffer.from('é'))],
    ['5', new Typed('timestamp', 5)],
    ['{"list":[{"n":2.0}],"none":null}', { list: [{ n: new Typed('float', 2) }], none: null }],
  ])('writes %s', (text, value) => {
    expect(JSON.stringify(value)).toBe(text)
  })

  it('reads what it wrote as an equal value, of the types that JSON can say', () => {
    const leaf = fc.oneof(
      fc.boolean(),
      fc.constant(null),
      texts(),
      fc.maxSafeInteger().map((integer): AmqpValue => integer + 0),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value): AmqpValue => new Typed('double', value)),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value): AmqpValue => new Typed('int64', value)),
    )
    const value = fc.letrec<{ value: AmqpValue }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.array(tie('value'), { maxLength: 3 }),
        fc.array(fc.tuple(fieldNames, tie('value')), { maxLength: 3 }).map(Object.fromEntries),
      ),
    })).value
    fc.assert(
      fc.property(value, (original) => {
        expect(canonicalText(parseJson(JSON.stringify(original)))).toBe(canonicalText(original))
      }),
      { numRuns: 1000 },
    )
  })

  it('fails on nesting that exhausts the stack with an error, not a crash', () => {
    expect(() => parseJson(`${'['.repeat(200_000)}1.0${']'.repeat(200_000)}`)).toThrow(RangeError)
  })
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePattern, compilePermission, escapePattern, MAX_PATTERN_LENGTH } from '../../lib/model/pattern.ts'

const INVALID = expect.objectContaining({ kind: 'invalid' })

describe('a pattern', () => {
  it.each([
    ['log', 'catalog', true],
    ['^log', 'catalog', false],
    ['^a.c$', 'abc', true],
    ['(?i)ABC', 'xabcx', true],
    ['\\Aab\\z', 'ab', true],
    ['\\Aab\\z', 'abc', false],
    ['[[:digit:]]+', 'a1', true],
    ['^\\p{L}+$', 'é', true],
    ['{username}', 'a{username}b', true],
    ['', '', true],
    ['', 'x', true],
  ])('%j is found in %j: %s', (source, text, isFound) => {
    expect(compilePattern(source).test(text)).toBe(isFound)
  })

  it.each(['(', ')', '[a', '*', 'a{2,1}', '(?=a)', '(?<!a)', '(a)\\1', '(?R)', 'a++'])(
    'that has no linear form is refused: %s',
    (source) => {
      expect(() => compilePattern(source)).toThrow(INVALID)
    },
  )

  it("that is no pattern is named in RabbitMQ's form", () => {
    expect(() => compilePattern('(')).toThrow(
      expect.objectContaining({ reason: ['invalid_regexp', '(', expect.any(String)] }),
    )
  })

  it(`may have ${MAX_PATTERN_LENGTH} characters`, () => {
    expect(compilePattern('a'.repeat(MAX_PATTERN_LENGTH)).test('b')).toBe(false)
    expect(() => compilePattern('a'.repeat(MAX_PATTERN_LENGTH + 1))).toThrow(INVALID)
  })

  it.each(['x{1001}', '(x{600}){1}y{600}', '(x{100}){100}', 'x{501}y{3,500}'])(
    'may not spell out thousands of repetitions: %s',
    (source) => {
      expect(() => compilePattern(source)).toThrow(INVALID)
    },
  )

  it.each(['.*', '^.*'])('that finds everything finds everything: %s', (source) => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => compilePattern(source).test(text)))
  })

  it('to the end of the text stops at a line break', () => {
    expect(compilePattern('^.*$').test('a')).toBe(true)
    expect(compilePattern('^.*$').test('a\nb')).toBe(false)
  })

  it('finds the same each time', () => {
    const pattern = compilePattern('b')
    expect([pattern.test('ab'), pattern.test('ab'), pattern.test('a'), pattern.test('ab')]).toEqual([
      true,
      true,
      false,
      true,
    ])
  })
})

describe('the pattern of a permission', () => {
  it('that is empty finds the empty text only', () => {
    expect(compilePermission('').test('')).toBe(true)
    fc.assert(fc.property(fc.string({ minLength: 1 }), (text) => !compilePermission('').test(text)))
  })

  it('that is not empty is a pattern like any other', () => {
    expect(compilePermission('log').test('catalog')).toBe(true)
  })
})

describe('an escaped text', () => {
  it('finds itself and nothing else', () => {
    const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[\\^$.|?*+(){}[\]\-/ ab]*$/))
    fc.assert(
      fc.property(text, text, (value, other) => {
        const pattern = compilePattern(`^(?:${escapePattern(value)})$`)
        expect(pattern.test(value)).toBe(true)
        expect(pattern.test(other)).toBe(other === value)
      }),
    )
  })
})

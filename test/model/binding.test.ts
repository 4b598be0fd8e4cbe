import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmqpTable, Typed } from '../../lib/model/amqp-value.ts'
import { type Binding, bindingKey, propertiesKey, quote } from '../../lib/model/binding.ts'
import { amqpTables, texts } from '../support/amqp-values.ts'

const unquote = (quoted: string): string => decodeURIComponent(quoted.replaceAll('+', ' '))

describe('quoting', () => {
  it.each([
    ['Az09.-_~', 'Az09.-_~'],
    ['a b', 'a+b'],
    ['a+b', 'a%2Bb'],
    ['#', '%23'],
    ['%23', '%2523'],
    ['*', '%2A'],
    ["!'()", '%21%27%28%29'],
    ['/', '%2F'],
    ['é𝄞', '%C3%A9%F0%9D%84%9E'],
    ['\ud800', '%EF%BF%BD'],
  ])('makes of "%s" "%s"', (text, quoted) => {
    expect(quote(text)).toBe(quoted)
  })

  it('can be undone and needs nothing but unreserved characters, plus and percent', () => {
    fc.assert(
      fc.property(texts(), (text) => {
        expect(quote(text)).toMatch(/^[A-Za-z0-9._~+%-]*$/)
        expect(unquote(quote(text))).toBe(text)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('the properties key of a binding', () => {
  it.each([
    ['', '~'],
    ['key', 'key'],
    ['#', '%23'],
    ['a~b', 'a%7Eb'],
    ['~', '%7E'],
    ['a b', 'a+b'],
  ])('without arguments is the quoted key: "%s" becomes "%s"', (routingKey, expected) => {
    expect(propertiesKey(routingKey, {})).toBe(expected)
  })

  it('with arguments has a hash after a tilde', () => {
    expect(propertiesKey('#', { a: 1 })).toMatch(/^%23~[A-Za-z0-9_-]{16}$/)
    expect(propertiesKey('', { a: 1 })).toMatch(/^~[A-Za-z0-9_-]{16}$/)
  })

  it('is quoted once more in a Location', () => {
    expect(quote(propertiesKey('#', {}))).toBe('%2523')
    expect(quote(propertiesKey('a~b', {}))).toBe('a%257Eb')
  })

  it('differs for any other key or arguments, and for nothing else', () => {
    const identity = fc.tuple(texts(4), fc.oneof(fc.constant<AmqpTable>({}), amqpTables))
    fc.assert(
      fc.property(identity, identity, ([leftKey, leftArgs], [rightKey, rightArgs]) => {
        fc.pre(leftKey !== rightKey)
        expect(propertiesKey(leftKey, leftArgs)).not.toBe(propertiesKey(rightKey, rightArgs))
        expect(propertiesKey(leftKey, Object.fromEntries(Object.entries(leftArgs).reverse()))).toBe(
          propertiesKey(leftKey, leftArgs),
        )
      }),
      { numRuns: 1000 },
    )
    expect(propertiesKey('k', { a: 1 })).toBe(propertiesKey('k', { a: new Typed('int8', 1) }))
    expect(propertiesKey('k', { a: 1 })).not.toBe(propertiesKey('k', { a: '1' }))
  })
})

describe('the key of a binding', () => {
  it('differs in each part of its identity', () => {
    const binding: Binding = { sourceId: 's', destination: { type: 'queue', id: 'd' }, routingKey: 'k', arguments: {} }
    const others: Binding[] = [
      { ...binding, sourceId: 't' },
      { ...binding, destination: { type: 'exchange', id: 'd' } },
      { ...binding, destination: { type: 'queue', id: 'e' } },
      { ...binding, routingKey: 'l' },
      { ...binding, arguments: { a: 1 } },
    ]
    expect(new Set([binding, ...others].map(bindingKey)).size).toBe(6)
    expect(bindingKey({ ...binding, destination: { ...binding.destination } })).toBe(bindingKey(binding))
  })
})

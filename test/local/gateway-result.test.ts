import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toResponse } from '../../lib/local/gateway-result.ts'

describe('what becomes of the result of a function', () => {
  it('has the bytes of a base64 body', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        const body = Buffer.from(bytes).toString('base64')
        expect(toResponse({ statusCode: 200, body, isBase64Encoded: true }).body).toEqual(Buffer.from(bytes))
      }),
    )
  })

  it('has text as UTF-8', () => {
    expect(toResponse({ statusCode: 200, body: '\u{1f407}' }).body).toEqual(Buffer.from('\u{1f407}'))
  })

  it('has all values of a header, and none of the single one of the same name', () => {
    const result = {
      statusCode: 200,
      body: '',
      headers: { 'Set-Cookie': 'z' },
      multiValueHeaders: { 'set-cookie': ['a', 'b'] },
    }
    expect(toResponse(result).headers.get('set-cookie')).toEqual(['a', 'b'])
  })

  it('has headers that are numbers and booleans as text', () => {
    const { headers } = toResponse({ statusCode: 200, body: '', headers: { 'Retry-After': 2, 'x-y': true } })
    expect([headers.get('retry-after'), headers.get('x-y')]).toEqual([['2'], ['true']])
  })

  it('is JSON unless the function says otherwise', () => {
    const plain = toResponse({ statusCode: 200, body: '', headers: { 'Content-Type': 'text/plain' } })
    expect(plain.headers.get('content-type')).toEqual(['text/plain'])
    expect(toResponse({ statusCode: 200, body: '' }).headers.get('content-type')).toEqual(['application/json'])
  })

  it('has no length of the function: the front measures', () => {
    expect(
      toResponse({ statusCode: 200, body: 'abc', headers: { 'Content-Length': 99 } }).headers.has('content-length'),
    ).toBe(false)
  })

  it.each([
    ['no status', { body: '' }],
    ['a status that is none', { statusCode: 99, body: '' }],
    ['a body that is an object', { statusCode: 200, body: {} }],
    ['nothing at all', undefined],
  ])('is an error for %s', (_, result) => {
    expect(() => toResponse(result as Parameters<typeof toResponse>[0])).toThrow(TypeError)
  })
})

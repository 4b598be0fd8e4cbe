import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { encodedSizeBytes, encodePayload } from '../../lib/api/payload-form.ts'

const AUTO = { encoding: 'auto', truncateBytes: undefined } as const
const bytesOf = ({ payload, payload_encoding }: ReturnType<typeof encodePayload>): Buffer =>
  Buffer.from(payload, payload_encoding === 'string' ? 'utf8' : 'base64')

const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 50 }),
  fc.string({ unit: 'binary', maxLength: 50 }).map((text) => new Uint8Array(Buffer.from(text))),
)

describe('payloads in answers', () => {
  test('come back as the bytes that they were, cut where that was asked', () => {
    fc.assert(
      fc.property(
        payloads,
        fc.constantFrom('auto' as const, 'base64' as const),
        fc.option(fc.nat(60), { nil: undefined }),
        (payload, encoding, truncateBytes) => {
          const cut = payload.subarray(0, truncateBytes ?? payload.length)
          expect(bytesOf(encodePayload(payload, { encoding, truncateBytes }))).toEqual(Buffer.from(cut))
        },
      ),
    )
  })

  test('are text where they are UTF-8 after the cut, and base64 otherwise', () => {
    const euro = Buffer.from('a€')
    expect(encodePayload(euro, AUTO)).toEqual({ payload: 'a€', payload_encoding: 'string' })
    expect(encodePayload(euro, { ...AUTO, truncateBytes: 2 })).toMatchObject({ payload_encoding: 'base64' })
    expect(encodePayload(euro, { ...AUTO, truncateBytes: 0 })).toEqual({ payload: '', payload_encoding: 'string' })
    expect(encodePayload(euro, { ...AUTO, encoding: 'base64' })).toMatchObject({ payload_encoding: 'base64' })
    expect(encodePayload(Buffer.from([0xff]), AUTO)).toEqual({ payload: '/w==', payload_encoding: 'base64' })
  })

  test('take no more of what Lambda answers than was reckoned', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const body = JSON.stringify(encodePayload(payload, AUTO).payload)
        expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(encodedSizeBytes(payload, AUTO) + 6)
      }),
    )
  })

  test('that are large and would be larger as text than as base64 come as base64', () => {
    const quotes = Buffer.alloc(1_000_000, '"')
    expect(encodePayload(quotes, AUTO).payload_encoding).toBe('base64')
    expect(encodedSizeBytes(quotes, AUTO)).toBeLessThan(1_400_000)
    const text = Buffer.alloc(1_000_000, 'a')
    expect(encodePayload(text, AUTO).payload_encoding).toBe('string')
  })
})

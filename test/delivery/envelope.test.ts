import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMessage,
  type Envelope,
  encodeClaimCheck,
  encodeInline,
  envelopeOf,
  MESSAGE_ATTRIBUTE,
} from '../../lib/delivery/envelope.ts'
import { UnknownEnvelopeError } from '../../lib/delivery/envelope-metadata.ts'
import { Typed } from '../../lib/model/amqp-value.ts'
import { awkwardTexts, message, messages } from './support.ts'

/** The rule as the SQS API reference states it, code point by code point. */
function sqsAccepts(text: string): boolean {
  return Array.from(text).every((character) => {
    const code = character.codePointAt(0) ?? 0
    const isBasic = (code >= 0x20 && code <= 0xd7ff) || (code >= 0xe000 && code <= 0xfffd)
    return code === 0x9 || code === 0xa || code === 0xd || isBasic || (code >= 0x10000 && code <= 0x10ffff)
  })
}

const envelopes: fc.Arbitrary<Envelope> = fc.record({
  message: messages,
  bccKeys: fc.array(awkwardTexts, { maxLength: 3 }),
})

function decoded(envelope: Envelope): unknown {
  const { body, bccKeys, ...rest } = decodeMessage(encodeInline(envelope), 'a queue')
  if (!('payload' in body)) throw new Error('an inline message has its payload at hand')
  return { message: { ...rest, payload: Buffer.from(body.payload) }, bccKeys }
}

const withBuffer = ({ message: { payload, ...rest }, bccKeys }: Envelope): unknown => ({
  message: { ...rest, payload: Buffer.from(payload) },
  bccKeys,
})

const fieldsOf = ({ attribute = '{}' }: { attribute?: string | undefined }): unknown => JSON.parse(attribute)

describe('the envelope', () => {
  it('brings back every message as it was', () => {
    fc.assert(fc.property(envelopes, (envelope) => isDeepStrictEqual(decoded(envelope), withBuffer(envelope))))
  })

  it('brings back the types of headers, also under names that objects are touchy about', () => {
    const headers = Object.fromEntries([
      ['__proto__', new Typed('int64', 2n ** 60n)],
      ['$type', new Typed('timestamp', 12)],
      ['double', new Typed('double', 1)],
      ['bytes', new Typed('bytes', Buffer.of(0, 255))],
      ['nested', [{ constructor: new Typed('decimal', '2:314') }]],
    ])
    const envelope = { message: message('x', { properties: { headers } }), bccKeys: [] }
    expect(isDeepStrictEqual(decoded(envelope), withBuffer(envelope))).toBe(true)
  })

  it('holds nothing that SQS refuses, and no empty body', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        const { body, attribute = '' } = encodeInline(envelope)
        expect(body).not.toBe('')
        expect(sqsAccepts(body)).toBe(true)
        expect(sqsAccepts(attribute)).toBe(true)
      }),
    )
  })

  it('knows its size as SQS counts it', () => {
    fc.assert(
      fc.property(envelopes, (envelope) => {
        const { body, attribute = '', sizeBytes } = encodeInline(envelope)
        const parts = [body, MESSAGE_ATTRIBUTE, 'String', attribute]
        expect(sizeBytes).toBe(new TextEncoder().encode(parts.join('')).length)
      }),
    )
  })

  it('leaves a text as it is, so that any SQS consumer can read it', () => {
    for (const text of ['{"a":1}', 'Grüße \u{1f600}', '\ufeffmarked', ' ', 'a\tb\r\n']) {
      expect(encodeInline({ message: message(text), bccKeys: [] }).body).toBe(text)
    }
  })

  it('turns to base64 for bytes that are no text and for text that SQS refuses', () => {
    for (const payload of [Buffer.of(0xff), Buffer.from('\0'), Buffer.from('\uffff'), Buffer.of(0xed, 0xa0, 0x80)]) {
      const encoded = encodeInline({ message: message(payload), bccKeys: [] })
      expect(encoded.body).toBe(payload.toString('base64'))
      expect(fieldsOf(encoded)).toMatchObject({ body: 'base64' })
    }
  })

  it('tells an empty payload from a dash', () => {
    const [empty, dash] = ['', '-'].map((text) => encodeInline({ message: message(text), bccKeys: [] }))
    expect(empty?.body).toBe('-')
    expect(dash?.body).toBe('-')
    expect(fieldsOf(empty ?? {})).not.toEqual(fieldsOf(dash ?? {}))
  })

  it('leaves out what is at its default', () => {
    const plain = message('x', { exchange: '', routingKey: '' })
    expect(fieldsOf(encodeInline({ message: plain, bccKeys: [] }))).toEqual({ v: 1 })
  })

  it('takes BCC out of the headers and keeps its keys', () => {
    const published = message('x', { properties: { headers: { BCC: ['a', 'b'], CC: ['c'] } } })
    expect(envelopeOf(published)).toEqual({
      message: message('x', { properties: { headers: { CC: ['c'] } } }),
      bccKeys: ['a', 'b'],
    })
  })

  it('does not copy a message without BCC', () => {
    const published = message('x')
    expect(envelopeOf(published).message).toBe(published)
  })

  it('names the blob of a payload that is elsewhere', () => {
    const encoded = encodeClaimCheck({ message: message('large'), bccKeys: [] }, 'live/v/k')
    expect(decodeMessage(encoded, 'q')).toMatchObject({ routingKey: 'order.created', body: { claimCheck: 'live/v/k' } })
  })

  it('reads what a raw SQS sender wrote as published to the default exchange with the name of the queue', () => {
    expect(decodeMessage({ body: 'Grüße' }, 'greetings')).toEqual({
      exchange: '',
      routingKey: 'greetings',
      properties: {},
      bccKeys: [],
      body: { payload: Buffer.from('Grüße') },
    })
  })

  it.each([
    ['a newer version', '{"v":2}'],
    ['no version', '{}'],
    ['what is no JSON', '{'],
    ['what is no object', '[1]'],
    ['null', 'null'],
    ['an unknown form of body', '{"v":1,"body":"zip"}'],
    ['an exchange that is no text', '{"v":1,"exchange":1}'],
    ['BCC keys that are no texts', '{"v":1,"bcc":[1]}'],
    ['properties that are no object', '{"v":1,"properties":[]}'],
    ['an unknown property', '{"v":1,"properties":{"colour":"red"}}'],
    ['a property of another type', '{"v":1,"properties":{"priority":"high"}}'],
    ['headers that are no table', '{"v":1,"properties":{"headers":[]}}'],
    ['headers that are a single value', '{"v":1,"properties":{"headers":{"$type":"int8","value":1}}}'],
    ['headers in no known form', '{"v":1,"properties":{"headers":{"a":{"$type":"int64","value":"x"}}}}'],
    [
      'headers nested beyond all measure',
      `{"v":1,"properties":{"headers":{"a":${'['.repeat(2e5)}${']'.repeat(2e5)}}}}`,
    ],
  ])('refuses %s rather than guess', (_what, attribute) => {
    expect(() => decodeMessage({ body: 'x', attribute }, 'q')).toThrow(UnknownEnvelopeError)
  })

  it('reads or refuses any attribute, and never fails otherwise', () => {
    const attributes = fc.oneof(
      fc.string(),
      fc.json(),
      fc.object().map((o) => JSON.stringify({ v: 1, ...o })),
      fc.json().map((json) => `{"v":1,"properties":{"headers":${json}}}`),
    )
    fc.assert(
      fc.property(fc.string(), attributes, (body, attribute) => {
        try {
          decodeMessage({ body, attribute }, 'q')
        } catch (error) {
          expect(error).toBeInstanceOf(UnknownEnvelopeError)
        }
      }),
    )
  })
})

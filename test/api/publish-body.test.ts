import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parsePublishBody, parsePublishEntry, parseRouteBody } from '../../lib/api/publish-body.ts'
import { isTable } from '../../lib/model/amqp-value.ts'
import { BrokerError } from '../../lib/model/errors.ts'
import { parseUntrustedJson } from '../../lib/model/untrusted-json.ts'

const BODY = { properties: {}, routing_key: 'k', payload: 'p', payload_encoding: 'string' }

const parse = (body: object) => {
  const value = parseUntrustedJson(JSON.stringify(body))
  if (!isTable(value)) throw new Error('no object')
  return parsePublishBody(value)
}

const reasonOf = (attempt: () => unknown): unknown => {
  try {
    return attempt()
  } catch (error) {
    return error instanceof BrokerError ? error.reason : error
  }
}

const refusal = (change: object) => reasonOf(() => parse({ ...BODY, ...change }))
const propertiesOf = (properties: unknown) => parse({ ...BODY, properties }).properties
const propertyRefusal = (properties: unknown) => refusal({ properties })

describe('publish bodies', () => {
  test('name all four fields that are missing, in their order', () => {
    const { properties: _left, ...rest } = BODY
    expect(reasonOf(() => parse(rest))).toBe('[{key_missing,properties}]')
    expect(reasonOf(() => parse({}))).toBe(
      '[{key_missing,routing_key},{key_missing,properties},{key_missing,payload},{key_missing,payload_encoding}]',
    )
  })

  test('have a payload that is a string', () => {
    for (const payload of [1, {}, null]) expect(refusal({ payload })).toBe('payload_not_string')
  })

  test('have a routing key that is a string', () => {
    for (const routing_key of [1, null]) expect(refusal({ routing_key })).toEqual(['not_string', 'routing_key'])
  })

  test('have an encoding that is known', () => {
    for (const encoding of ['hex', 1, null]) {
      expect(refusal({ payload_encoding: encoding })).toEqual(['unsupported_encoding', encoding])
    }
  })

  test('any bytes come through base64, with white space anywhere', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(60), (bytes, at) => {
        const text = Buffer.from(bytes).toString('base64')
        const payload = `${text.slice(0, at)}\r\n ${text.slice(at)}`
        expect(Buffer.from(parse({ ...BODY, payload, payload_encoding: 'base64' }).payload)).toEqual(Buffer.from(bytes))
      }),
    )
  })

  test('any text comes through as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (payload) => {
        expect(Buffer.from(parse({ ...BODY, payload }).payload).toString('utf8')).toBe(payload)
      }),
    )
  })

  test('base64 without padding, of the URL alphabet, or of neither is refused', () => {
    for (const payload of ['!!!', 'YQ', '-_8=', 'YQ==YQ==', 'YQ=', '=', 'Y===']) {
      expect(refusal({ payload, payload_encoding: 'base64' })).toEqual(['not_base64', payload])
    }
  })

  test('a dry run needs a routing key only', () => {
    expect(parseRouteBody({ routing_key: 'k' })).toEqual({ routingKey: 'k', properties: {} })
    expect(reasonOf(() => parseRouteBody({}))).toBe('[{key_missing,routing_key}]')
  })

  test('an entry of a batch that cannot be read is its own error', () => {
    expect(parsePublishEntry(1)).toBeInstanceOf(BrokerError)
    expect(parsePublishEntry({})).toBeInstanceOf(BrokerError)
    expect(parsePublishEntry({ ...BODY })).toMatchObject({ routingKey: 'k' })
  })
})

describe('properties', () => {
  test('that are known and well formed are kept, with their types; others are ignored', () => {
    const known = {
      content_type: 'text/plain',
      headers: { a: 1, b: [true, { c: 'd' }] },
      delivery_mode: 2,
      priority: 9,
      timestamp: 1_700_000_000,
      expiration: '60000',
      cluster_id: 'c',
    }
    expect(propertiesOf({ ...known, unknown: 1, __proto__: 2 })).toEqual(known)
  })

  test('an empty list is none, for headers too', () => {
    expect(propertiesOf([])).toEqual({})
    expect(propertiesOf({ headers: [] })).toEqual({ headers: {} })
  })

  test('anything else than an object is refused', () => {
    for (const value of [[1], 'x', null, 1]) expect(propertyRefusal(value)).toBe('properties must be a JSON object')
    for (const value of [[1], 'x', null, 1]) {
      expect(propertyRefusal({ headers: value })).toBe('headers must be a JSON object')
    }
  })

  test('of a wrong type are named', () => {
    expect(propertyRefusal({ expiration: 1 })).toEqual(['not_string', 'expiration'])
    expect(propertyRefusal({ content_type: null })).toEqual(['not_string', 'content_type'])
    expect(propertyRefusal({ delivery_mode: '2' })).toEqual(['not_int', 'delivery_mode'])
    expect(propertyRefusal({ delivery_mode: null })).toEqual(['not_int', 'delivery_mode'])
    expect(propertyRefusal({ priority: true })).toEqual(['not_int', 'priority'])
    expect(propertyRefusal({ timestamp: 1.5 })).toEqual(['not_int', 'timestamp'])
  })

  test('a double is no integer, whatever its value', () => {
    const body = parseUntrustedJson(JSON.stringify(BODY).replace('{}', '{"delivery_mode": 1.0}'))
    expect(reasonOf(() => isTable(body) && parsePublishBody(body))).toEqual(['not_int', 'delivery_mode'])
  })

  test('numbers that AMQP has no room for are refused', () => {
    for (const priority of [-1, 256]) expect(propertyRefusal({ priority })).toMatch(/0 to 255/)
    expect(propertyRefusal({ timestamp: -1 })).toMatch(/0 or more/)
  })

  test('texts of more than 255 bytes are refused, and names of headers too', () => {
    expect(propertiesOf({ type: 'é'.repeat(127) })).toEqual({ type: 'é'.repeat(127) })
    expect(propertyRefusal({ type: 'é'.repeat(128) })).toMatch(/^type is longer than 255 bytes/)
    expect(propertyRefusal({ headers: { a: { ['x'.repeat(256)]: 1 } } })).toMatch(/^a field name is longer/)
  })

  test('nulls in headers are refused at any depth', () => {
    for (const headers of [{ a: null }, { a: { b: [null] } }])
      expect(propertyRefusal({ headers })).toBe('null_not_allowed')
  })
})

describe('JSON bodies', () => {
  test('may nest a hundred levels deep and no deeper', () => {
    const nested = (levels: number) => `${'['.repeat(levels)}${']'.repeat(levels)}`
    expect(parseUntrustedJson(nested(100))).toBeDefined()
    expect(reasonOf(() => parseUntrustedJson(nested(101)))).toMatch(/deeper than 100/)
    expect(reasonOf(() => parseUntrustedJson(nested(200_000)))).toBeTypeOf('string')
    expect(reasonOf(() => parseUntrustedJson(`{"a":${nested(200_000)},"b":1.5}`))).toBeTypeOf('string')
  })

  test('hold no half of a surrogate pair, in values or names', () => {
    for (const text of ['"\\ud800"', '{"\\udc00":1}', '[{"a":["x\\ud800"]}]']) {
      expect(reasonOf(() => parseUntrustedJson(text))).toMatch(/surrogate/)
    }
    expect(parseUntrustedJson('"\\ud83d\\ude00"')).toBe('😀')
  })
})

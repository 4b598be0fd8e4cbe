import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type AmqpValue, Typed } from '../../lib/model/amqp-value.ts'
import { BrokerError } from '../../lib/model/errors.ts'
import {
  assertTableFromJson,
  headersOf,
  MAX_TABLE_DEPTH,
  parseExpirationMs,
  routingKeysOf,
  withoutBcc,
} from '../../lib/model/message.ts'

describe('the routing keys of a message', () => {
  it('are its own and those of CC and BCC, in that order', () => {
    expect(routingKeysOf('a', {})).toEqual(['a'])
    expect(routingKeysOf('a', { CC: ['b', 'c'], BCC: ['d'] })).toEqual(['a', 'b', 'c', 'd'])
    expect(routingKeysOf('', { BCC: ['', 'a'] })).toEqual(['', '', 'a'])
    expect(routingKeysOf('a', { CC: [] })).toEqual(['a'])
    expect(routingKeysOf('a', { cc: ['b'] })).toEqual(['a'])
  })

  it.each<AmqpValue>(['b', 1, true, null, {}, [1], ['b', null], [['b']], new Typed('bytes', Buffer.from('b'))])(
    'cannot be told where CC or BCC is %o',
    (value) => {
      const refusal = expect.objectContaining({ kind: 'precondition-failed' })
      expect(() => routingKeysOf('a', { CC: value })).toThrow(refusal)
      expect(() => routingKeysOf('a', { BCC: value })).toThrow(refusal)
    },
  )

  it('are at most 255 bytes each', () => {
    expect(routingKeysOf('a', { CC: ['é'.repeat(127)] })).toHaveLength(2)
    expect(() => routingKeysOf('a', { CC: ['é'.repeat(128)] })).toThrow(BrokerError)
  })
})

describe('the headers that receivers see', () => {
  it('lack BCC and nothing else', () => {
    const headers = { BCC: ['b'], CC: ['c'], bcc: 1 }
    expect(withoutBcc({ app_id: 'x', headers })).toEqual({ app_id: 'x', headers: { CC: ['c'], bcc: 1 } })
    expect(headers).toHaveProperty('BCC')
  })

  it('are untouched without BCC', () => {
    const properties = { headers: { CC: ['c'] } }
    expect(withoutBcc(properties)).toBe(properties)
    expect(withoutBcc({})).toEqual({})
    expect(headersOf({})).toEqual({})
  })
})

describe('the expiration of a message', () => {
  it('is any number of milliseconds up to ten years', () => {
    fc.assert(
      fc.property(fc.nat(315_360_000_000), (ms) => {
        expect(parseExpirationMs(String(ms))).toBe(ms)
      }),
      { numRuns: 1000 },
    )
    expect(parseExpirationMs('315360000000')).toBe(315_360_000_000)
  })

  it.each(['0000000000000005', '+5'])('may be written as %s, as for RabbitMQ', (expiration) => {
    expect(parseExpirationMs(expiration)).toBe(5)
  })

  it.each(['', '-1', '1.5', '1e3', ' 5', '5 ', 'abc', '315360000001', '9'.repeat(255), '0x10', '५'])(
    'is refused where it is "%s"',
    (expiration) => {
      expect(() => parseExpirationMs(expiration)).toThrow(expect.objectContaining({ kind: 'precondition-failed' }))
    },
  )
})

describe('a table that came as JSON', () => {
  const nest = (depth: number): AmqpValue =>
    depth === 0 ? 1 : depth % 2 === 0 ? [nest(depth - 1)] : { a: nest(depth - 1) }

  it('may nest as deep as the limit and no deeper', () => {
    assertTableFromJson(nest(MAX_TABLE_DEPTH))
    expect(() => assertTableFromJson(nest(MAX_TABLE_DEPTH + 1))).toThrow(expect.objectContaining({ kind: 'invalid' }))
  })

  it.each<AmqpValue>([null, [null], { a: { b: [null] } }])('may not hold null: %o', (value) => {
    expect(() => assertTableFromJson(value)).toThrow('null_not_allowed')
  })
})

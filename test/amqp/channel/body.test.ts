import fc from 'fast-check'
import { expect, test } from 'vitest'
import { appendPiece, NO_BODY, payloadOf } from '../../../lib/amqp/channel/body.ts'

test('a body is the same however it was cut, empty pieces included', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 60 }), (pieces) => {
      const body = pieces.reduce(appendPiece, NO_BODY)
      const whole = Buffer.concat(pieces)
      expect(Buffer.from(payloadOf(body)).equals(whole)).toBe(true)
      expect(body.receivedBytes).toBe(whole.length)
    }),
  )
})

test('a body of single bytes is held in a handful of pieces', () => {
  let body = NO_BODY
  for (let index = 0; index < 200_000; index += 1) body = appendPiece(body, Uint8Array.of(index % 256))
  expect(body.pieces.length).toBeLessThan(25)
  expect(payloadOf(body).length).toBe(200_000)
})

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError, replyText } from '../../../lib/amqp/protocol/protocol-error.ts'
import { texts } from '../../support/amqp-values.ts'

test('a reply text is the name of its code and an explanation, if there is one', () => {
  expect(replyText(404, "no queue 'q' in vhost '/'")).toBe("NOT_FOUND - no queue 'q' in vhost '/'")
  expect(replyText(541)).toBe('INTERNAL_ERROR')
})

test('a reply text beyond 255 bytes is cut to 252 and three dots, between characters', () => {
  expect(replyText(404, 'x'.repeat(243))).toBe(`NOT_FOUND - ${'x'.repeat(243)}`)
  expect(replyText(404, 'x'.repeat(244))).toBe(`NOT_FOUND - ${'x'.repeat(240)}...`)
  expect(replyText(404, `${'x'.repeat(239)}${'é'.repeat(9)}`)).toBe(`NOT_FOUND - ${'x'.repeat(239)}...`)
})

test('a reply text is a short string, whatever the explanation', () => {
  fc.assert(
    fc.property(texts(400), (explanation) => {
      const text = replyText(406, explanation)
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(255)
      const whole = explanation === '' ? 'PRECONDITION_FAILED' : `PRECONDITION_FAILED - ${explanation}`
      expect(text === whole || (text.endsWith('...') && whole.startsWith(text.slice(0, -3)))).toBe(true)
    }),
  )
})

test('an error says what the close of a connection says', () => {
  expect(new ProtocolError(501, 'why', { classId: 60, methodId: 40 })).toMatchObject({
    code: 501,
    text: 'FRAME_ERROR - why',
    classId: 60,
    methodId: 40,
    isFatal: false,
  })
})

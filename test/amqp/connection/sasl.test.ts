import { describe, expect, test } from 'vitest'
import { readLogin } from '../../../lib/amqp/connection/sasl.ts'

describe('a login of PLAIN', () => {
  test('is a name and a password behind a NUL each', () => {
    expect(readLogin('PLAIN', Buffer.from('\0bob\0päss'))).toEqual({ type: 'password', name: 'bob', password: 'päss' })
    expect(readLogin('PLAIN', Buffer.from('\0bob\0'))).toEqual({ type: 'password', name: 'bob', password: '' })
  })

  test.each(['', 'bob', '\0bob', 'as\0bob\0p', '\0bob\0p\0more'])('is not %j', (response) => {
    expect(readLogin('PLAIN', Buffer.from(response))).toBeUndefined()
  })

  test('is text', () => {
    expect(readLogin('PLAIN', Buffer.from([0, 0xff, 0, 1]))).toBeUndefined()
  })
})

test('a login of AMQPLAIN is a table with both', () => {
  expect(readLogin('AMQPLAIN', Buffer.from('\x05LOGINS\0\0\0\x03bob\x08PASSWORDS\0\0\0\x01p', 'latin1'))).toEqual({
    type: 'password',
    name: 'bob',
    password: 'p',
  })
  expect(readLogin('AMQPLAIN', Buffer.from('\x05LOGINS\0\0\0\x03bob', 'latin1'))).toBeUndefined()
  expect(readLogin('AMQPLAIN', Buffer.from('garbage'))).toBeUndefined()
})

test('a login of EXTERNAL is the certificate’s', () => {
  expect(readLogin('EXTERNAL', Buffer.from('anything'))).toEqual({ type: 'external' })
})

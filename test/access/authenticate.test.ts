import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type AuthenticationProblem,
  authenticate,
  logIn,
  parseBasicCredentials,
} from '../../lib/access/authenticate.ts'
import { hashPassword } from '../../lib/access/password.ts'
import { accessWith, makeUser } from './access-states.ts'

const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`

const problem = (expected: AuthenticationProblem) =>
  expect.objectContaining({ name: 'AuthenticationError', problem: expected })

const guest = makeUser('guest')
const passwordless = makeUser('nobody', { passwordHash: '' })
const access = accessWith({ users: [guest, passwordless] })

describe('authenticating', () => {
  it('finds the user whom the header names', () => {
    expect(authenticate(access, basic('guest', 'guest'))).toBe(guest)
  })

  it.each([
    ['a wrong password', basic('guest', 'bad')],
    ['the empty password', basic('guest', '')],
    ['an unknown user', basic('zz', 'bad')],
    ['an empty name', basic('', 'guest')],
    ['a name of another case', basic('Guest', 'guest')],
    ['a user without a password', basic('nobody', '')],
    ['a user without a password and any password', basic('nobody', 'x')],
    ['the name of something every object has', basic('__proto__', 'x')],
  ])('refuses %s with the same words', (_what, header) => {
    expect(() => authenticate(access, header)).toThrow(problem('bad-credentials'))
    expect(() => authenticate(access, header)).toThrow('Login failed')
  })

  it.each([undefined, '', 'Bearer abc', 'Digest username="guest"', 'Basics Z3Vlc3Q6Z3Vlc3Q='])(
    'takes %j as no credentials',
    (header) => {
      expect(() => authenticate(access, header)).toThrow(problem('missing-credentials'))
    },
  )

  it.each([
    ['no token', 'Basic'],
    ['an empty token', 'Basic '],
    ['a token that is not base64', 'Basic !!!'],
    ['base64url', 'Basic -_8='],
    ['a token without padding', 'Basic Z3Vlc3Q6Zw'],
    ['two tokens', 'Basic Z3Vlc3Q6Z3Vlc3Q= x'],
    ['no colon', `Basic ${Buffer.from('guest').toString('base64')}`],
    ['text that is not UTF-8', `Basic ${Buffer.from([0x61, 0x3a, 0xff]).toString('base64')}`],
  ])('finds %s malformed', (_what, header) => {
    expect(() => authenticate(access, header)).toThrow(problem('malformed-credentials'))
  })

  it('lets a user in by name and password without a header', () => {
    expect(logIn(access, { name: 'guest', password: 'guest' })).toBe(guest)
    expect(() => logIn(access, { name: 'guest', password: '' })).toThrow(problem('bad-credentials'))
  })

  it('tells nothing of the credentials in the error', () => {
    expect(() => authenticate(access, basic('guest', 'hunter2'))).toThrow(
      expect.not.objectContaining({ message: expect.stringMatching(/guest|hunter2/) }),
    )
  })
})

describe('the credentials of a Basic header', () => {
  it('are the text before the first colon and all of the text after it', () => {
    expect(parseBasicCredentials(basic('guest', 'a:b::'))).toEqual({ name: 'guest', password: 'a:b::' })
  })

  it('may be introduced in any case and followed by spaces', () => {
    const token = basic('guest', 'guest').slice('Basic '.length)
    for (const header of [`basic ${token}`, `BASIC  ${token} `]) {
      expect(parseBasicCredentials(header)).toEqual({ name: 'guest', password: 'guest' })
    }
  })

  it('round trip for every name without a colon and every password', () => {
    const name = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes(':'))
    fc.assert(
      fc.property(name, fc.string({ unit: 'grapheme' }), (user, password) => {
        expect(parseBasicCredentials(basic(user, password))).toEqual({ name: user, password })
      }),
    )
  })

  it('keep a byte order mark, which is part of the password', () => {
    const passwordHash = hashPassword('\uFEFFx', Buffer.alloc(4), 'rabbit_password_hashing_sha256')
    const user = makeUser('\uFEFFbom', { passwordHash })
    expect(authenticate(accessWith({ users: [user] }), basic('\uFEFFbom', '\uFEFFx'))).toBe(user)
  })
})

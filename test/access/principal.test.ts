import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { authenticatePrincipal } from '../../lib/access/principal.ts'
import { userNameOfPrincipal } from '../../lib/model/principal.ts'
import { accessWith, makeUser } from './access-states.ts'

const ACCOUNT = '123456789012'
const ROLE = `arn:aws:iam::${ACCOUNT}:role/orders-worker`
const SESSION = `arn:aws:sts::${ACCOUNT}:assumed-role/orders-worker/i-0123456789`
const access = accessWith({ users: [makeUser(ROLE, { passwordHash: '' }), makeUser('guest')] })

describe('the name of a principal', () => {
  it.each([
    ['a session of a role', SESSION, ROLE],
    ['a role', ROLE, ROLE],
    ['a role with a path, which its sessions do not show', `arn:aws:iam::${ACCOUNT}:role/a/b/orders-worker`, ROLE],
    [
      'a role of another partition',
      `arn:aws-us-gov:sts::${ACCOUNT}:assumed-role/r/s`,
      `arn:aws-us-gov:iam::${ACCOUNT}:role/r`,
    ],
    [
      'a role of IAM Identity Center',
      `arn:aws:sts::${ACCOUNT}:assumed-role/AWSReservedSSO_Admins_0123456789abcdef/ann@example.org`,
      `arn:aws:iam::${ACCOUNT}:role/AWSReservedSSO_Admins_0123456789abcdef`,
    ],
  ])('is the ARN of the role for %s', (_what, arn, name) => {
    expect(userNameOfPrincipal(arn)).toBe(name)
  })

  it.each([
    `arn:aws:iam::${ACCOUNT}:user/ann`,
    `arn:aws:iam::${ACCOUNT}:user/division/ann`,
    `arn:aws:iam::${ACCOUNT}:root`,
    `arn:aws:sts::${ACCOUNT}:federated-user/ann`,
  ])('is the ARN itself for %s', (arn) => {
    expect(userNameOfPrincipal(arn)).toBe(arn)
  })

  it.each([
    '',
    'guest',
    `arn:aws:sts::${ACCOUNT}:assumed-role/orders-worker`,
    `arn:aws:sts::${ACCOUNT}:assumed-role/orders-worker/s/extra`,
    `${ROLE}\nx`,
    'arn:aws:iam::12:role/x',
    `arn:aws:s3::${ACCOUNT}:bucket`,
  ])('is none for %j', (arn) => {
    expect(userNameOfPrincipal(arn)).toBeUndefined()
  })

  it('is the same for all sessions of a role, and for no other role or account', () => {
    const word = fc.stringMatching(/^[\w+=,.@-]{1,64}$/)
    const account = fc.stringMatching(/^\d{12}$/)
    const session = (of: string, role: string, name: string) =>
      userNameOfPrincipal(`arn:aws:sts::${of}:assumed-role/${role}/${name}`)
    fc.assert(
      fc.property(account, account, word, word, word, word, (a, b, role, other, one, two) => {
        expect(session(a, role, one)).toBe(session(a, role, two))
        expect(session(a, role, one) === session(b, other, one)).toBe(a === b && role === other)
      }),
    )
  })
})

describe('a principal', () => {
  it('is the user of its name', () => {
    expect(authenticatePrincipal(access, SESSION).name).toBe(ROLE)
  })

  it('is told the name of the user that is missing', () => {
    const arn = `arn:aws:sts::${ACCOUNT}:assumed-role/other/s`
    expect(() => authenticatePrincipal(access, arn)).toThrow(
      `there is no user 'arn:aws:iam::${ACCOUNT}:role/other': ask an administrator to add it`,
    )
  })

  it('is nobody without an ARN, and is never a user whose name is no ARN', () => {
    expect(() => authenticatePrincipal(access, undefined)).toThrow(
      expect.objectContaining({ problem: 'missing-credentials' }),
    )
    expect(() => authenticatePrincipal(access, 'guest')).toThrow(
      expect.objectContaining({ problem: 'unknown-principal' }),
    )
  })
})

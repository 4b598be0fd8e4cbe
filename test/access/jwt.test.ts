import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { AuthenticationError } from '../../lib/access/authenticate.ts'
import { keyIdOf, type PublishedKey, verifyToken } from '../../lib/access/jwt.ts'

const NOW_S = 1_800_000_000
const EXPECTED = { issuer: 'https://issuer', audience: 'rabbitmq' }

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
const weak = generateKeyPairSync('rsa', { modulusLength: 1024 })
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const other = generateKeyPairSync('ec', { namedCurve: 'P-256' })

const published = (key: KeyObject, kid: string, over: object = {}): PublishedKey => ({
  ...key.export({ format: 'jwk' }),
  kid,
  ...over,
})
const KEYS = [published(rsa.publicKey, 'r'), published(ec.publicKey, 'e', { use: 'sig', alg: 'ES256' })]

const CLAIMS = {
  iss: EXPECTED.issuer,
  aud: ['another', EXPECTED.audience],
  sub: 'service',
  exp: NOW_S + 60,
  scope: 'rabbitmq.read:*/* rabbitmq.tag:monitoring openid',
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf(
  { alg, kid, key }: { alg: string; kid?: string; key: KeyObject },
  claims: object,
  header: object = {},
) {
  const signed = `${encode({ alg, kid, ...header })}.${encode(claims)}`
  return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`
}

const BY_RSA = { alg: 'RS256', kid: 'r', key: rsa.privateKey }
const BY_EC = { alg: 'ES256', kid: 'e', key: ec.privateKey }

const verify = (token: string, keys = KEYS) => verifyToken(token, keys, EXPECTED, NOW_S)
const expectRefused = (token: string, keys = KEYS) => expect(() => verify(token, keys)).toThrow(AuthenticationError)

describe('a signed token', () => {
  test.each([BY_RSA, BY_EC])('by $alg vouches for its subject, with the tags and rights of its scopes', (signer) => {
    const user = verify(tokenOf(signer, CLAIMS))
    expect(user).toMatchObject({ name: 'service', tags: ['monitoring'], passwordHash: '' })
    expect(user.grants.allows('read', '/', 'q')).toBe(true)
    expect(user.grants.allows('write', '/', 'q')).toBe(false)
    expect(keyIdOf(tokenOf(signer, CLAIMS))).toBe(signer.kid)
  })

  test('may name one audience as a text, its scopes as an array, and a client in place of a subject', () => {
    const { sub: _, ...claims } = CLAIMS
    const token = tokenOf(BY_EC, { ...claims, aud: 'rabbitmq', scope: ['rabbitmq.tag:management'], client_id: 'app' })
    expect(verify(token)).toMatchObject({ name: 'app', tags: ['management'] })
  })

  test('may leave the key’s id out where one key fits', () => {
    expect(verify(tokenOf({ alg: 'ES256', key: ec.privateKey }, CLAIMS)).name).toBe('service')
    expectRefused(tokenOf({ alg: 'ES256', key: ec.privateKey }, CLAIMS), [...KEYS, published(other.publicKey, 'o')])
  })

  test.each<[string, object]>([
    ['another issuer', { iss: 'https://other' }],
    ['another audience', { aud: 'other' }],
    ['no audience', { aud: undefined }],
    ['an end that has passed', { exp: NOW_S - 30 }],
    ['no end', { exp: undefined }],
    ['an end that is no number', { exp: String(NOW_S + 60) }],
    ['a beginning to come', { nbf: NOW_S + 31 }],
    ['a beginning that is no number', { nbf: 'now' }],
    ['no name', { sub: '', client_id: 1 }],
  ])('with %s is refused', (_what, claims) => {
    expectRefused(tokenOf(BY_EC, { ...CLAIMS, ...claims }))
  })

  test('is good within half a minute of its end and its beginning', () => {
    expect(verify(tokenOf(BY_EC, { ...CLAIMS, exp: NOW_S - 29, nbf: NOW_S + 29 })).name).toBe('service')
  })

  test('by a key that is not published, not meant for it, or too short is refused', () => {
    expectRefused(tokenOf({ ...BY_EC, key: other.privateKey }, CLAIMS))
    expectRefused(tokenOf({ ...BY_EC, kid: 'nope' }, CLAIMS))
    expectRefused(tokenOf({ ...BY_EC, kid: 'r' }, CLAIMS))
    expectRefused(tokenOf(BY_EC, CLAIMS), [published(ec.publicKey, 'e', { use: 'enc' })])
    expectRefused(tokenOf(BY_EC, CLAIMS), [published(ec.publicKey, 'e', { alg: 'ES384' })])
    expectRefused(tokenOf({ ...BY_RSA, key: weak.privateKey }, CLAIMS), [published(weak.publicKey, 'r')])
    expectRefused(tokenOf(BY_EC, CLAIMS), [{ kty: 'EC', crv: 'P-256', kid: 'e', x: 'x', y: 'y' }])
  })

  test('never says how it is verified: no other algorithm, none at all, no critical extension', () => {
    const [header, claims, signature] = tokenOf(BY_EC, CLAIMS).split('.')
    for (const alg of ['none', 'HS256', 'RS512', '__proto__', 1]) {
      expectRefused(`${encode({ alg, kid: 'e' })}.${claims}.${signature}`)
    }
    const secret = rsa.publicKey.export({ format: 'pem', type: 'spki' })
    const signed = `${encode({ alg: 'HS256', kid: 'r' })}.${encode(CLAIMS)}`
    expectRefused(`${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`)
    expectRefused(tokenOf(BY_EC, CLAIMS, { crit: ['x'] }))
    expectRefused(`${header}.${encode({ ...CLAIMS, sub: 'administrator' })}.${signature}`)
    expectRefused(`${header}.${claims}.`)
  })

  test.each(['', 'a', 'a.b', 'a.b.c', 'a.b.c.d', `${encode([])}.${encode({})}.AA`, 'x'.repeat(9000)])(
    'is not %j',
    (token) => expectRefused(token),
  )
})

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { assertPasswordHash, type Digest, hashPassword, SALT_BYTES, verifyPassword } from '../../lib/access/password.ts'
import { HASHING_ALGORITHMS } from '../../lib/model/user.ts'
import { makeUser } from './access-states.ts'

const SALT = Buffer.from('908DC60A', 'hex')
const VECTOR = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'
const SHA256 = 'rabbit_password_hashing_sha256'

const algorithm = fc.constantFrom(...HASHING_ALGORITHMS)
const salt = fc.uint8Array({ minLength: SALT_BYTES, maxLength: SALT_BYTES })
const password = fc.string({ unit: 'binary', minLength: 1 })

describe('hashing a password', () => {
  it("gives RabbitMQ's known answer", () => {
    expect(hashPassword('test12', SALT, SHA256)).toBe(VECTOR)
  })

  it.each([
    ['rabbit_password_hashing_sha512', 64],
    ['rabbit_password_hashing_sha256', 32],
    ['rabbit_password_hashing_md5', 16],
  ] as const)('keeps the salt and the whole digest of %s', (hashingAlgorithm, digestBytes) => {
    const stored = Buffer.from(hashPassword('secret', SALT, hashingAlgorithm), 'base64')
    expect(stored.subarray(0, SALT_BYTES)).toEqual(SALT)
    expect(stored).toHaveLength(SALT_BYTES + digestBytes)
  })

  it('refuses a salt of another length, which could not be found again', () => {
    expect(() => hashPassword('test12', Buffer.alloc(5), SHA256)).toThrow(RangeError)
  })
})

describe('verifying a password', () => {
  it("accepts RabbitMQ's known answer and nothing like it", () => {
    const user = { passwordHash: VECTOR, hashingAlgorithm: SHA256 } as const
    expect(verifyPassword('test12', user)).toBe(true)
    for (const wrong of ['test1', 'Test12', 'test12 ', 'test12\0', '']) expect(verifyPassword(wrong, user)).toBe(false)
  })

  it('accepts what was hashed, whatever the algorithm, salt and text', () => {
    fc.assert(
      fc.property(password, salt, algorithm, (text, saltBytes, hashingAlgorithm) => {
        const passwordHash = hashPassword(text, saltBytes, hashingAlgorithm)
        expect(verifyPassword(text, { passwordHash, hashingAlgorithm })).toBe(true)
      }),
    )
  })

  it('refuses any other password', () => {
    fc.assert(
      fc.property(password, password, salt, algorithm, (text, other, saltBytes, hashingAlgorithm) => {
        fc.pre(Buffer.from(text).compare(Buffer.from(other)) !== 0)
        const passwordHash = hashPassword(text, saltBytes, hashingAlgorithm)
        expect(verifyPassword(other, { passwordHash, hashingAlgorithm })).toBe(false)
      }),
    )
  })

  it('refuses a digest of the right password by another algorithm', () => {
    const passwordHash = hashPassword('test12', SALT, 'rabbit_password_hashing_md5')
    expect(verifyPassword('test12', { passwordHash, hashingAlgorithm: SHA256 })).toBe(false)
  })

  it('refuses the empty password, even where its hash is stored', () => {
    const passwordHash = hashPassword('', SALT, SHA256)
    expect(verifyPassword('', { passwordHash, hashingAlgorithm: SHA256 })).toBe(false)
  })

  it('lets nobody in by a stored text that is no hash, and does not throw', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.base64String({ maxLength: 12 })),
        fc.string(),
        algorithm,
        (stored, text, hashingAlgorithm) => {
          expect(verifyPassword(text, { passwordHash: stored, hashingAlgorithm })).toBe(false)
        },
      ),
    )
  })

  it('costs one digest for a known user, an unknown one, one without a password and a malformed hash', () => {
    const digested: string[] = []
    const countingDigest: Digest = (_algorithm, _salt, text) => {
      digested.push(text)
      return Buffer.alloc(32)
    }
    const users = [makeUser('a'), undefined, makeUser('b', { passwordHash: '' }), makeUser('c', { passwordHash: '!!' })]
    expect(users.map((user) => verifyPassword('guess', user, countingDigest))).toEqual(users.map(() => false))
    expect(digested).toEqual(users.map(() => 'guess'))
  })
})

describe('a password hash that a client brings', () => {
  it.each(['', VECTOR, 'AAAAAA==', 'AAAAAAA='])('is taken as %j', (text) => {
    expect(() => assertPasswordHash(text)).not.toThrow()
  })

  it.each(['!!', 's3krE7-s3t-v!a-4A$h', 'YQ', 'YWJj\n', ' AAAAAAA=', 'AAAA=AAA', '-_8=', '===='])(
    'is refused as %j, which is not strictly base64',
    (text) => {
      expect(() => assertPasswordHash(text)).toThrow(
        expect.objectContaining({ kind: 'invalid', reason: ['not_base64', text] }),
      )
    },
  )

  it('is refused when it is too short to hold a salt', () => {
    expect(() => assertPasswordHash('aaaa')).toThrow(expect.objectContaining({ kind: 'invalid' }))
  })

  it('is taken whenever it was made here', () => {
    fc.assert(
      fc.property(password, salt, algorithm, (text, saltBytes, hashingAlgorithm) => {
        assertPasswordHash(hashPassword(text, saltBytes, hashingAlgorithm))
      }),
    )
  })
})

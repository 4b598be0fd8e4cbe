import { hash, timingSafeEqual } from 'node:crypto'
import { invalid } from '../model/errors.ts'
import type { HashingAlgorithm, User } from '../model/user.ts'
import { bytesFromBase64 } from './base64.ts'

/** How many bytes of a stored hash are its salt (contract §4.3). */
export const SALT_BYTES = 4

/** Computes one digest of a salted password. What verifying costs is the number of calls of this. */
export type Digest = (algorithm: HashingAlgorithm, salt: Uint8Array, password: string) => Buffer

type Credentials = Pick<User, 'passwordHash' | 'hashingAlgorithm'>

const NODE_ALGORITHMS: Record<HashingAlgorithm, string> = {
  rabbit_password_hashing_sha256: 'sha256',
  rabbit_password_hashing_sha512: 'sha512',
  rabbit_password_hashing_md5: 'md5',
}

/** What an unknown user is measured against, so that the answer takes the same work as for a known one. */
const NOBODY: Credentials = {
  passwordHash: Buffer.alloc(SALT_BYTES + 32).toString('base64'),
  hashingAlgorithm: 'rabbit_password_hashing_sha256',
}

/** By way of a text: Node takes three times as long to answer a digest as a buffer. */
const saltedDigest: Digest = (algorithm, salt, password) =>
  Buffer.from(
    hash(NODE_ALGORITHMS[algorithm], Buffer.concat([salt, Buffer.from(password, 'utf8')]), 'binary'),
    'binary',
  )

/** The stored form of a password: base64 of the salt and the digest of both (contract §4.3). `salt` has {@link SALT_BYTES} random bytes. */
export function hashPassword(password: string, salt: Uint8Array, algorithm: HashingAlgorithm): string {
  if (salt.length !== SALT_BYTES) throw new RangeError(`a salt has ${SALT_BYTES} bytes`)
  return Buffer.concat([salt, saltedDigest(algorithm, salt, password)]).toString('base64')
}

/**
 * Whether the password is the user's (contract §4.3). One digest and one comparison in constant time, whoever asks:
 * for an unknown user (`undefined`), for one without a password and for a stored hash that is no hash, all of which no
 * password opens. The empty password opens nothing.
 */
export function verifyPassword(
  password: string,
  user: Credentials | undefined,
  digest: Digest = saltedDigest,
): boolean {
  const { passwordHash, hashingAlgorithm } = user ?? NOBODY
  const stored = bytesFromBase64(passwordHash) ?? Buffer.alloc(0)
  const actual = digest(hashingAlgorithm, stored.subarray(0, SALT_BYTES), password)
  const expected = stored.subarray(SALT_BYTES)
  const isComparable = expected.length === actual.length
  const isEqual = timingSafeEqual(actual, isComparable ? expected : Buffer.alloc(actual.length))
  return isEqual && isComparable && user !== undefined && password !== ''
}

/**
 * Throws `invalid` unless the text can be stored as a user's hash: strict base64 of a salt at least, or empty for a
 * user whom no password lets in (contract §1.5).
 */
export function assertPasswordHash(text: string): void {
  if (text === '') return
  const bytes = bytesFromBase64(text)
  if (!bytes) throw invalid(['not_base64', text])
  if (bytes.length < SALT_BYTES) throw invalid(`password_hash holds fewer than the ${SALT_BYTES} bytes of a salt`)
}

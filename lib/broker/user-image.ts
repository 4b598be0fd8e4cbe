import { randomBytes } from 'node:crypto'
import { assertPasswordHash, hashPassword, SALT_BYTES, verifyPassword } from '../access/password.ts'
import type { User } from '../model/user.ts'
import type { SetUser } from '../topology/access/user.ts'
import type { UserDefinition } from '../topology/definitions/definitions.ts'

/**
 * The user as it is stored: a password becomes a salted hash. `current` is the user of that name, whose hash is kept
 * where it is of the same password, so that a repetition changes nothing. Throws `invalid` for a hash that is none.
 */
export function userImage(definition: UserDefinition, current: User | undefined): SetUser['user'] {
  const { name, tags, hashingAlgorithm, credentials } = definition
  if ('passwordHash' in credentials) {
    assertPasswordHash(credentials.passwordHash)
    return { name, tags, hashingAlgorithm, passwordHash: credentials.passwordHash }
  }
  const { password } = credentials
  const isKept = current?.hashingAlgorithm === hashingAlgorithm && verifyPassword(password, current)
  const passwordHash = isKept ? current.passwordHash : hashPassword(password, randomBytes(SALT_BYTES), hashingAlgorithm)
  return { name, tags, hashingAlgorithm, passwordHash }
}

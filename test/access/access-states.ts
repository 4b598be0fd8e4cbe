import { randomBytes } from 'node:crypto'
import { hashPassword, SALT_BYTES } from '../../lib/access/password.ts'
import type { Permission, TopicPermission, User } from '../../lib/model/user.ts'
import { AccessState } from '../../lib/topology/access/state.ts'

/** A user whose password is his name, without tags unless they are given. */
export const makeUser = (name: string, given: Partial<User> = {}): User => ({
  name,
  passwordHash: hashPassword(name, randomBytes(SALT_BYTES), 'rabbit_password_hashing_sha256'),
  hashingAlgorithm: 'rabbit_password_hashing_sha256',
  tags: [],
  limits: {},
  ...given,
})

/** A state that holds these users and permissions; what is left out of a permission allows nothing. */
export function accessWith(given: {
  users?: readonly User[]
  permissions?: readonly (Partial<Permission> & Pick<Permission, 'user' | 'vhost'>)[]
  topicPermissions?: readonly TopicPermission[]
}): AccessState {
  const access = new AccessState()
  for (const user of given.users ?? []) access.users.set(user.name, user)
  for (const permission of given.permissions ?? []) {
    access.setPermission({ configure: '', write: '', read: '', ...permission })
  }
  for (const permission of given.topicPermissions ?? []) access.setTopicPermission(permission)
  return access
}

/** What a call throws; fails where it throws nothing. */
export function thrownBy(call: () => unknown): unknown {
  try {
    call()
  } catch (error) {
    return error
  }
  throw new Error('nothing was thrown')
}

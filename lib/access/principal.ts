import { userNameOfPrincipal } from '../model/principal.ts'
import type { User } from '../model/user.ts'
import type { AccessState } from '../topology/access/state.ts'
import { AuthenticationError } from './authenticate.ts'

/**
 * The user that an IAM principal is whose signature the front has verified; a password, if that user has one, is not
 * asked for. Throws {@link AuthenticationError}, which tells a principal that is no user under which name to make it.
 */
export function authenticatePrincipal(access: AccessState, arn: string | undefined): User {
  if (arn === undefined) throw new AuthenticationError('missing-credentials')
  const name = userNameOfPrincipal(arn)
  if (name === undefined) throw new AuthenticationError('unknown-principal', `'${arn}' cannot be a user`)
  const user = access.users.get(name)
  if (user) return user
  throw new AuthenticationError('unknown-principal', `there is no user '${name}': ask an administrator to add it`)
}

import { AuthenticationError, logIn } from '../../access/authenticate.ts'
import type { Broker } from '../../broker/broker.ts'
import type { User } from '../../model/user.ts'
import type { AccessState } from '../../topology/access/state.ts'
import type { Login } from './sasl.ts'

/** What the transport says of a client. */
export interface Peer {
  /** The common name of its certificate, where one of ours has signed it. */
  readonly certificateName: string | undefined
}

/** The user that a client is. Throws {@link AuthenticationError}, and `unavailable` where the users cannot be read. */
export async function authenticateClient(broker: Broker, login: Login, peer: Peer): Promise<User> {
  const { access } = await broker.journals.view(broker.journals.arrival())
  return login.type === 'password' ? logIn(access, login) : userOfCertificate(access, peer)
}

function userOfCertificate(access: AccessState, { certificateName }: Peer): User {
  const user = certificateName === undefined ? undefined : access.users.get(certificateName)
  if (!user) throw new AuthenticationError('unknown-principal')
  return user
}

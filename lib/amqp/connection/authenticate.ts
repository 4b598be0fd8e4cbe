import { AuthenticationError, logIn } from '../../access/authenticate.ts'
import { keyIdOf, type TokenUser, verifyToken } from '../../access/jwt.ts'
import { type KeySource, openKeySource } from '../../api/published-keys.ts'
import type { Broker } from '../../broker/broker.ts'
import type { JwtConfig } from '../../config.ts'
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
  if (login.type !== 'password') return userOfCertificate(access, peer)
  return (await userOfToken(broker, login.password)) ?? logIn(access, login)
}

function userOfCertificate(access: AccessState, { certificateName }: Peer): User {
  const user = certificateName === undefined ? undefined : access.users.get(certificateName)
  if (!user) throw new AuthenticationError('unknown-principal')
  return user
}

/** One for each configuration: what an issuer has published is kept for a while. */
const keySources = new WeakMap<JwtConfig, KeySource>()

/**
 * Whom a token vouches for that stands in place of a password, as in RabbitMQ's OAuth 2 plugin, whatever the user name
 * beside it; undefined where it is none that is taken. Throws `unavailable` where its issuer's keys cannot be read.
 */
export async function userOfToken({ config, clock }: Broker, secret: string): Promise<TokenUser | undefined> {
  const { auth, jwt } = config
  if (!jwt || auth !== 'basic' || !TOKEN.test(secret)) return undefined
  const keys = keySources.get(jwt) ?? openKeySource(jwt, clock)
  keySources.set(jwt, keys)
  try {
    return verifyToken(secret, await keys.keysFor(keyIdOf(secret)), jwt, clock.wallMs() / 1000)
  } catch (error) {
    if (error instanceof AuthenticationError) return undefined
    throw error
  }
}

/** Three parts in base64url (RFC 7515), of which the first is a JSON object. */
const TOKEN = /^eyJ[\w-]*\.[\w-]+\.[\w-]+$/

/** Whether a user is one by a token. */
export const isTokenUser = (user: User): user is TokenUser => 'grants' in user

import { isUtf8 } from 'node:buffer'
import type { User } from '../model/user.ts'
import type { AccessState } from '../topology/access/state.ts'
import { bytesFromBase64 } from './base64.ts'
import { verifyPassword } from './password.ts'

/**
 * Why nobody was let in. Not a BrokerError: each problem has an answer of its own in each door, and the first two have
 * no text at all (the HTTPS door: 401 with a challenge and no body, 400 without a body, 401 "Login failed"). The last is
 * of somebody whose identity is certain, and who is no user.
 */
export type AuthenticationProblem =
  | 'missing-credentials'
  | 'malformed-credentials'
  | 'bad-credentials'
  | 'unknown-principal'

const MESSAGES: Record<AuthenticationProblem, string> = {
  'missing-credentials': 'No credentials',
  'malformed-credentials': 'The Authorization header cannot be read',
  'bad-credentials': 'Login failed',
  'unknown-principal': 'No such user',
}

export class AuthenticationError extends Error {
  override readonly name = 'AuthenticationError'
  readonly problem: AuthenticationProblem

  constructor(problem: AuthenticationProblem, message = MESSAGES[problem]) {
    super(message)
    this.problem = problem
  }
}

/** A user name and a password, as a client presents them. */
export interface Credentials {
  readonly name: string
  readonly password: string
}

/**
 * The user whom an Authorization header identifies (contract §1.1). `header` is the field's value.
 * Throws {@link AuthenticationError}; the same one, after the same work, for an unknown name and a wrong password.
 */
export function authenticate(access: AccessState, header: string | undefined): User {
  return logIn(access, parseBasicCredentials(header))
}

/** The user with that name and password. Throws {@link AuthenticationError} `bad-credentials`. */
export function logIn(access: AccessState, { name, password }: Credentials): User {
  const user = access.users.get(name)
  const isVerified = verifyPassword(password, user)
  if (!user || !isVerified) throw new AuthenticationError('bad-credentials')
  return user
}

const BASIC = /^basic +(?<token>\S*) *$/i

/**
 * Name and password of HTTP Basic (RFC 7617): UTF-8, and the first colon ends the name. A header of another scheme
 * counts as none, so that the client is told which scheme is spoken here. Throws {@link AuthenticationError}.
 */
export function parseBasicCredentials(header: string | undefined): Credentials {
  if (header === undefined || !/^basic\b/i.test(header)) throw new AuthenticationError('missing-credentials')
  const text = textOfToken(BASIC.exec(header)?.groups?.token)
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 0) throw new AuthenticationError('malformed-credentials')
  return { name: text.slice(0, colon), password: text.slice(colon + 1) }
}

function textOfToken(token: string | undefined): string | undefined {
  const bytes = token === undefined ? undefined : bytesFromBase64(token)
  return bytes && isUtf8(bytes) ? bytes.toString('utf8') : undefined
}

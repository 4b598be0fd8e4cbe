import { authenticate } from '../access/authenticate.ts'
import { assertMayEnter, assertTag, type RequiredTag } from '../access/authorise.ts'
import { keyIdOf, presentedToken, type TokenUser, verifyToken } from '../access/jwt.ts'
import { authenticatePrincipal } from '../access/principal.ts'
import { hasVhost, openSession, type Session, type VhostSession } from '../broker/session.ts'
import { BrokerError, notFound } from '../model/errors.ts'
import type { User } from '../model/user.ts'
import type { AccessState } from '../topology/access/state.ts'
import type { ApiContext } from './env.ts'
import { segment } from './path.ts'

type Answer = Response | Promise<Response>
type Handler = (c: ApiContext) => Promise<Response>

/** What a resource asks of its caller, and of the states that serve it. */
export interface Entry {
  readonly tag: RequiredTag
  /**
   * Whether a lease will do: for what is called often and changes no topology. Everything else reads the topology
   * afresh, so that whoever changed it finds the change (docs/architecture.md).
   */
  readonly leased?: boolean
}

/** For resources outside any vhost: lets a user with the tag in. */
export const withSession =
  ({ tag, leased = false }: Entry, handle: (c: ApiContext, session: Session) => Answer): Handler =>
  async (c) => {
    const session = await open(c, leased, undefined)
    assertTag(session.user, tag)
    return handle(c, session)
  }

/** For resources below `/:vhost`: lets a user in who has the tag and may enter that vhost. */
export const withVhost =
  ({ tag, leased = false }: Entry, handle: (c: ApiContext, session: VhostSession) => Answer): Handler =>
  async (c) => {
    const vhost = segment(c, 'vhost')
    const session = await open(c, leased, vhost)
    assertTag(session.user, tag)
    if (!hasVhost(session)) throw noSuchVhost(c)
    assertMayEnter(session.access, session.user, vhost, tag)
    return handle(c, session)
  }

/** RabbitMQ's answers differ: reading and deleting do not find the object, making one does not find the vhost. */
function noSuchVhost(c: ApiContext): BrokerError {
  return c.req.method === 'PUT' || c.req.method === 'POST'
    ? new BrokerError('not-found', 'vhost_not_found')
    : notFound()
}

async function open(c: ApiContext, leased: boolean, vhost: string | undefined): Promise<Session | VhostSession> {
  const tokenUser = await userOfToken(c)
  return openSession(c.get('broker'), {
    arrival: c.get('arrival'),
    vhost,
    confirm: !leased,
    authenticate: (access) => tokenUser ?? authenticateCaller(c, access),
  })
}

/** In the one way that the configuration says: whoever comes by the other way has shown nothing. */
const authenticateCaller = (c: ApiContext, access: AccessState): User =>
  c.get('broker').config.auth === 'iam'
    ? authenticatePrincipal(access, c.env.event.principalArn)
    : authenticate(access, header(c, 'authorization'))

/** The user whom a token vouches for, where tokens are taken and there is one. */
async function userOfToken(c: ApiContext): Promise<TokenUser | undefined> {
  const { auth, jwt } = c.get('broker').config
  const tokenKeys = c.get('tokenKeys')
  if (!jwt || auth !== 'basic' || !tokenKeys) return undefined
  const token = presentedToken(header(c, 'authorization'))
  if (token === undefined) return undefined
  const keys = await tokenKeys.keysFor(keyIdOf(token))
  return verifyToken(token, keys, jwt, c.get('broker').clock.wallMs() / 1000)
}

/** A request header by its lower-case name; fronts differ in how they spell them. */
export function header(c: ApiContext, name: string): string | undefined {
  const { headers } = c.env.event
  const exact = headers[name]
  if (exact !== undefined) return exact
  const spelled = Object.keys(headers).find((key) => key.toLowerCase() === name)
  return spelled === undefined ? undefined : headers[spelled]
}

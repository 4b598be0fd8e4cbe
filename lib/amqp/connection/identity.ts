import type { TokenUser } from '../../access/jwt.ts'
import type { Broker } from '../../broker/broker.ts'
import { hasVhost, openSession, type VhostSession } from '../../broker/session.ts'
import type { Versions } from '../../journal/replicas.ts'
import type { ConnectionRef } from '../../model/connection.ts'
import type { User } from '../../model/user.ts'
import { AmqpError } from '../errors.ts'
import { isTokenUser } from './authenticate.ts'

/** Contract §3: what ends a connection without its doing. */
export const vhostDeleted = (vhost: string): AmqpError => new AmqpError(320, `vhost '${vhost}' is deleted`)
export const tokenExpired = (name: string): AmqpError => new AmqpError(320, `the token of user '${name}' has expired`)
export const userDeleted = (name: string): AmqpError => new AmqpError(320, `user '${name}' is deleted`)

/** Who is at the other end of a connection that is open, where, and what that client has seen. */
export class Identity {
  #user: User
  readonly vhost: string
  readonly vhostId: string
  readonly #broker: Broker
  readonly #connection: ConnectionRef
  #versions: Versions = {}

  constructor({ broker, user, vhost }: VhostSession, connection: ConnectionRef) {
    this.#broker = broker
    this.#connection = connection
    this.#user = user
    this.vhost = vhost.vhost
    this.vhostId = vhost.id
  }

  get user(): User {
    return this.#user
  }

  /** The same user, by a newer token. */
  renew(user: TokenUser): void {
    this.#user = user
  }

  /** The connection made a change: what it does from now on is decided on it. */
  saw(versions: Versions): void {
    this.#versions = { ...this.#versions, ...versions }
  }

  /** Throws AmqpError where the user or the vhost is gone, and `unavailable`. */
  async session(): Promise<VhostSession> {
    const session = await openSession(this.#broker, {
      arrival: this.#broker.journals.arrival(),
      vhost: this.vhost,
      confirm: false,
      atLeast: this.#versions,
      connection: this.#connection,
      authenticate: ({ users }) => this.#current(users),
    })
    if (!hasVhost(session) || session.vhost.id !== this.vhostId) throw vhostDeleted(this.vhost)
    return session
  }

  /** Somebody with a token is none of the broker's own users, so nothing of theirs is looked up. */
  #current(users: ReadonlyMap<string, User>): User {
    const current = isTokenUser(this.user) ? this.user : users.get(this.user.name)
    if (!current) throw userDeleted(this.user.name)
    return current
  }
}

import { hasVhostAccess } from '../../access/authorise.ts'
import type { Broker } from '../../broker/broker.ts'
import { hasVhost, openSession, type VhostSession } from '../../broker/session.ts'
import type { ConnectionRef } from '../../model/connection.ts'
import type { User } from '../../model/user.ts'

/** Who enters which vhost. */
export interface Entrance {
  readonly user: User
  readonly vhost: string
  readonly connection: ConnectionRef
  /** Connections that are in a vhost, and those that a user has. */
  readonly present: { readonly inVhost: number; readonly ofUser: number }
}

/** The first session of a connection, or why there is none (contract §3). Throws `unavailable`. */
export async function enterVhost(
  broker: Broker,
  { user, vhost, connection, present }: Entrance,
): Promise<VhostSession | { readonly refused: string }> {
  const arrival = broker.journals.arrival()
  const session = await openSession(broker, { arrival, vhost, confirm: true, connection, authenticate: () => user })
  if (!hasVhost(session)) return { refused: `vhost ${vhost} not found` }
  const { access } = session
  if (!hasVhostAccess(access, user, vhost)) return { refused: refusal(vhost, user) }
  const limits = access.vhosts.get(vhost)?.limits
  if (isReached(limits?.['max-connections'], present.inVhost)) {
    return { refused: `${refusal(vhost, user)}: connection limit (${limits?.['max-connections']}) is reached` }
  }
  if (isReached(user.limits['max-connections'], present.ofUser)) {
    return { refused: `${refusal(vhost, user)}: user connection limit (${user.limits['max-connections']}) is reached` }
  }
  return session
}

const refusal = (vhost: string, { name }: User): string => `access to vhost '${vhost}' refused for user '${name}'`

const isReached = (limit: number | undefined, count: number): boolean =>
  limit !== undefined && limit >= 0 && count >= limit

import type { Reading } from '../journal/clock.ts'
import type { Versions } from '../journal/replicas.ts'
import type { ConnectionRef } from '../model/connection.ts'
import { notFound } from '../model/errors.ts'
import type { User } from '../model/user.ts'
import type { AccessState } from '../topology/access/state.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'

/**
 * One request of one user, with states of the topology that are fit to serve it (docs/architecture.md). Doors make it after they
 * have found out who is asking; the use cases take it from there and check what that user may do.
 */
export interface Session {
  readonly broker: Broker
  readonly arrival: Reading
  readonly user: User
  readonly access: AccessState
  /** The connection that the request came over, which may have queues of its own; none for requests that come alone. */
  readonly connection?: ConnectionRef | undefined
}

/** A vhost's topology, for what nobody has to be allowed. */
export interface VhostContext {
  readonly broker: Broker
  readonly vhost: VhostState
  /** The version that `vhost` shows at the moment of asking. */
  readonly version: number
}

export interface VhostSession extends Session, VhostContext {
  readonly broker: Broker
}

/** What a door knows of a request before anybody has been let in. */
export interface SessionRequest {
  readonly arrival: Reading
  /** The vhost that the request names, if any. */
  readonly vhost?: string | undefined
  /** Whether the states must be confirmed after the arrival (reads), or a lease will do (publish, get, settle). */
  readonly confirm: boolean
  /** Versions that the caller has seen already, by journal id. */
  readonly atLeast?: Versions | undefined
  readonly connection?: ConnectionRef | undefined
  /** Throws unless the request comes from a user of this access state. */
  readonly authenticate: (access: AccessState) => User
}

/**
 * Reads what the request needs and lets the user in. The vhost is left out where there is none of that name.
 * Throws what `authenticate` throws, and `unavailable` where the topology cannot be read.
 */
export async function openSession(broker: Broker, request: SessionRequest): Promise<Session | VhostSession> {
  const { arrival, confirm, connection } = request
  const journalOf = (access: AccessState) =>
    request.vhost === undefined ? undefined : access.vhosts.get(request.vhost)?.id
  const view = await broker.journals.view(arrival, { vhost: journalOf, confirm, atLeast: request.atLeast ?? {} })
  const { access, vhost } = view
  const session = { broker, arrival, user: request.authenticate(access), access, connection }
  if (!vhost) return session
  return {
    ...session,
    vhost,
    get version() {
      return view.versions[vhost.id] ?? 0
    },
  }
}

export const hasVhost = (session: Session | VhostSession): session is VhostSession => 'vhost' in session

/** The same request on the topology of this moment: for what happens after a wait. Throws `not-found` without the vhost. */
export async function renewSession({ broker, user, vhost, connection }: VhostSession): Promise<VhostSession> {
  const arrival = broker.journals.arrival()
  const request = { arrival, vhost: vhost.vhost, confirm: false, connection, authenticate: () => user }
  const renewed = await openSession(broker, request)
  if (!hasVhost(renewed) || renewed.vhost.id !== vhost.id) throw notFound()
  return renewed
}

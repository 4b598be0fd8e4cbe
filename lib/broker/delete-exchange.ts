import { assertMayDelete } from '../access/permissions.ts'
import { type Committed, commitToVhost, committed, whenSettled } from './change.ts'
import type { VhostSession } from './session.ts'

export interface ExchangeDeletion {
  readonly name: string
  readonly ifUnused: boolean
}

/** Deletes an exchange with its bindings (contract §1.2). Throws `not-found` where there is none. */
export const deleteExchange = (session: VhostSession, deletion: ExchangeDeletion): Promise<void> =>
  whenSettled(commitExchangeDeletion(session, deletion))

/** As {@link deleteExchange}, for doors with connections. */
export async function commitExchangeDeletion(
  session: VhostSession,
  { name, ifUnused }: ExchangeDeletion,
): Promise<Committed<void>> {
  const { versions } = await commitToVhost(
    session,
    { type: 'delete-exchange', name, ifUnused },
    {
      guard: (access, { vhost }) => assertMayDelete(access, session.user, vhost, { kind: 'exchange', name }),
    },
  )
  return committed(session.broker, versions, undefined)
}

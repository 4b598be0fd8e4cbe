import { assertMayDelete } from '../access/permissions.ts'
import { changeVhost } from './change.ts'
import type { VhostSession } from './session.ts'

/** Deletes an exchange with its bindings (contract §1.2). Throws `not-found` where there is none. */
export async function deleteExchange(
  session: VhostSession,
  { name, ifUnused }: { readonly name: string; readonly ifUnused: boolean },
): Promise<void> {
  await changeVhost(session, { type: 'delete-exchange', name, ifUnused }, (access, { vhost }) => {
    assertMayDelete(access, session.user, vhost, { kind: 'exchange', name })
  })
}

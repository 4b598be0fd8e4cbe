import type { AccessState } from '../topology/access/state.ts'
import type { Broker } from './broker.ts'
import type { VhostContext } from './session.ts'

/**
 * A vhost's topology for work that no request asks for, by the id of the vhost; undefined once the vhost is deleted.
 * `atLeast`: the version that the work was decided on, or another that is not to be missed.
 * Throws `unavailable` when the topology cannot be read.
 */
export async function viewVhost(
  broker: Broker,
  vhostId: string,
  { atLeast = 0, confirm = false }: { readonly atLeast?: number; readonly confirm?: boolean } = {},
): Promise<VhostContext | undefined> {
  const { journals } = broker
  const request = {
    vhost: (access: AccessState) => Array.from(access.vhosts.values()).find(({ id }) => id === vhostId)?.id,
    atLeast: { [vhostId]: atLeast },
  }
  const leased = await journals.view(journals.arrival(), { ...request, confirm })
  // The list of vhosts may be older than the vhost.
  const view = leased.vhost || confirm ? leased : await journals.view(journals.arrival(), { ...request, confirm: true })
  const { vhost } = view
  if (!vhost) return undefined
  return {
    broker,
    vhost,
    get version() {
      return view.versions[vhostId] ?? 0
    },
  }
}

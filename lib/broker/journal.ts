import type { Entry } from '../journal/entry.ts'
import type { AccessEvent } from '../topology/access/events.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { VhostSession } from './session.ts'

/** Who changed what in the vhost, when: a page of its journal, ascending, after a version (docs/api.md). */
export const journalEntries = (
  { broker, vhost }: VhostSession,
  page: { readonly after?: number; readonly limit?: number },
): Promise<Entry<AccessEvent | VhostEvent>[]> => broker.journals.entries(vhost.id, page)

/** The vhost as it was at a version. Throws `not-found` where there is none such. */
export const topologyAt = ({ broker, vhost }: VhostSession, version: number): Promise<VhostState> =>
  broker.journals.stateAt(vhost.id, version)

import { journalEntries, topologyAt } from '../broker/journal.ts'
import type { VhostSession } from '../broker/session.ts'
import type { Entry } from '../journal/entry.ts'
import { exportVhost } from '../topology/definitions/export.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import { vhostMachine } from '../topology/vhost/machine.ts'
import type { Api } from './env.ts'
import { EXPORTER } from './identity.ts'
import { renderEntry } from './journal-items.ts'
import { listAnswer } from './list.ts'
import { wholeNumber } from './query-number.ts'
import { json } from './respond.ts'
import { withVhost } from './session.ts'

const DEFAULT_LIMIT = 100
const MAX_LIMIT = 1000

/** docs/api.md: who changed what, when; with `version` the topology as it was, in a file that can be imported again. */
export function journalRoutes(api: Api): void {
  api.get(
    '/journal/:vhost',
    withVhost({ tag: 'administrator' }, async (c, session) => {
      const version = wholeNumber(c, 'version', [1, Number.MAX_SAFE_INTEGER])
      if (version !== undefined) return json(c, exportVhost(await topologyAt(session, version), undefined, EXPORTER))
      const after = wholeNumber(c, 'after', [0, Number.MAX_SAFE_INTEGER]) ?? 0
      const limit = wholeNumber(c, 'limit', [1, MAX_LIMIT]) ?? DEFAULT_LIMIT
      return listAnswer(c, await entriesAfter(session, after, limit), { order: ['version'] })
    }),
  )
}

/**
 * Events name what they change by ids; the topology before the page, moved along with it, has the names. The journal of
 * a vhost holds no other events than a vhost's.
 */
async function entriesAfter(session: VhostSession, after: number, limit: number) {
  const entries = await journalEntries(session, { after, limit })
  if (entries.length === 0) return []
  const state = after === 0 ? vhostMachine.initial() : await topologyAt(session, after)
  return entries.map((entry) => renderEntry(state, entry as Entry<VhostEvent>))
}

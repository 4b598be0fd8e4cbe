import { ACCESS_JOURNAL } from '../journal/table.ts'
import { decideAccess } from '../topology/access/decide.ts'
import type { AccessEvent } from '../topology/access/events.ts'
import type { AccessState } from '../topology/access/state.ts'
import type { Broker } from './broker.ts'
import { LEVERET, newId } from './change.ts'

const TAG = 'administrator'
const EVERYTHING = { configure: '.*', write: '.*', read: '.*' } as const

/**
 * Makes sure that each of these users is there, without a password where it is new, and has the tag `administrator`. A new
 * one gets all permissions in vhost `/`, if there is one; an existing one keeps those it has. Idempotent.
 */
export async function ensureAdministrators(broker: Broker, names: readonly string[]): Promise<void> {
  const { journals } = broker
  const { versions } = await journals.transact({
    arrival: journals.arrival(),
    who: LEVERET,
    commitId: newId(broker),
    journals: () => [],
    decide: ({ access }) => {
      const events = [...new Set(names)].flatMap((name) => eventsFor(access, name))
      return { writes: events.length === 0 ? [] : [{ journal: ACCESS_JOURNAL, events }], result: undefined }
    },
  })
  await journals.settled(versions)
}

function eventsFor(access: AccessState, name: string): readonly AccessEvent[] {
  const user = access.users.get(name)
  if (user?.tags.includes(TAG)) return []
  if (user) return decideAccess(access, { type: 'set-user', user: { ...user, tags: [...user.tags, TAG] } })
  const image = { name, passwordHash: '', hashingAlgorithm: 'rabbit_password_hashing_sha256', tags: [TAG] } as const
  const made = decideAccess(access, { type: 'set-user', user: image })
  if (!access.vhosts.has('/')) return made
  return [...made, { type: 'permission-set', permission: { user: name, vhost: '/', ...EVERYTHING } }]
}

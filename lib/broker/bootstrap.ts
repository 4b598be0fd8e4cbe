import { randomBytes } from 'node:crypto'
import { hashPassword, SALT_BYTES } from '../access/password.ts'
import { ACCESS_JOURNAL } from '../journal/table.ts'
import { decideAccess } from '../topology/access/decide.ts'
import type { AccessEvent } from '../topology/access/events.ts'
import { CLUSTER_NAME } from '../topology/access/global-parameter.ts'
import type { Broker } from './broker.ts'
import { LEVERET, newId } from './change.ts'
import { openedVhosts } from './vhosts.ts'

export interface FirstAdministrator {
  readonly user: string
  /** Left out where users do not log in by password. */
  readonly password?: string
}

const TAG_KEY_BYTES = 32

/**
 * Makes what a broker needs to let anybody in: the access journal, then, in one commit, vhost `/` and the first
 * administrator. Idempotent, and resumed by whoever calls it next; it never brings back what was deleted later.
 */
export async function ensureBootstrapped(broker: Broker, administrator: FirstAdministrator): Promise<void> {
  const { journals } = broker
  await journals.bootstrap({
    leaseMs: broker.config.leaseMs,
    commitId: newId(broker),
    initialAccessEvents: () => initialEvents(broker),
  })
  const { versions } = await journals.transact({
    arrival: journals.arrival(),
    who: LEVERET,
    commitId: newId(broker),
    journals: () => [],
    decide: ({ access }) => {
      if (access.users.size > 0 || access.vhosts.size > 0) return { writes: [], result: undefined }
      const events = firstEvents(broker, access, administrator)
      return {
        writes: [{ journal: ACCESS_JOURNAL, events }, ...openedVhosts(broker, events, LEVERET)],
        result: undefined,
      }
    },
  })
  await journals.settled(versions)
}

const initialEvents = ({ config }: Broker): AccessEvent[] => [
  { type: 'tag-key-made', key: randomBytes(TAG_KEY_BYTES).toString('base64') },
  { type: 'global-parameter-set', name: CLUSTER_NAME, value: config.namePrefix },
]

function firstEvents(
  broker: Broker,
  access: Parameters<typeof decideAccess>[0],
  { user, password }: FirstAdministrator,
) {
  const hashingAlgorithm = 'rabbit_password_hashing_sha256'
  const passwordHash = password === undefined ? '' : hashPassword(password, randomBytes(SALT_BYTES), hashingAlgorithm)
  const image = { name: user, passwordHash, hashingAlgorithm, tags: ['administrator'] } as const
  const permission = { user, vhost: '/', configure: '.*', write: '.*', read: '.*' }
  return [
    ...decideAccess(access, { type: 'set-user', user: image }),
    ...decideAccess(access, {
      type: 'put-vhost',
      id: newId(broker),
      name: '/',
      description: 'Default virtual host',
      user,
    }),
    { type: 'permission-set', permission } satisfies AccessEvent,
  ]
}

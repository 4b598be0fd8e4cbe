import type { BrokerJournals } from '../broker/broker.ts'
import type { AwsOptions } from '../config.ts'
import type { Blobs } from '../journal/blobs.ts'
import { systemClock } from '../journal/clock.ts'
import { openDynamoDbStore } from '../journal/dynamodb-store.ts'
import { Journals } from '../journal/journals.ts'
import { ACCESS_JOURNAL } from '../journal/table.ts'
import { CLUSTER_NAME } from '../topology/access/global-parameter.ts'
import { accessMachine } from '../topology/access/machine.ts'
import { vhostMachine } from '../topology/vhost/machine.ts'

/** Bases are a cache; who has only the table does without the bucket: reads all entries, and leaves no base behind. */
const NO_BLOBS: Blobs = { get: async () => undefined, put: async () => undefined }
const NO_BASES = { entryCount: Number.POSITIVE_INFINITY, sizeBytes: Number.POSITIVE_INFINITY }

export interface OpenedJournals {
  readonly journals: BrokerJournals
  close(): void
}

/** The journals in a broker's table, for those who look after it. Where and as whom, the AWS SDK finds in its environment, unless it is told. */
export function openJournals(topologyTable: string, aws: AwsOptions = {}): OpenedJournals {
  const store = openDynamoDbStore({ aws, topologyTable })
  const journals: BrokerJournals = new Journals({
    store,
    blobs: NO_BLOBS,
    basePolicy: NO_BASES,
    clock: systemClock,
    accessMachine,
    vhostMachine,
    vhostJournals: (access) => Array.from(access.vhosts.values(), ({ id }) => id),
  })
  return { journals, close: () => store.close() }
}

/**
 * The name prefix that the broker was made with; undefined where its first entry does not say. A broker is first called
 * after its prefix, and what its journal began with stays (lib/broker/bootstrap.ts).
 */
export async function firstNamePrefix(journals: BrokerJournals): Promise<string | undefined> {
  const [first] = await journals.entries(ACCESS_JOURNAL, { limit: 1 })
  for (const event of first?.events ?? []) {
    if (event.type === 'global-parameter-set' && event.name === CLUSTER_NAME) return String(event.value)
  }
  return undefined
}

import type { Reading } from './clock.ts'
import type { Decision, Write } from './decision.ts'
import { encodeEntry } from './entry.ts'
import { encodeIntent } from './intents.ts'
import type { VisibleVersion } from './lease.ts'
import type { JournalEvent } from './machine.ts'
import { type States, visibleVersions } from './replicas.ts'
import {
  type Head,
  type JournalStore,
  type JournalWrite,
  type Lease,
  MAX_TRANSACTION_ITEMS,
  StoreError,
  type Transaction,
  transactionItemCount,
} from './store.ts'
import { ACCESS_JOURNAL } from './table.ts'

/** One decision, encoded and ready to be sent. */
export interface Attempt<R> {
  readonly transaction: Transaction
  readonly result: R
  readonly decidedOn: readonly VisibleVersion[]
}

/** What the entries of an attempt have in common. */
export interface Signature {
  readonly commitId: string
  readonly who: string
  readonly when: string
  readonly formatOf: (journal: string) => number
}

/** Throws EntryTooLargeError, and Error where the decision asks for what one transaction cannot do. */
export function encodeAttempt<R>(
  decision: Decision<JournalEvent, R>,
  states: States<unknown, unknown>,
  signature: Signature,
): Attempt<R> {
  const { put = [], take = [] } = decision.intents ?? {}
  const transaction = {
    writes: decision.writes.filter(isChange).map((write) => encodeWrite(write, states, signature)),
    putIntents: put.map(encodeIntent),
    takeIntents: take,
  }
  const itemCount = transactionItemCount(transaction)
  if (itemCount > MAX_TRANSACTION_ITEMS) throw new Error(`${itemCount} items do not fit one transaction`)
  if (itemCount > 0 && transaction.writes.length === 0) throw new Error('intents are kept only beside a change')
  return { transaction, result: decision.result, decidedOn: visibleVersions(states) }
}

const isChange = ({ events, create, seal, lease, epoch }: Write<JournalEvent>): boolean =>
  events.length > 0 || create === true || seal === true || lease !== undefined || epoch !== undefined

function encodeWrite(write: Write<JournalEvent>, states: States<unknown, unknown>, signature: Signature): JournalWrite {
  const { journal, events } = write
  const from = write.create ? undefined : headOf(journal, states)
  const version = (from?.version ?? 0) + 1
  const { formatOf, ...signed } = signature
  return {
    journal,
    from: from && { version: from.version, epoch: from.epoch },
    to: {
      version,
      // A new journal is of the access journal's branch.
      epoch: write.epoch ?? (from ?? states.access).epoch,
      lease: leaseAt(version, write, from, states.access.lease),
      sealed: write.seal === true,
    },
    entry: encodeEntry(journal, { ...signed, version, format: formatOf(journal), events }),
  }
}

/** A new journal has the access journal's lease, and none of a former length can be out. */
function leaseAt(
  version: number,
  write: Write<JournalEvent>,
  from: Pick<Head, 'lease'> | undefined,
  access: Lease,
): Lease {
  if (write.lease !== undefined) return { ...write.lease, sinceVersion: version }
  return from?.lease ?? { leaseMs: access.leaseMs, waitMs: access.leaseMs, sinceVersion: version }
}

function headOf(journal: string, { access, vhosts }: States<unknown, unknown>): Omit<Head, 'base'> {
  const loaded = journal === ACCESS_JOURNAL ? access : vhosts.get(journal)
  if (loaded === undefined) throw new Error(`journal ${journal} is written to, but was not decided on`)
  return loaded
}

/** All that an attempt was decided on or made, once its outcome is known at `firstSeen`. */
export function versionsOf({ transaction, decidedOn }: Attempt<unknown>, firstSeen: Reading): VisibleVersion[] {
  const written = transaction.writes.map(({ journal, to }) => ({
    journal,
    version: to.version,
    firstSeen,
    waitMs: to.lease.waitMs,
  }))
  const onlyRead = decidedOn.filter(({ journal }) => written.every((write) => write.journal !== journal))
  return [...written, ...onlyRead]
}

/**
 * - `lost`: a head had moved on; `taken-over`: an intent was not there to take. Nothing happened.
 * - `busy`: nothing happened, and the same may be sent again.
 * - `unknown`: it may have landed, or may yet land.
 */
export type Outcome = 'committed' | 'lost' | 'taken-over' | 'busy' | 'unknown'

export async function send(store: JournalStore, transaction: Transaction): Promise<Outcome> {
  try {
    const outcome = await store.commit(transaction)
    if (outcome.status === 'committed') return 'committed'
    return outcome.intents.length > 0 ? 'taken-over' : 'lost'
  } catch (error) {
    if (error instanceof StoreError) return error.kind
    throw error
  }
}

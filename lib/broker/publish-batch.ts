import { BrokerError, invalid } from '../model/errors.ts'
import { fifoGroupsOf } from './copies.ts'
import type { Publication, PublishInput } from './publication.ts'
import { type PublishOutcome, publishMany } from './publish-many.ts'
import type { VhostSession } from './session.ts'

/** A message of a batch, or why the door could not read it. */
export type PublishEntry = Omit<PublishInput, 'exchange'> | BrokerError

/**
 * Publishes messages to one exchange, as {@link publishMany} does, and not more of them than one request may. Publish ids
 * are new unless `publishIdOf` says otherwise.
 */
export const publishBatch = (
  session: VhostSession,
  exchange: string,
  entries: readonly PublishEntry[],
  publishIdOf?: (index: number) => string,
): Promise<readonly PublishOutcome[]> =>
  publishMany(
    session,
    entries.map((entry) => (entry instanceof BrokerError ? entry : { exchange, ...entry })),
    { publishIdOf, admit: withinLimits },
  )

/** Each message of a group is a call of its own, one after the other (docs/api.md). */
const MAX_PER_FIFO_GROUP = 100
/** What one request sends or hands to the relay, so that time and memory suffice. */
const MAX_COPIES = 10_000

/** Entries beyond what one request may do are refused; the earlier ones are not. */
function withinLimits(routed: readonly (Publication | BrokerError)[]): readonly (Publication | BrokerError)[] {
  const perGroup = new Map<string, number>()
  let copies = 0
  return routed.map((entry) => {
    if (entry instanceof BrokerError) return entry
    copies += entry.queues.length
    if (copies > MAX_COPIES)
      return invalid(`a batch may make ${MAX_COPIES} copies at most: publish the rest in another`)
    const counts = fifoGroupsOf(entry).map((group) => {
      const count = (perGroup.get(group) ?? 0) + 1
      perGroup.set(group, count)
      return count
    })
    if (Math.max(0, ...counts) <= MAX_PER_FIFO_GROUP) return entry
    return invalid(
      `a batch may have ${MAX_PER_FIFO_GROUP} messages of a FIFO group at most: publish the rest in another`,
    )
  })
}

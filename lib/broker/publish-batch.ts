import { BrokerError, invalid } from '../model/errors.ts'
import { fifoGroupsOf } from './copies.ts'
import { deliverOnce } from './deliver-once.ts'
import { deliverWithinLengths } from './deliver-within-lengths.ts'
import { countPublished, type Publication, type PublishInput, routePublication } from './publication.ts'
import type { VhostSession } from './session.ts'

/** A message of a batch, or why the door could not read it. */
export type PublishEntry = Omit<PublishInput, 'exchange'> | BrokerError

export type PublishOutcome = { readonly routed: boolean } | { readonly error: BrokerError }

/**
 * Publishes messages to one exchange, each with an outcome of its own at its own place: a bad entry holds nobody up.
 * Copies for the same queue travel together; in one FIFO group they keep the order of the batch. Publish ids are new unless
 * `publishIdOf` says otherwise.
 */
export async function publishBatch(
  session: VhostSession,
  exchange: string,
  entries: readonly PublishEntry[],
  publishIdOf?: (index: number) => string,
): Promise<readonly PublishOutcome[]> {
  const routed = withinLimits(entries.map((entry, index) => routeEntry(session, exchange, entry, publishIdOf?.(index))))
  const publications = routed.filter((entry): entry is Publication => !(entry instanceof BrokerError))
  const failures = await deliverOnce(session, publications, deliverWithinLengths)
  const failureOf = new Map(publications.map((publication, index) => [publication, failures[index]]))
  return routed.map((entry) => outcomeOf(session, entry, entry instanceof BrokerError ? entry : failureOf.get(entry)))
}

function routeEntry(
  session: VhostSession,
  exchange: string,
  entry: PublishEntry,
  publishId: string | undefined,
): Publication | BrokerError {
  if (entry instanceof BrokerError) return entry
  try {
    return routePublication(session, { exchange, ...entry }, publishId)
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
}

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

function outcomeOf(
  session: VhostSession,
  entry: Publication | BrokerError,
  failure: BrokerError | undefined,
): PublishOutcome {
  if (failure) return { error: failure }
  return { routed: !(entry instanceof BrokerError) && countPublished(session, entry) }
}

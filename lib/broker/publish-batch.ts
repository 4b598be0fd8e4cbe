import { BrokerError } from '../model/errors.ts'
import { deliver } from './deliver.ts'
import { type Publication, type PublishInput, routePublication } from './publication.ts'
import type { VhostSession } from './session.ts'

/** A message of a batch, or why the door could not read it. */
export type PublishEntry = Omit<PublishInput, 'exchange'> | BrokerError

export type PublishOutcome = { readonly routed: boolean } | { readonly error: BrokerError }

/**
 * Publishes messages to one exchange, each with an outcome of its own at its own place: a bad entry holds nobody up.
 * Copies for the same queue travel together; in one FIFO group they keep the order of the batch.
 */
export async function publishBatch(
  session: VhostSession,
  exchange: string,
  entries: readonly PublishEntry[],
): Promise<readonly PublishOutcome[]> {
  const routed = entries.map((entry) => routeEntry(session, exchange, entry))
  const publications = routed.filter((entry): entry is Publication => !(entry instanceof BrokerError))
  const failures = await deliver(session, publications)
  const failureOf = new Map(publications.map((publication, index) => [publication, failures[index]]))
  return routed.map((entry) => outcomeOf(entry, entry instanceof BrokerError ? entry : failureOf.get(entry)))
}

function routeEntry(session: VhostSession, exchange: string, entry: PublishEntry): Publication | BrokerError {
  if (entry instanceof BrokerError) return entry
  try {
    return routePublication(session, { exchange, ...entry })
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
}

function outcomeOf(entry: Publication | BrokerError, failure: BrokerError | undefined): PublishOutcome {
  if (failure) return { error: failure }
  return { routed: !(entry instanceof BrokerError) && entry.queues.length > 0 }
}

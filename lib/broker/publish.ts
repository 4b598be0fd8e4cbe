import { deliverOnce } from './deliver-once.ts'
import { deliverWithinLengths } from './deliver-within-lengths.ts'
import { countPublished, type PublishInput, routePublication } from './publication.ts'
import type { VhostSession } from './session.ts'

/**
 * Publishes a message. Answering means that every copy is durable: in its SQS queue or, for standard queues, in the relay
 * queue, or held by an exchange until it is due. `routed` is false where it reached no queue. Throws BrokerError; after `unavailable` the outcome is unknown and a
 * repetition may make duplicates, never a loss (docs/architecture.md).
 */
export async function publish(session: VhostSession, input: PublishInput): Promise<{ routed: boolean }> {
  const publication = routePublication(session, input)
  const [failure] = await deliverOnce(session, [publication], deliverWithinLengths)
  if (failure) throw failure
  return { routed: countPublished(session, publication) }
}

import { BrokerError } from '../model/errors.ts'
import { deliverOnce } from './deliver-once.ts'
import { deliverWithinLengths } from './deliver-within-lengths.ts'
import { countPublished, type Publication, type PublishInput, routePublication } from './publication.ts'
import type { VhostSession } from './session.ts'
import type { PublishManner } from './statistics.ts'

export type PublishOutcome = { readonly routed: boolean } | { readonly error: BrokerError }

/** A message that may be sent, or why it may not. */
type Routed = Publication | BrokerError

export interface PublishManyOptions {
  /** Publish ids are new unless this says otherwise. */
  readonly publishIdOf?: ((index: number) => string) | undefined
  /** Whether nothing behind the first refused message is sent; then the outcomes end with its one. */
  readonly stopAtRefusal?: boolean
  /** What the publisher of each wants to be told, for the statistics. */
  readonly mannerOf?: ((index: number) => PublishManner) | undefined
  /** Refuses some of those that may be sent by themselves. */
  readonly admit?: (routed: readonly Routed[]) => readonly Routed[]
}

/**
 * Publishes messages, each with an outcome of its own at its own place: a bad one holds nobody up. Instead of a message
 * there may be the reason why the door could not read it. Copies for the same queue travel together; in one FIFO group
 * they keep their order. Never rejects with a BrokerError.
 */
export async function publishMany(
  session: VhostSession,
  inputs: readonly (PublishInput | BrokerError)[],
  { publishIdOf, stopAtRefusal = false, mannerOf, admit = (all) => all }: PublishManyOptions = {},
): Promise<readonly PublishOutcome[]> {
  const all = admit(inputs.map((input, index) => routeInput(session, input, publishIdOf?.(index))))
  const routed = stopAtRefusal ? upToRefusal(all) : all
  const publications = routed.filter((entry): entry is Publication => !(entry instanceof BrokerError))
  const failures = await deliverOnce(session, publications, deliverWithinLengths)
  const failureOf = new Map(publications.map((publication, index) => [publication, failures[index]]))
  return routed.map((entry, index) => {
    if (entry instanceof BrokerError) return { error: entry }
    const error = failureOf.get(entry)
    return error ? { error } : { routed: countPublished(session, entry, mannerOf?.(index)) }
  })
}

function routeInput(
  session: VhostSession,
  input: PublishInput | BrokerError,
  publishId: string | undefined,
): Publication | BrokerError {
  if (input instanceof BrokerError) return input
  try {
    return routePublication(session, input, publishId)
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
}

function upToRefusal(routed: readonly Routed[]): readonly Routed[] {
  const refused = routed.findIndex((entry) => entry instanceof BrokerError)
  return refused === -1 ? routed : routed.slice(0, refused + 1)
}

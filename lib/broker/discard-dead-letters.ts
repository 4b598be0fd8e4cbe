import { assertMatched, type DeadLetterFilter, queueOfDeadLetters, scanDeadLetters } from './dead-letter-scan.ts'
import type { VhostSession } from './session.ts'

export interface Discarded {
  readonly discardedCount: number
  /** About how many dead letters there were. */
  readonly totalCount: number
  /** If not, repeat it. */
  readonly isComplete: boolean
}

/** Deletes dead letters of a queue for good. Throws `invalid` where a filter fits none. */
export async function discardDeadLetters(
  session: VhostSession,
  { queue: name, filter }: { readonly queue: string; readonly filter: DeadLetterFilter },
): Promise<Discarded> {
  const queue = queueOfDeadLetters(session, name)
  const scanned = await scanDeadLetters(session, queue, { filter, visit: async (copies) => copies.map(() => true) })
  assertMatched(queue, filter, scanned)
  return { discardedCount: scanned.removedCount, totalCount: scanned.totalCount, isComplete: scanned.isComplete }
}

import { ClaimCheckError } from '../delivery/claim-checks.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import type { Message } from '../model/message.ts'
import { type DeadLetterFilter, queueOfDeadLetters, scanDeadLetters } from './dead-letter-scan.ts'
import type { VhostSession } from './session.ts'

/** A message that a queue keeps since it died without a dead-letter exchange. */
export interface DeadLetter {
  /** As it was in the queue, with its deaths; without a payload where that was in a blob which is gone. */
  readonly message: Omit<Message, 'payload'> & { readonly payload?: Uint8Array }
  readonly diedAtMs: number
}

export interface DeadLetterQuery {
  readonly queue: string
  readonly filter: DeadLetterFilter
  readonly max: number
  /** What a dead letter takes in the door's answer, exactly. */
  readonly encodedSizeOf: (letter: DeadLetter) => number
}

/** What one answer may hold: Lambda ends at 6 MB (docs/architecture.md). */
const MAX_ANSWER_BYTES = 4_500_000

/** Dead letters of a queue, as many as were asked for and fit an answer, and about how many there are. */
export async function listDeadLetters(
  session: VhostSession,
  { queue: name, filter, max, encodedSizeOf }: DeadLetterQuery,
): Promise<{ letters: readonly DeadLetter[]; totalCount: number }> {
  const queue = queueOfDeadLetters(session, name)
  const letters: DeadLetter[] = []
  let sizeBytes = 0
  const visit = async (copies: readonly ReceivedCopy[]): Promise<readonly boolean[]> => {
    for (const copy of copies) {
      const letter = await open(session, copy)
      sizeBytes += encodedSizeOf(letter)
      if (sizeBytes <= MAX_ANSWER_BYTES) letters.push(letter)
    }
    return []
  }
  const isFull = () => sizeBytes > MAX_ANSWER_BYTES
  const { totalCount } = await scanDeadLetters(session, queue, { filter, max, isFull, visit })
  return { letters: letters.toSorted((left, right) => left.diedAtMs - right.diedAtMs), totalCount }
}

async function open({ broker, vhost }: VhostSession, { message, sentAtMs }: ReceivedCopy): Promise<DeadLetter> {
  try {
    const envelope = await broker.delivery.claimChecks.open(message, vhost.id)
    return { message: envelope.message, diedAtMs: sentAtMs }
  } catch (error) {
    if (!(error instanceof ClaimCheckError)) throw error
    const { exchange, routingKey, properties } = message
    return { message: { exchange, routingKey, properties }, diedAtMs: sentAtMs }
  }
}

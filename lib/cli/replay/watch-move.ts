import { setTimeout as sleep } from 'node:timers/promises'
import type { SqsApi } from '../../delivery/sqs-client.ts'
import type { Move, SqsMoves } from '../../delivery/sqs-moves.ts'
import type { SqsQueues } from '../../delivery/sqs-queues.ts'
import { CommandError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'

/** A failed queue of a broker, and what it takes to look into it. */
export interface FailedMessages {
  /** Of the SQS queue. */
  readonly name: string
  readonly sqs: SqsApi
  readonly moves: SqsMoves
  readonly queues: SqsQueues
}

const POLL_MS = 1000
/** SQS lists a move a moment after it began. */
const LISTED_WITHIN_MS = 60_000

export async function runningMove({ moves, queues, name }: FailedMessages): Promise<Move | undefined> {
  const move = await moves.latest(queues.arnOf(name))
  return move?.status === 'RUNNING' ? move : undefined
}

/** Tells how far the move is that began at `sinceMs` or later, to its end. Throws `CommandError` where it ends early. */
export async function watchMove(
  { moves, queues, name }: FailedMessages,
  sinceMs: number,
  terminal: Terminal,
): Promise<void> {
  const unlistedAfterMs = performance.now() + LISTED_WITHIN_MS
  let told = ''
  for (;;) {
    const move = await moves.latest(queues.arnOf(name))
    if (move !== undefined && move.startedMs >= sinceMs) {
      const progress = `${name}: ${progressOf(move)}`
      if (progress !== told) terminal.tell(progress)
      told = progress
      if (hasCompleted(move)) return
    } else if (performance.now() > unlistedAfterMs) {
      throw new CommandError('SQS does not say how far it is: run this again to see')
    }
    await sleep(POLL_MS)
  }
}

function hasCompleted({ status, failure }: Move): boolean {
  if (status === 'FAILED') throw new CommandError(`SQS could not move all of them: ${failure ?? 'it does not say why'}`)
  if (status === 'CANCELLED') throw new CommandError('somebody cancelled it: run this again to move the rest')
  return status === 'COMPLETED'
}

const progressOf = ({ movedCount, totalCount }: Move): string =>
  `moved back ${movedCount}${totalCount === undefined ? '' : ` of about ${totalCount}`}`

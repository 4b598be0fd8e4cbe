import type { Deduplication } from './deduplication.ts'
import type { GroupCommit } from './group-commit.ts'
import type { InFlightLimit } from './in-flight-limit.ts'
import type { JsonObject } from './input.ts'
import type { LongPolls } from './long-polls.ts'
import type { MessageMoves } from './message-moves.ts'
import type { MessageStore } from './message-store.ts'
import type { MoveTasks } from './move-tasks.ts'
import type { Queue, QueueRegistry } from './queue-registry.ts'
import type { Sweeper } from './sweeper.ts'

/** What actions work with. */
export interface SqsContext {
  readonly accountId: string
  /** Epoch milliseconds. */
  readonly now: () => number
  readonly urlOf: (queue: Queue) => string
  readonly commit: GroupCommit
  readonly queues: QueueRegistry
  readonly messages: MessageStore
  readonly moves: MessageMoves
  readonly deduplication: Deduplication
  readonly inFlight: InFlightLimit
  readonly longPolls: LongPolls
  readonly sweeper: Sweeper
  readonly moveTasks: MoveTasks
}

/**
 * One action of the API. It runs inside the turn's transaction and answers the output's members, or a promise of them
 * where it has to wait. It throws SqsError before it writes.
 */
export type Action = (context: SqsContext, input: JsonObject, signal: AbortSignal) => object | Promise<object>

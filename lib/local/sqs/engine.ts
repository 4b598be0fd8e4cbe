import { ACTIONS, ANSWERED_WHEN_WRITTEN } from './actions/index.ts'
import type { Action, SqsContext } from './context.ts'
import { leaveSyncToCaller, logFileOf, openDatabase } from './database.ts'
import { Deduplication } from './deduplication.ts'
import { FileSync, NO_SYNC } from './disk-sync.ts'
import { SqsError } from './errors.ts'
import { FifoGroups } from './fifo-groups.ts'
import { GroupCommit } from './group-commit.ts'
import { InFlightLimit, MAX_IN_FLIGHT } from './in-flight-limit.ts'
import type { JsonObject } from './input.ts'
import { LongPolls } from './long-polls.ts'
import { MessageMoves } from './message-moves.ts'
import { MessageNumbers } from './message-numbers.ts'
import { MessageStore } from './message-store.ts'
import { MoveTasks } from './move-tasks.ts'
import { parseInput, renderError, renderOutput, type SqsResponse, TARGET_PREFIX } from './protocol.ts'
import { QueueRegistry } from './queue-registry.ts'
import { Sweeper } from './sweeper.ts'

export interface SqsEngineOptions {
  /** The SQLite file that is the engine's whole state, or ':memory:'. */
  readonly file: string
  /** Where the engine is reached, without a trailing slash: what queue URLs begin with. */
  readonly endpoint: () => string
  readonly region?: string
  readonly accountId?: string
  /** Epoch milliseconds; waits of long polls are measured in real time all the same. */
  readonly now?: () => number
  /** Told about every failure that a caller only sees as InternalError. */
  readonly onInternalError?: (error: unknown) => void
}

export interface SqsRequest {
  /** The `x-amz-target` header. */
  readonly target: string
  readonly body: string | Uint8Array
  /** Must abort if the caller is gone before the answer is written out, and only then: see `receiveMessage`. */
  readonly signal: AbortSignal
}

export interface SqsEngine {
  /** Never rejects: an error is a response too. It settles once what it confirms is on disk; see {@link ANSWERED_WHEN_WRITTEN}. */
  handle(request: SqsRequest): Promise<SqsResponse>
  /**
   * As {@link handle}, for callers in this process: the members of the input and of the output are those of the wire, and
   * nothing is parsed. Rejects with an {@link SqsError}, and with whatever is wrong with the engine.
   */
  call(action: string, input: JsonObject, signal: AbortSignal): Promise<object>
  /** Ends waiting receives empty-handed; those that come later wait as ever. */
  endWaits(): void
  /** Ends waiting receives empty-handed, commits and closes the file. Later requests answer InternalError. */
  close(): void
}

/**
 * SQS in one process: the AWS JSON 1.0 protocol over one SQLite file.
 * @throws if the file cannot be opened, or another process has it open.
 */
export function openSqsEngine(options: SqsEngineOptions): SqsEngine {
  const database = openDatabase(options.file)
  const numbers = new MessageNumbers(database)
  leaveSyncToCaller(database)
  const { accountId = '000000000000', region = 'us-east-1', now = Date.now } = options
  const hooks = {
    beforeCommit: () => longPolls.serveTouched(),
    afterRollback: () => {
      queues.reload()
      numbers.reload()
      messages.forget()
      inFlight.forget()
      longPolls.endAll()
    },
  }
  const disk = options.file === ':memory:' ? NO_SYNC : new FileSync(logFileOf(options.file))
  const commit = new GroupCommit(database, hooks, disk)
  const queues = new QueueRegistry(database, { accountId, region })
  const groups = new FifoGroups(database)
  const messages = new MessageStore(database, groups, numbers)
  const moves = new MessageMoves(database, messages)
  const inFlight = new InFlightLimit(MAX_IN_FLIGHT)
  const longPolls = new LongPolls(commit, (queueId) => {
    const queue = queues.findById(queueId)
    const readyAt = queue && messages.nextReadyAt(queue)
    return readyAt === undefined ? undefined : readyAt - now()
  })
  const moveTasks = new MoveTasks(database, commit, { queues, messages, numbers, moves, longPolls, now })
  const context: SqsContext = {
    accountId,
    now,
    urlOf: (queue) => `${options.endpoint()}/${accountId}/${queue.name}`,
    commit,
    queues,
    messages,
    moves,
    deduplication: new Deduplication(database),
    inFlight,
    longPolls,
    sweeper: new Sweeper(database, commit, (generation) => {
      messages.forgetGeneration(generation)
      inFlight.forgetGeneration(generation)
    }),
    moveTasks,
  }
  context.sweeper.wake()
  moveTasks.resume()

  const call = async (name: string, input: JsonObject, signal: AbortSignal): Promise<object> => {
    const action = findAction(name)
    return commit.run(() => action(context, input, signal), ANSWERED_WHEN_WRITTEN.has(name) ? 'written' : 'durable')
  }

  return {
    call,
    handle: async ({ target, body, signal }) => {
      try {
        return renderOutput(await call(actionOf(target), parseInput(body), signal))
      } catch (error) {
        if (!(error instanceof SqsError)) options.onInternalError?.(error)
        return renderError(error)
      }
    },
    endWaits: () => longPolls.endAll(),
    close: () => {
      longPolls.endAll()
      moveTasks.close()
      commit.close()
      if (database.isOpen) database.close()
    },
  }
}

/** A target without the prefix is no action of SQS, and is told so by its own name. */
const actionOf = (target: string): string =>
  target.startsWith(TARGET_PREFIX) ? target.slice(TARGET_PREFIX.length) : `target '${target}'`

function findAction(name: string): Action {
  const action = ACTIONS.get(name)
  if (action === undefined) throw new SqsError('InvalidAction', `The action ${name} is not valid for this endpoint.`)
  return action
}

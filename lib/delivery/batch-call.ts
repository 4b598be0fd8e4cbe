import type { Clock } from '../journal/clock.ts'
import type { BatchAnswer } from './sqs-client.ts'
import { BatchEntryError, failureOf, isMissingQueue, isThrottle, type SqsFailure } from './sqs-errors.ts'

/** What became of one entry of a batch. */
export type EntryOutcome =
  | { readonly status: 'done' }
  | ({ readonly status: 'failed' } & SqsFailure)
  | { readonly status: 'missing-queue' }

const DONE: EntryOutcome = Object.freeze({ status: 'done' })
const MISSING_QUEUE: EntryOutcome = Object.freeze({ status: 'missing-queue' })

/** SQS must name every entry in one of its two lists; one that it does not name has an unknown outcome. */
export const UNMENTIONED: EntryOutcome = Object.freeze({
  status: 'failed',
  retriable: true,
  error: new BatchEntryError('Unmentioned', 'SQS did not say what became of an entry'),
})

/** How often one entry is tried before its failure is reported. */
const MAX_ATTEMPTS = 4
const FIRST_PAUSE_MS = 25
const LONGEST_PAUSE_MS = 400

/**
 * Makes one batch call for up to ten items and again for those whose entries SQS throttled or failed to handle, with
 * full jitter. The outcomes are in the items' order; never rejects. `call` is given the items and sets the entries' ids to
 * their indices.
 *
 * A call that fails as a whole is not repeated here: the SDK has done so.
 */
export async function callBatch<Item>(
  items: readonly Item[],
  call: (items: readonly Item[]) => Promise<BatchAnswer>,
  clock: Pick<Clock, 'sleep' | 'random'>,
): Promise<readonly EntryOutcome[]> {
  const first = await attempt(items, call)
  if (!first.wasAnswered || first.outcomes.every((outcome) => outcome.status === 'done')) return first.outcomes
  const outcomes = [...first.outcomes]
  for (let attempts = 1; attempts < MAX_ATTEMPTS; attempts += 1) {
    const again = [...outcomes.keys()].filter((index) => isWorthRepeating(outcomes[index]))
    if (again.length === 0) break
    await clock.sleep(clock.random() * Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** attempts))
    const next = await attempt(
      again.map((index) => items[index] as Item),
      call,
    )
    for (const [position, index] of again.entries()) outcomes[index] = next.outcomes[position] ?? UNMENTIONED
    if (!next.wasAnswered) break
  }
  return outcomes
}

const isWorthRepeating = (outcome: EntryOutcome | undefined): boolean =>
  outcome?.status === 'failed' && outcome.retriable

async function attempt<Item>(
  items: readonly Item[],
  call: (items: readonly Item[]) => Promise<BatchAnswer>,
): Promise<{ wasAnswered: boolean; outcomes: readonly EntryOutcome[] }> {
  try {
    return { wasAnswered: true, outcomes: outcomesOf(items.length, await call(items)) }
  } catch (thrown) {
    const outcome = isMissingQueue(thrown) ? MISSING_QUEUE : ({ status: 'failed', ...failureOf(thrown) } as const)
    return { wasAnswered: false, outcomes: items.map(() => outcome) }
  }
}

function outcomesOf(count: number, { Successful = [], Failed = [] }: BatchAnswer): readonly EntryOutcome[] {
  const outcomes = new Array<EntryOutcome>(count).fill(UNMENTIONED)
  for (const { Id } of Successful) outcomes[Number(Id)] = DONE
  for (const { Id, Code = 'Unknown', Message = '', SenderFault = false } of Failed) {
    const retriable = !SenderFault || isThrottle(Code)
    outcomes[Number(Id)] = { status: 'failed', retriable, error: new BatchEntryError(Code, Message || Code) }
  }
  return outcomes
}

import { assertMayDelete } from '../access/permissions.ts'
import type { Intent } from '../journal/intents.ts'
import { preconditionFailed } from '../model/errors.ts'
import { describeObject } from '../model/names.ts'
import { ownSqsNames, type Queue } from '../model/queue.ts'
import { decideVhost } from '../topology/vhost/decide.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import { commitOf, stateOf, stillThere } from './change.ts'
import type { VhostSession } from './session.ts'
import { deletingIntents, finishDeletingOrLeave } from './sqs-intents.ts'

export interface QueueDeletion {
  readonly name: string
  readonly ifEmpty: boolean
}

/**
 * Deletes a queue with its bindings and messages (contract §1.2); an adopted SQS queue stays, with what is in it. The SQS
 * queue goes last, when no publish that knew it can be under way any more. Throws `not-found`, and `precondition-failed` where it should be empty and is not.
 */
export async function deleteQueue(session: VhostSession, { name, ifEmpty }: QueueDeletion): Promise<void> {
  const { broker, access, user, vhost } = session
  assertMayDelete(access, user, vhost.vhost, { kind: 'queue', name })
  const existing = vhost.queueByName(name)
  if (ifEmpty && existing) await assertEmpty(session, existing)
  const { result: intents, versions } = await broker.journals.transact({
    ...commitOf(session),
    journals: (current) => [stillThere(session, current)],
    decide: ({ vhosts }): { writes: []; result: readonly Intent[] } | ReturnType<typeof decideDeletion> =>
      decideDeletion(broker, stateOf(vhosts, vhost.id), name, ifEmpty ? existing?.id : undefined),
  })
  await broker.journals.settled(versions)
  await finishDeletingOrLeave(broker, intents)
}

/**
 * What deletes a queue: events, and intents for its SQS queues. `onlyId`: the queue that was found empty or unused; one that
 * has taken its name since is another. Throws `not-found`.
 */
export function decideDeletion(broker: Broker, state: VhostState, name: string, onlyId: string | undefined) {
  const events = decideVhost(state, { type: 'delete-queue', name, onlyId, nowMs: broker.clock.wallMs() })
  const queue = state.queueByName(name)
  const intents = deletingIntents(broker, queue ? ownSqsNames(queue) : [])
  return { writes: [{ journal: state.id, events }], intents: { put: intents }, result: intents }
}

/** Looks into the queue: SQS's counts are approximate, and a copy that somebody holds is there as well. */
async function assertEmpty({ broker, vhost }: VhostSession, queue: Queue): Promise<void> {
  const empty = await Promise.all(queue.sqsQueues.map((sqsQueue) => broker.delivery.isEmpty(sqsQueue.name)))
  if (empty.every(Boolean)) return
  throw preconditionFailed(`${describeObject('queue', queue.name, vhost.vhost)} not empty`)
}

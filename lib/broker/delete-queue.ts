import { assertMayDelete } from '../access/permissions.ts'
import type { Intent } from '../journal/intents.ts'
import { BrokerError, notFound, preconditionFailed } from '../model/errors.ts'
import { describeObject } from '../model/names.ts'
import { ownSqsNames, type Queue } from '../model/queue.ts'
import { decideVhost } from '../topology/vhost/decide.ts'
import { assertUnlocked } from '../topology/vhost/exclusive.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import { type Committed, commitOf, committed, LEVERET, newId, stateOf, stillThere, whenSettled } from './change.ts'
import { consumerCount } from './consumer-counts.ts'
import type { VhostContext, VhostSession } from './session.ts'
import { deletingIntents, finishDeletingOrLeave } from './sqs-intents.ts'

export interface QueueDeletion {
  readonly name: string
  readonly ifEmpty: boolean
  /** Only if it has no consumers; those that poll its SQS queue themselves are not known. */
  readonly ifUnused?: boolean
  /** The queue that is meant: a later one of the same name is left alone. */
  readonly onlyId?: string | undefined
}

/**
 * Deletes a queue with its bindings and messages (contract §1.2); an adopted SQS queue stays, with what is in it. The SQS
 * queue goes last, when no publish that knew it can be under way any more. Throws `not-found`, and `precondition-failed` where it should be empty
 * or unused and is not.
 */
export async function deleteQueue(session: VhostSession, deletion: QueueDeletion): Promise<void> {
  if ((await whenSettled(commitQueueDeletion(session, deletion))) === 'missing') throw notFound()
}

/** As {@link deleteQueue}, for doors with connections, which do not mind that there is none. */
export async function commitQueueDeletion(
  session: VhostSession,
  { name, ifEmpty, ifUnused = false, onlyId }: QueueDeletion,
): Promise<Committed<'deleted' | 'missing'>> {
  const { broker, access, user, vhost, connection } = session
  assertMayDelete(access, user, vhost.vhost, { kind: 'queue', name })
  const existing = vhost.queueByName(name)
  if (existing) assertUnlocked(existing, connection, vhost.vhost)
  if (ifUnused && existing) await assertUnused(session, existing)
  if (ifEmpty && existing) await assertEmpty(session, existing)
  const { result, versions } = await broker.journals.transact({
    ...commitOf(session),
    journals: (current) => [stillThere(session, current)],
    decide: ({ vhosts }): Deletion | { writes: []; result: undefined } => {
      const state = stateOf(vhosts, vhost.id)
      const queue = state.queueByName(name)
      if (queue) assertUnlocked(queue, connection, vhost.vhost)
      const meantId = onlyId ?? (ifEmpty || ifUnused ? existing?.id : undefined)
      if (!queue || (meantId !== undefined && queue.id !== meantId)) return { writes: [], result: undefined }
      return decideDeletion(broker, state, name, meantId)
    },
  })
  return committed(broker, versions, result ? 'deleted' : 'missing', () => finishDeletingOrLeave(broker, result ?? []))
}

type Deletion = ReturnType<typeof decideDeletion>

/**
 * What deletes a queue: events, and intents for its SQS queues. `onlyId`: the queue that was found empty or unused; one that
 * has taken its name since is another. Throws `not-found`.
 */
export function decideDeletion(broker: Broker, state: VhostState, name: string, onlyId: string | undefined) {
  const events = decideVhost(state, { type: 'delete-queue', name, onlyId, nowMs: broker.clock.wallMs() })
  const queue = state.queueByName(name)
  const intents: readonly Intent[] = deletingIntents(broker, queue ? ownSqsNames(queue) : [])
  return { writes: [{ journal: state.id, events }], intents: { put: intents }, result: intents }
}

/**
 * Deletes this very queue because nobody uses it, if `condition` holds on the state that decides; nothing happens where
 * somebody has deleted it, or its vhost.
 */
export async function deleteQueueIf(
  { broker, vhost }: VhostContext,
  { id, name }: Queue,
  condition: (state: VhostState, current: Queue) => boolean = () => true,
): Promise<void> {
  const { journals } = broker
  try {
    const { result: intents, versions } = await journals.transact({
      arrival: journals.arrival(),
      who: LEVERET,
      commitId: newId(broker),
      journals: () => [vhost.id],
      decide: ({ vhosts }) => {
        const state = stateOf(vhosts, vhost.id)
        const current = state.queueById(id)
        if (!current || !condition(state, current)) return { writes: [], result: [] }
        return decideDeletion(broker, state, name, id)
      },
    })
    await journals.settled(versions)
    await finishDeletingOrLeave(broker, intents)
  } catch (error) {
    if (!(error instanceof BrokerError) || error.kind !== 'not-found') throw error
  }
}

async function assertUnused({ broker, vhost }: VhostSession, queue: Queue): Promise<void> {
  if ((await consumerCount(broker, queue)) === 0) return
  throw preconditionFailed(`${describeObject('queue', queue.name, vhost.vhost)} in use`)
}

/**
 * Looks into the queue: SQS's counts are approximate, and a copy that somebody holds is there as well. What is in the
 * memory of a gateway, that gateway knows.
 */
async function assertEmpty({ broker, vhost }: VhostSession, queue: Queue): Promise<void> {
  const sqsQueues = queue.sqsQueues.filter(({ inbox }) => !inbox)
  const empty = await Promise.all(sqsQueues.map((sqsQueue) => broker.delivery.isEmpty(sqsQueue.name)))
  if (empty.every(Boolean)) return
  throw preconditionFailed(`${describeObject('queue', queue.name, vhost.vhost)} not empty`)
}

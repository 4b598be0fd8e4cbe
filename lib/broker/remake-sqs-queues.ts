import { isPhysicalName } from '../delivery/physical-name.ts'
import { isDeletedRecently } from '../delivery/sqs-errors.ts'
import { unavailable } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import type { AccessState } from '../topology/access/state.ts'
import type { VhostSession } from './session.ts'
import { CONTROL_PLANE_CONCURRENCY } from './sqs-intents.ts'

/** For so long SQS refuses the name of a deleted queue (SQS API Reference, CreateQueue). */
const NAME_BLOCKED_S = 60

/**
 * Makes the SQS queues of a declared queue anew where they were deleted behind our back: empty, under their old names, so
 * that workers, event sources and copies on their way find them. Those that were not made by the broker are left alone.
 * Repeating it is harmless.
 *
 * No intent guards it: the clock would delete what an intent names, and these belong to a declared queue. Instead the
 * queue must still be declared afterwards, else they go again. Dying in between while somebody deletes the queue leaves
 * an empty SQS queue, which `leveret doctor` finds.
 *
 * Throws `unavailable` while SQS blocks the names.
 */
export async function remakeMissing(session: VhostSession, queue: Queue): Promise<void> {
  const missing = await missingSqsQueues(session, queue)
  if (missing.length === 0) return
  const { queues } = session.broker.delivery
  const settings = session.vhost.settingsOf(queue)
  try {
    await queues.createAll(
      missing.map((name) => ({ name, settings })),
      CONTROL_PLANE_CONCURRENCY,
    )
  } catch (error) {
    if (!isDeletedRecently(error)) throw error
    throw unavailable(
      `the SQS queue of queue '${queue.name}' was deleted a moment ago, and SQS blocks its name for ${NAME_BLOCKED_S} s: declare it again then`,
      { retryAfterS: NAME_BLOCKED_S },
    )
  }
  if (!(await isStillDeclared(session, queue))) await queues.deleteAll(missing, CONTROL_PLANE_CONCURRENCY)
}

/**
 * A count tells whether an SQS queue is there, and one that was read a moment ago counts too: many clients declare the
 * same queues as they start. A declaration that changes nothing does not fail because SQS cannot be asked.
 */
async function missingSqsQueues({ broker }: VhostSession, { sqsQueues }: Queue): Promise<string[]> {
  const names = sqsQueues.map(({ name }) => name).filter((name) => isPhysicalName(broker.config.namePrefix, name))
  const counts = await broker.delivery.counter.count(names).catch(() => [])
  return names.filter((_, index) => counts[index]?.state === 'down')
}

async function isStillDeclared(session: VhostSession, { id }: Queue): Promise<boolean> {
  const { journals } = session.broker
  const journalOf = (access: AccessState) => access.vhosts.get(session.vhost.vhost)?.id
  const { vhost } = await journals.view(journals.arrival(), { vhost: journalOf, confirm: true })
  return vhost?.queueById(id) !== undefined
}

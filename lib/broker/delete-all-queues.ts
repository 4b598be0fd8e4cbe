import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import { CONTROL_PLANE_CONCURRENCY, finishDeleting } from './sqs-intents.ts'
import { sqsNamesIn } from './vhosts.ts'

/**
 * Deletes the SQS queues of all declared queues, with what is in them, and those that unfinished work names. For a broker
 * whose journals are about to be deleted as well: they still name the queues afterwards. Repeatable; nothing happens where
 * nothing was ever set up.
 */
export async function deleteAllQueues(broker: Broker): Promise<void> {
  const { journals, delivery } = broker
  if (!(await journals.isSetUp())) return
  const { access } = await journals.view(journals.arrival(), { confirm: true })
  const ids = Array.from(access.vhosts.values(), ({ id }) => id)
  for (const id of ids) {
    const { vhost } = await journals.view(journals.arrival(), { vhost: () => id, confirm: true })
    if (vhost) await delivery.queues.deleteAll([...sqsNamesIn(vhost), ...inboxesIn(vhost)], CONTROL_PLANE_CONCURRENCY)
  }
  for (const intent of await journals.intents.olderThan(0)) await finishDeleting(broker, intent)
}

/** Of gateways that died and that nobody will clear up after any more. */
const inboxesIn = (vhost: VhostState): string[] => [
  ...new Set(Array.from(vhost.exclusiveQueues(), ({ queue }) => queue.sqsQueues.map(({ name }) => name)).flat()),
]

import { internalQueueName, internalQueues } from '../config.ts'
import type { CopyIdentity } from '../delivery/copy.ts'
import { DEATH_ATTRIBUTE, type DeathNote, parseDeathNote } from '../delivery/death-note.ts'
import type { DeathReason } from '../model/death.ts'
import type { Queue } from '../model/queue.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import type { Broker } from './broker.ts'
import type { DeadRecord } from './dead-record.ts'
import type { VhostContext } from './session.ts'
import { viewVhost } from './view-vhost.ts'

/** Where a message of the internal queues of dead messages died, and why. */
export interface Death {
  readonly context: VhostContext
  readonly queue: Queue
  /** The journal says that the queue was deleted. */
  readonly isDeleted: boolean
  readonly reason: DeathReason | 'received-too-often'
}

/** Of what the broker put there itself, its note says it; of the rest SQS does. Throws where there never was such a queue, or long ago. */
export function findDeath(broker: Broker, record: DeadRecord, identity: CopyIdentity | undefined): Promise<Death> {
  const note = record.messageAttributes[DEATH_ATTRIBUTE]?.stringValue
  if (note !== undefined) return findNoted(broker, parseDeathNote(note))
  const sourceName = record.attributes.DeadLetterQueueSourceArn?.split(':').at(-1)
  return findSource(broker, sourceName ?? UNKNOWN, identity)
}

const UNKNOWN = 'unknown'

async function findNoted(broker: Broker, { vhostId, queueId, reason }: DeathNote): Promise<Death> {
  for (const confirm of [false, true]) {
    const context = await viewVhost(broker, vhostId, { confirm })
    const queue = context?.vhost.queueById(queueId)
    if (context && queue) return { context, queue, isDeleted: false, reason }
    const deleted = context?.vhost.deletedQueueById(queueId)
    if (context && deleted) return { context, queue: deleted, isDeleted: true, reason }
  }
  throw new Error(`the queue '${queueId}' that a message died in is gone`)
}

/**
 * The queue that SQS took a message out of: that of the SQS queue it was in, or, where SQS does not say or names one of
 * Leveret's own, the one that it was sent to. One that is deleted is the last choice: another may have its SQS queue now.
 */
async function findSource(broker: Broker, sqsQueueName: string, identity: CopyIdentity | undefined): Promise<Death> {
  const reason = 'received-too-often'
  const living = (vhost: VhostState) =>
    vhost.queueBySqsName(sqsQueueName) ?? (identity && vhost.queueById(identity.queueId))
  // What was in an SQS queue of somebody else is not gone because its copy says that it was once sent to a deleted queue.
  const identified = isOwn(broker, sqsQueueName) ? identity : undefined
  const deleted = (vhost: VhostState) =>
    vhost.deletedQueueBySqsName(sqsQueueName) ?? (identified && vhost.deletedQueueById(identified.queueId))
  const found = (await findInVhosts(broker, living, false)) ?? (await findInVhosts(broker, living, true))
  if (found) return { ...found, isDeleted: false, reason }
  const gone = await findInVhosts(broker, deleted, true)
  if (gone) return { ...gone, isDeleted: true, reason }
  throw new Error(`no queue owns the SQS queue '${sqsQueueName}' that a message died in`)
}

const isOwn = ({ config }: Broker, sqsQueueName: string): boolean =>
  sqsQueueName === UNKNOWN || internalQueues().some((queue) => internalQueueName(config, queue) === sqsQueueName)

async function findInVhosts(
  broker: Broker,
  find: (vhost: VhostState) => Queue | undefined,
  confirm: boolean,
): Promise<{ context: VhostContext; queue: Queue } | undefined> {
  const { journals } = broker
  const { access } = await journals.view(journals.arrival(), { confirm })
  for (const { id } of [...access.vhosts.values()]) {
    const context = await viewVhost(broker, id, { confirm })
    const queue = context && find(context.vhost)
    if (context && queue) return { context, queue }
  }
  return undefined
}

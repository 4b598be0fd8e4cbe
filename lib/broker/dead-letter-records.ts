import type { CopyIdentity } from '../delivery/copy.ts'
import { DEATH_ATTRIBUTE, type DeathNote, parseDeathNote } from '../delivery/death-note.ts'
import { decodeMessage } from '../delivery/envelope.ts'
import { isUndecodable, type LambdaRecord, parseReceived, toSdkRecord } from '../delivery/received-copy.ts'
import { logError } from '../log.ts'
import type { DeathReason } from '../model/death.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { deadLetter, fateOf } from './dead-letter.ts'
import { openDeadLetters } from './open-dead-letters.ts'
import type { VhostContext } from './session.ts'
import { viewVhost } from './view-vhost.ts'

/** A record of the internal queues `dead` and `dead.fifo`. */
export interface DeadRecord extends LambdaRecord {
  readonly messageId: string
}

/**
 * Dead-letters what SQS took out of queues because it was received too often, and what was left to be done of other deaths
 * (docs/architecture.md); answers the ids of the
 * records that are to stay. Records of one group of a FIFO queue are passed on one by one: behind one that stays, all of
 * its group stay. Nothing is dropped for being unknown here: after enough attempts SQS moves it to the failed queue.
 */
export async function deadLetterRecords(broker: Broker, records: readonly DeadRecord[]): Promise<readonly string[]> {
  const lanes = Map.groupBy(records, ({ messageId, attributes }) => attributes.MessageGroupId ?? messageId)
  const left = await Promise.all(Array.from(lanes.values(), (lane) => passOnInOrder(broker, lane)))
  return left.flat().map(({ messageId }) => messageId)
}

/** Answers what stays: the first record that could not be passed on and all behind it. */
async function passOnInOrder(broker: Broker, lane: readonly DeadRecord[]): Promise<readonly DeadRecord[]> {
  for (const [index, record] of lane.entries()) {
    try {
      await passOn(broker, record)
    } catch (error) {
      logError('a dead message is left to be passed on later', error, { messageId: record.messageId })
      return lane.slice(index)
    }
  }
  return []
}

async function passOn(broker: Broker, record: DeadRecord): Promise<void> {
  const copy = parseReceived(toSdkRecord(record), '')
  if (isUndecodable(copy)) throw copy.error
  const { context, queue, reason } = await findDeath(broker, record, copy.identity)
  const { claimChecks } = broker.delivery
  const envelope = await claimChecks.open(decodeMessage(copy.stored, queue.name), context.vhost.id)
  const dead = { envelope, identity: copy.identity }
  const isKept = fateOf(context.vhost, queue, dead, reason) === 'keep'
  const source = isKept ? await openDeadLetters(context, queue) : queue
  const [failure] = await deadLetter(context, source, [dead], reason)
  if (failure) throw failure
}

interface Death {
  readonly context: VhostContext
  readonly queue: Queue
  readonly reason: DeathReason
}

/** Of what the broker put there itself, its note says it; of the rest SQS does. Throws where there is no such queue. */
function findDeath(broker: Broker, record: DeadRecord, identity: CopyIdentity | undefined): Promise<Death> {
  const note = record.messageAttributes[DEATH_ATTRIBUTE]?.stringValue
  if (note !== undefined) return findNoted(broker, parseDeathNote(note))
  const sourceName = record.attributes.DeadLetterQueueSourceArn?.split(':').at(-1)
  return findSource(broker, sourceName ?? 'unknown', identity)
}

async function findNoted(broker: Broker, { vhostId, queueId, reason }: DeathNote): Promise<Death> {
  for (const confirm of [false, true]) {
    const context = await viewVhost(broker, vhostId, { confirm })
    const queue = context?.vhost.queueById(queueId)
    if (context && queue) return { context, queue, reason }
  }
  throw new Error(`the queue '${queueId}' that a message died in is gone`)
}

/**
 * The queue that SQS took a message out of: that of the SQS queue it was in, or, where SQS does not say or names one of
 * Leveret's own, the one that it was sent to.
 */
async function findSource(broker: Broker, sqsQueueName: string, identity: CopyIdentity | undefined): Promise<Death> {
  const { journals } = broker
  for (const confirm of [false, true]) {
    const { access } = await journals.view(journals.arrival(), { confirm })
    for (const { id } of [...access.vhosts.values()]) {
      const context = await viewVhost(broker, id, { confirm })
      const queue =
        context?.vhost.queueBySqsName(sqsQueueName) ?? (identity && context?.vhost.queueById(identity.queueId))
      if (context && queue) return { context, queue, reason: 'delivery_limit' }
    }
  }
  throw new Error(`no queue owns the SQS queue '${sqsQueueName}' that a message died in`)
}

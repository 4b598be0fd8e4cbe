import type { CopyIdentity } from '../delivery/copy.ts'
import { decodeMessage } from '../delivery/envelope.ts'
import { isUndecodable, type LambdaRecord, parseReceived, toSdkRecord } from '../delivery/received-copy.ts'
import { logError } from '../log.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { deadLetter } from './dead-letter.ts'
import type { VhostContext } from './session.ts'
import { viewVhost } from './view-vhost.ts'

/** A record of the internal queues `dead` and `dead.fifo`. */
export interface DeadRecord extends LambdaRecord {
  readonly messageId: string
}

/**
 * Dead-letters what SQS took out of queues because it was received too often (docs/architecture.md); answers the ids of the
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
  const { context, queue } = await findSource(broker, sourceNameOf(record), copy.identity)
  const { claimChecks } = broker.delivery
  const envelope = await claimChecks.open(decodeMessage(copy.stored, queue.name), context.vhost.id)
  const [failure] = await deadLetter(context, queue, [{ envelope, identity: copy.identity }], 'delivery_limit')
  if (failure) throw failure
}

/** The SQS queue that a message was in. */
const sourceNameOf = ({ attributes }: DeadRecord): string =>
  attributes.DeadLetterQueueSourceArn?.split(':').at(-1) ?? UNKNOWN

const UNKNOWN = 'unknown'

interface Source {
  readonly context: VhostContext
  readonly queue: Queue
}

/**
 * The queue that a message died in: that of the SQS queue it was in, or, where SQS does not say or names one of Leveret's
 * own, the one that it was sent to. Throws where there is none.
 */
async function findSource(broker: Broker, sqsQueueName: string, identity: CopyIdentity | undefined): Promise<Source> {
  const { journals } = broker
  for (const confirm of [false, true]) {
    const { access } = await journals.view(journals.arrival(), { confirm })
    for (const { id } of [...access.vhosts.values()]) {
      const context = await viewVhost(broker, id, { confirm })
      const queue =
        context?.vhost.queueBySqsName(sqsQueueName) ?? (identity && context?.vhost.queueById(identity.queueId))
      if (context && queue) return { context, queue }
    }
  }
  throw new Error(`no queue owns the SQS queue '${sqsQueueName}' that a message died in`)
}

import { decodeMessage } from '../delivery/envelope.ts'
import { isUndecodable, parseReceived, toSdkRecord } from '../delivery/received-copy.ts'
import { logError } from '../log.ts'
import type { DeathReason } from '../model/death.ts'
import type { Queue } from '../model/queue.ts'
import { maxReceiveCountOf } from '../topology/vhost/queue-settings.ts'
import type { Broker } from './broker.ts'
import { newId } from './change.ts'
import type { DeadCopy } from './dead-copy.ts'
import { deadLetter, fateOf, withBcc } from './dead-letter.ts'
import type { DeadRecord } from './dead-record.ts'
import { deliver } from './deliver.ts'
import { isExpired } from './expire.ts'
import { type Death, findDeath } from './find-death.ts'
import { openDeadLetters } from './open-dead-letters.ts'
import type { Publication } from './publication.ts'
import type { VhostContext } from './session.ts'
import { looksSince } from './sweep-chains.ts'

/**
 * Dead-letters what SQS took out of queues because it was received too often, and what was left to be done of other deaths
 * (docs/architecture.md); answers the ids of the records that are to stay. Records of one group of a FIFO queue are passed on one by one: behind one that stays, all of
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
  const death = await findDeath(broker, record, copy.identity)
  const { context, queue, reason } = death
  const { claimChecks } = broker.delivery
  const envelope = await claimChecks.open(decodeMessage(copy.stored, queue.name), context.vhost.id)
  const dead = { envelope, identity: copy.identity }
  if (death.isDeleted) return bury(death, dead)
  if (reason === 'received-too-often') return judge(context, queue, dead, copy.sentAtMs)
  return die(context, queue, dead, reason)
}

/**
 * A message goes with its queue, as in RabbitMQ, unless it had died before and its queue had a dead-letter exchange. SQS
 * counts looks as well, so one that SQS took out of a queue with a limit may not have died; it is not lost in any case.
 */
async function bury({ context, queue, reason }: Death, dead: DeadCopy): Promise<void> {
  const isExpiry = reason === 'received-too-often' && isExpired(dead, context.broker.clock.wallMs())
  const given = isExpiry ? 'expired' : reason
  const isLimited = context.vhost.settingsOf(queue).deliveryLimit !== undefined
  const died = given !== 'received-too-often' ? given : isLimited ? 'delivery_limit' : undefined
  if (died === undefined || fateOf(context.vhost, queue, dead, died) !== 'publish') return assertGone(queue)
  const [failure] = await deadLetter(context, queue, [dead], died)
  if (failure) throw failure
}

/** An SQS queue that was only given to the broker outlives the queue, with what is in it: no message of it is gone. */
function assertGone({ name, sqsQueues }: Queue): void {
  if (sqsQueues.some(({ adopted }) => adopted)) throw new Error(`queue '${name}' is gone, and its SQS queue may not be`)
}

async function die(context: VhostContext, queue: Queue, dead: DeadCopy, reason: DeathReason): Promise<void> {
  const isKept = fateOf(context.vhost, queue, dead, reason) === 'keep'
  const source = isKept ? await openDeadLetters(context, queue) : queue
  const [failure] = await deadLetter(context, source, [dead], reason)
  if (failure) throw failure
}

/**
 * SQS counts every receive, and looking for expired messages is one that is no delivery. A message dies once it is certain
 * that it was delivered more often than the limit; until then it goes back to its queue as it was, to be counted anew.
 */
async function judge(context: VhostContext, queue: Queue, dead: DeadCopy, sentAtMs: number): Promise<void> {
  if (isExpired(dead, context.broker.clock.wallMs())) return die(context, queue, dead, 'expired')
  const settings = context.vhost.settingsOf(queue)
  // SQS gives what it moves out of a FIFO queue a new time.
  const looks = await looksSince(context.broker, queue.id, queue.fifo ? 0 : sentAtMs)
  const deliveries = (dead.identity?.deliveries ?? 0) + Math.max(0, maxReceiveCountOf(settings) - looks)
  if (settings.deliveryLimit !== undefined && deliveries > settings.deliveryLimit) {
    return die(context, queue, dead, 'delivery_limit')
  }
  const [failure] = await deliver(context, [returned(context, queue, dead, deliveries)])
  if (failure) throw failure
}

function returned(
  { broker, version }: VhostContext,
  queue: Queue,
  { envelope, identity }: DeadCopy,
  deliveries: number,
): Publication {
  return {
    publishId: identity?.publishId ?? newId(broker),
    hop: (identity?.hop ?? 0) + 1,
    message: withBcc(envelope.message, envelope.bccKeys),
    queues: [queue],
    effects: [],
    version,
    returned: { deliveries, expiresAtMs: identity?.expiresAtMs },
  }
}

import { assertMayConsume } from '../access/permissions.ts'
import type { Envelope } from '../delivery/envelope.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import { MAX_TAG_MESSAGE_BYTES } from '../delivery/tags.ts'
import { preconditionFailed, unavailable } from '../model/errors.ts'
import type { Message } from '../model/message.ts'
import { noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import { deadLetter } from './dead-letter.ts'
import { countReady } from './queue-counts.ts'
import type { VhostSession } from './session.ts'
import { sealTag } from './tags.ts'

/** Contract §1.4, and `manual`: the caller settles what it got by delivery tag (DESIGN §8). */
export type AckMode =
  | 'ack_requeue_true'
  | 'ack_requeue_false'
  | 'reject_requeue_true'
  | 'reject_requeue_false'
  | 'manual'

export interface GetInput {
  readonly queue: string
  readonly count: number
  readonly ackMode: AckMode
  /** How long to wait for the first message, 0 to 20 s. */
  readonly waitS: number
  /** How long messages got with `manual` stay hidden from others. */
  readonly visibilityS?: number | undefined
  /** What a payload will take in the door's answer. */
  readonly encodedSizeOf: (payload: Uint8Array) => number
}

export interface GotMessage {
  readonly message: Message
  readonly redelivered: boolean
  /** 1 for the first delivery. */
  readonly deliveryCount: number
  /** Ready messages still behind this one; approximate, as SQS counts. */
  readonly messageCount: number
  /** With `manual` only. */
  readonly deliveryTag?: string
}

/** What one answer may hold: Lambda ends at 6 MB (DESIGN §5). */
const MAX_ANSWER_BYTES = 4_500_000
/** What a message takes in an answer beside its payload and its properties. */
const MESSAGE_OVERHEAD_BYTES = 1000
const BATCH = 10
/** Long enough to answer in; whoever dies meanwhile gives the messages back by it. */
const ANSWER_VISIBILITY_S = 30

interface Held {
  readonly copy: ReceivedCopy
  readonly envelope: Envelope
}

/**
 * Gets messages. All are fetched before any goes back, so that no message comes twice in one answer; what the answer has no
 * room for goes back too, and only what it holds is removed. Throws `not-found`, and `unavailable` where SQS cannot be used.
 */
export async function getMessages(session: VhostSession, input: GetInput): Promise<readonly GotMessage[]> {
  const { access, user, vhost } = session
  assertMayConsume(access, user, vhost.vhost, input.queue)
  const queue = vhost.queueByName(input.queue)
  if (!queue) throw noSuchObject('queue', input.queue, vhost.vhost)
  const sqsQueueName = queue.sqsQueues[0]?.name ?? ''
  const held = await receiveUpTo(session, queue, sqsQueueName, input)
  const ready = held.length === 0 ? 0 : await countReady(session.broker, sqsQueueName)
  const deadlineMs = session.broker.clock.wallMs() + visibilityOf(input) * 1000
  const got = await Promise.all(
    held.map(async ({ copy, envelope }, index): Promise<GotMessage> => {
      const { redelivered, receiveCount: deliveryCount } = copy
      const shown = {
        message: envelope.message,
        redelivered,
        deliveryCount,
        messageCount: ready + held.length - 1 - index,
      }
      if (input.ackMode !== 'manual') return shown
      return { ...shown, deliveryTag: await sealTag(session, queue, { copy, envelope, sqsQueueName, deadlineMs }) }
    }),
  )
  await settleAll(session, queue, sqsQueueName, held, input.ackMode)
  return got
}

const visibilityOf = ({ ackMode, visibilityS }: GetInput): number =>
  ackMode === 'manual' ? (visibilityS ?? ANSWER_VISIBILITY_S) : ANSWER_VISIBILITY_S

/** Receives in small steps, so that what is in memory stays near what the answer may hold. */
async function receiveUpTo(
  session: VhostSession,
  queue: Queue,
  sqsQueueName: string,
  input: GetInput,
): Promise<readonly Held[]> {
  const held: Held[] = []
  let sizeBytes = 0
  while (held.length < input.count) {
    const copies = await receiveSome(session, queue, sqsQueueName, input, held.length)
    if (copies.length === 0) break
    for (const [index, copy] of copies.entries()) {
      const opened = await openOrReturn(session, sqsQueueName, copies.slice(index), copy, held)
      sizeBytes += sizeOf(copy, input.encodedSizeOf(opened.envelope.message.payload), input.ackMode)
      if (sizeBytes > MAX_ANSWER_BYTES) {
        await makeVisible(session, sqsQueueName, copies.slice(index))
        if (held.length === 0) throw tooLarge(sizeBytes)
        return held
      }
      held.push(opened)
    }
  }
  return held
}

/**
 * An answer is JSON within Lambda's JSON, where each quote of the properties takes up to four bytes; a tag is base64 of
 * what a reject needs.
 */
function sizeOf({ stored }: ReceivedCopy, payloadBytes: number, ackMode: AckMode): number {
  const attributeBytes = stored.attribute?.length ?? 0
  const tagBytes = ackMode === 'manual' ? 2 * (Math.min(stored.body.length, MAX_TAG_MESSAGE_BYTES) + attributeBytes) : 0
  return payloadBytes + 4 * attributeBytes + tagBytes + MESSAGE_OVERHEAD_BYTES
}

const tooLarge = (sizeBytes: number) =>
  preconditionFailed(
    `the next message takes ${sizeBytes} bytes of an answer that may have ${MAX_ANSWER_BYTES}: get it with a truncate, or from SQS`,
  )

async function receiveSome(
  { broker }: VhostSession,
  queue: Queue,
  sqsQueueName: string,
  input: GetInput,
  alreadyHeld: number,
): Promise<readonly ReceivedCopy[]> {
  const waitS = alreadyHeld > 0 ? 0 : Math.max(input.waitS, broker.config.fullPollWaitS)
  const max = Math.min(input.count - alreadyHeld, BATCH)
  const options = { queueName: queue.name, max, waitS, visibilityS: visibilityOf(input) }
  try {
    return (await broker.delivery.receiver.receive(sqsQueueName, options)).copies
  } catch (error) {
    if (alreadyHeld > 0) return []
    throw unavailable(`queue '${queue.name}' cannot be read`, { cause: error })
  }
}

/** Where a payload cannot be fetched, everything that this request holds goes back. */
async function openOrReturn(
  session: VhostSession,
  sqsQueueName: string,
  rest: readonly ReceivedCopy[],
  copy: ReceivedCopy,
  held: readonly Held[],
): Promise<Held> {
  try {
    return { copy, envelope: await session.broker.delivery.claimChecks.open(copy.message, session.vhost.id) }
  } catch (error) {
    await makeVisible(session, sqsQueueName, [...rest, ...held.map((earlier) => earlier.copy)])
    throw unavailable('the payload of a message could not be read', { cause: error })
  }
}

async function settleAll(
  session: VhostSession,
  queue: Queue,
  sqsQueueName: string,
  held: readonly Held[],
  ackMode: AckMode,
): Promise<void> {
  const copies = held.map(({ copy }) => copy)
  if (ackMode === 'manual' || copies.length === 0) return
  if (ackMode === 'ack_requeue_true' || ackMode === 'reject_requeue_true') {
    return makeVisible(session, sqsQueueName, copies)
  }
  if (ackMode === 'reject_requeue_false') await deadLetterAll(session, queue, held)
  const handles = copies.map(({ receiptHandle }) => receiptHandle)
  await session.broker.delivery.receiver.deleteBatch(sqsQueueName, handles)
}

/** Before any is deleted: where one cannot be passed on, all stay and come back, perhaps twice. */
async function deadLetterAll(session: VhostSession, queue: Queue, held: readonly Held[]): Promise<void> {
  for (const { copy, envelope } of held) {
    await deadLetter(session, queue, { envelope, identity: copy.identity }, 'rejected')
  }
}

async function makeVisible(
  { broker }: VhostSession,
  sqsQueueName: string,
  copies: readonly ReceivedCopy[],
): Promise<void> {
  const changes = copies.map(({ receiptHandle }) => ({ receiptHandle, visibilityS: 0 }))
  if (changes.length > 0) await broker.delivery.receiver.changeVisibilityBatch(sqsQueueName, changes)
}

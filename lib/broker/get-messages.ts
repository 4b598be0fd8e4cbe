import { LONGEST_CALL_MS } from '../delivery/sqs-client.ts'
import { BrokerError, unavailable } from '../model/errors.ts'
import type { Queue } from '../model/queue.ts'
import { assertMayConsumeFrom } from './consuming.ts'
import { deadLetter } from './dead-letter.ts'
import type { AckMode, GetInput, GotMessage } from './get-input.ts'
import { Hold } from './hold.ts'
import { noteUse } from './note-use.ts'
import { countReady } from './queue-counts.ts'
import { renewSession, type VhostSession } from './session.ts'

/** After this the front may have given up, and nothing is taken out of a queue for an answer that nobody reads. */
const ANSWER_WITHIN_MS = 25_000

/**
 * Gets messages. All are fetched before any goes back, so that no message comes twice in one answer; what the answer has no
 * room for goes back too, and only what it holds is removed, at the very end. Throws `not-found`, and `unavailable` where
 * SQS cannot be used; then everything is given back.
 */
export async function getMessages(session: VhostSession, input: GetInput): Promise<readonly GotMessage[]> {
  const queue = assertMayConsumeFrom(session, input.queue)
  await noteUse(session, queue)
  const hold = new Hold(session, queue, input)
  try {
    await hold.fill()
    const answered =
      input.ackMode === 'ack_requeue_false' && isInTime(session, LONGEST_CALL_MS)
        ? await countAndRemove(session, queue, hold)
        : await countAndSettle(session, queue, input.ackMode, hold)
    count(session, queue, input, answered)
    return answered
  } catch (error) {
    await hold.giveBack()
    throw error
  }
}

/** As RabbitMQ counts: who puts back or settles later has got with an acknowledgement to come (contract §1.4). */
function count(
  { broker: { counters, statistics }, vhost }: VhostSession,
  { id }: Queue,
  { ackMode, count: asked }: GetInput,
  answered: readonly GotMessage[],
): void {
  counters.Delivered += answered.length
  const redelivered = answered.filter((message) => message.redelivered).length
  const kind = ackMode === 'ack_requeue_false' ? 'get_no_ack' : 'get'
  statistics.delivered(vhost.id, id, kind, answered.length, redelivered)
  if (answered.length < asked) statistics.foundEmpty(vhost.id, id)
}

/** Both at once: what is removed was not ready, and is not counted before or after. */
async function countAndRemove(session: VhostSession, queue: Queue, hold: Hold): Promise<readonly GotMessage[]> {
  const [got] = await Promise.all([counted(session, queue, hold.got), hold.remove(hold.got.map(() => true))])
  return got
}

/** Counts before anything goes back, and settles only if there is somebody to answer then. */
async function countAndSettle(
  session: VhostSession,
  queue: Queue,
  ackMode: AckMode,
  hold: Hold,
): Promise<readonly GotMessage[]> {
  const got = await counted(session, queue, hold.got)
  if (isInTime(session)) return settleAs(session, queue, ackMode, hold, got)
  throw unavailable('SQS took too long: the messages are back in the queue', { retryAfterS: 1 })
}

/** SQS counts what is left; the messages that are held come one behind the other. */
async function counted(
  { broker }: VhostSession,
  queue: Queue,
  got: readonly GotMessage[],
): Promise<readonly GotMessage[]> {
  if (got.length === 0) return got
  const ready = await countReady(broker, queue.sqsQueues)
  return got.map((message, index) => ({ ...message, messageCount: ready + got.length - 1 - index }))
}

/** Whether what takes `forMs` would end while the caller still waits. */
const isInTime = ({ broker, arrival }: VhostSession, forMs = 0): boolean =>
  broker.clock.monotonicMs() - arrival.monotonicMs + forMs < ANSWER_WITHIN_MS

/** What the mode does to the messages; answers those that the caller gets. */
async function settleAs(
  session: VhostSession,
  queue: Queue,
  ackMode: AckMode,
  hold: Hold,
  got: readonly GotMessage[],
): Promise<readonly GotMessage[]> {
  switch (ackMode) {
    case 'manual':
      await hold.giveBackStrays()
      return got
    case 'ack_requeue_true':
      await hold.giveBack()
      return got
    case 'reject_requeue_true':
      await hold.putBack()
      return got
    case 'ack_requeue_false':
      await hold.remove(got.map(() => true))
      return got
    case 'reject_requeue_false':
      return rejectAll(session, queue, hold, got)
  }
}

/** Those that cannot be passed on go back and are not answered. */
async function rejectAll(
  session: VhostSession,
  queue: Queue,
  hold: Hold,
  got: readonly GotMessage[],
): Promise<readonly GotMessage[]> {
  if (got.length === 0) return hold.giveBackStrays().then(() => got)
  // The messages may have been waited for: what was declared meanwhile counts.
  const failures = await deadLetter(await renewSession(session), queue, hold.copies, 'rejected')
  const passedOn = failures.map((failure) => failure === undefined)
  if (!passedOn.includes(true))
    throw failures.find((failure) => failure instanceof BrokerError) ?? new Error('no outcome')
  await hold.remove(passedOn)
  return got.filter((_, index) => passedOn[index])
}

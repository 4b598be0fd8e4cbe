import { MAX_INLINE_BYTES } from '../delivery/claim-checks.ts'
import { encodeCopy } from '../delivery/copy.ts'
import { decodeMessage } from '../delivery/envelope.ts'
import { parseRelayMessage, type RelayMessage, type RelayTarget } from '../delivery/relay-message.ts'
import type { Copy } from '../delivery/sqs-sender.ts'
import { logError } from '../log.ts'
import type { Broker } from './broker.ts'
import { ON_ITS_WAY_MS } from './expiries.ts'
import { isInbox } from './inbox.ts'
import { isReplyName } from './reply-queue.ts'
import { sendRelayMessage } from './send-to-relay.ts'
import { armSweeps } from './sweep-chains.ts'
import { viewVhost } from './view-vhost.ts'

/** A message of the relay queue. */
export interface RelayRecord {
  readonly id: string
  readonly body: string
}

/**
 * Finishes fan-outs (docs/architecture.md). What could not be sent now is sent onward to the relay queue, so that copies that arrived
 * are not sent again; answers the ids of the records that are to be kept as they are.
 */
export async function relay(broker: Broker, records: readonly RelayRecord[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(records.map(async ({ body }) => relayOne(broker, parseRelayMessage(body))))
  return records.flatMap(({ id }, index) => {
    const outcome = outcomes[index]
    if (outcome?.status !== 'rejected') return []
    logError('a fan-out is left in the relay queue', outcome.reason)
    return [id]
  })
}

async function relayOne(broker: Broker, message: RelayMessage): Promise<void> {
  const targets = await existingTargets(broker, message)
  if (targets.length === 0) return
  await armTargets(broker, message.vhostId, targets)
  const left = await sendToTargets(broker, message, targets)
  if (left.length === 0) return
  if (left.length === targets.length) throw new Error(`none of ${left.length} copies could be sent`)
  if (!(await sendRelayMessage(broker, { ...message, targets: left }))) {
    throw new Error(`${left.length} of ${targets.length} copies could not be sent`)
  }
}

/**
 * Queues that were deleted since take no copies. Only a state at least as new as the one that chose them may say so: an
 * older one does not know queues that were declared later.
 */
async function existingTargets(
  broker: Broker,
  { vhostId, version, targets }: RelayMessage,
): Promise<readonly RelayTarget[]> {
  const context = await viewVhost(broker, vhostId, { atLeast: version })
  if (!context) return []
  return targets.filter(({ queueId }) => isReplyName(queueId) || context.vhost.queueById(queueId) !== undefined)
}

/** Whoever published had the queues looked through in time for copies that are there by then; these come later. */
async function armTargets(broker: Broker, vhostId: string, targets: readonly RelayTarget[]): Promise<void> {
  const soonestMs = broker.clock.wallMs() + ON_ITS_WAY_MS
  const looks = targets.flatMap(({ queueId, sqsQueueName, expiresAtMs }) =>
    expiresAtMs === undefined || isInbox(broker.config, sqsQueueName)
      ? []
      : [{ vhostId, queueId, nextLookMs: Math.max(expiresAtMs, soonestMs) }],
  )
  await armSweeps(broker, looks)
}

async function sendToTargets(
  { config, delivery, counters }: Broker,
  { publishId, vhostId, message }: RelayMessage,
  targets: readonly RelayTarget[],
): Promise<readonly RelayTarget[]> {
  const envelope = await delivery.claimChecks.open(decodeMessage(message, ''), vhostId)
  const encoded = await delivery.claimChecks.encode(envelope, { vhostId, maxMetadataBytes: MAX_INLINE_BYTES })
  const copies: Copy[] = targets.map(({ sqsQueueName, ...copy }) => ({
    sqsQueueName,
    message: encoded,
    copyAttribute: encodeCopy({ publishId, ...copy }),
  }))
  const outcomes = await delivery.sender.send(copies)
  const left = targets.filter(({ sqsQueueName }, index) => {
    const status = outcomes[index]?.status
    // What goes to the queue of a connection whose gateway is gone goes with it.
    return status !== 'sent' && !(status === 'missing-queue' && isInbox(config, sqsQueueName))
  })
  counters.Relayed += targets.length - left.length
  return left
}

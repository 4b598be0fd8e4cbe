import { type CopyIdentity, isHop, isTime } from './copy.ts'
import type { EncodedMessage, StoredMessage } from './envelope.ts'
import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import { carriedJson } from './sqs-text.ts'

/** One copy that is still to be sent. */
export interface RelayTarget extends Omit<CopyIdentity, 'publishId'> {
  readonly sqsQueueName: string
}

/** What the relay queue holds: a message and the standard queues that it has yet to reach (docs/architecture.md). */
export interface RelayMessage {
  readonly publishId: string
  readonly vhostId: string
  /** Of the vhost's journal, when the targets were decided on. */
  readonly version: number
  readonly message: StoredMessage
  readonly targets: readonly RelayTarget[]
}

/** A relay message is finished by one invocation of the relay, or not at all. */
export const MAX_RELAY_TARGETS = 100

/** `ClaimChecks.encode` with this as its limit, so that a message relayed in pieces is not carried in each. */
export const MAX_RELAY_INLINE_BYTES = 65_536

const RELAY_VERSION = 1

/** As many SQS bodies as it takes for all targets. Their order is the targets'. */
export function encodeRelayMessages(relay: RelayMessage): readonly EncodedMessage[] {
  const { publishId, vhostId, version, message, targets } = relay
  const count = Math.ceil(targets.length / MAX_RELAY_TARGETS)
  return Array.from({ length: count }, (_, index) => {
    const some = targets.slice(index * MAX_RELAY_TARGETS, (index + 1) * MAX_RELAY_TARGETS)
    const body = carriedJson({
      v: RELAY_VERSION,
      publish: publishId,
      vhost: vhostId,
      version,
      body: message.body,
      attribute: message.attribute,
      targets: some.map(encodeTarget),
    })
    return { body, sizeBytes: Buffer.byteLength(body) }
  })
}

/** Throws `UnknownEnvelopeError` for whatever {@link encodeRelayMessages} of this version does not write. */
export function parseRelayMessage(sqsBody: string): RelayMessage {
  const { v, publish, vhost, version, body, attribute, targets } = parseFields(sqsBody)
  if (
    v === RELAY_VERSION &&
    typeof publish === 'string' &&
    typeof vhost === 'string' &&
    typeof version === 'number' &&
    typeof body === 'string' &&
    (attribute === undefined || typeof attribute === 'string') &&
    Array.isArray(targets)
  ) {
    const message = { body, attribute }
    return { publishId: publish, vhostId: vhost, version, message, targets: targets.map(parseTarget) }
  }
  throw new UnknownEnvelopeError('the relay message is not in a known form')
}

/** What most copies do not have comes last and is left out. */
function encodeTarget({ queueId, sqsQueueName, hop, expiresAtMs, idleHops, deliveries }: RelayTarget) {
  const fields = [queueId, sqsQueueName, hop, expiresAtMs ?? null, idleHops ?? null, deliveries ?? null]
  return fields.slice(0, fields.findLastIndex((field) => field !== null) + 1)
}

function parseTarget(target: unknown): RelayTarget {
  const fields: unknown[] = Array.isArray(target) ? target : []
  const [queueId, sqsQueueName, hop, expiresAtMs, idleHops, deliveries] = fields.map((field) => field ?? undefined)
  if (
    typeof queueId === 'string' &&
    typeof sqsQueueName === 'string' &&
    isHop(hop) &&
    isTime(expiresAtMs) &&
    (idleHops === undefined || isHop(idleHops)) &&
    (deliveries === undefined || isHop(deliveries))
  ) {
    return {
      queueId,
      sqsQueueName,
      hop,
      ...(expiresAtMs !== undefined && { expiresAtMs }),
      ...(idleHops !== undefined && { idleHops }),
      ...(deliveries !== undefined && { deliveries }),
    }
  }
  throw new UnknownEnvelopeError('a target of the relay message is not in a known form')
}

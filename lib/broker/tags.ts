import { MAX_INLINE_BYTES } from '../delivery/claim-checks.ts'
import type { Envelope, StoredMessage } from '../delivery/envelope.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import { fitsTag, Tags } from '../delivery/tags.ts'
import type { Queue } from '../model/queue.ts'
import type { Session, VhostSession } from './session.ts'

/** Keys never change, so there is one entry for each broker that this environment serves. */
const tagsByKey = new Map<string, Tags>()

/** What seals and opens delivery tags under the access journal's key. */
export function tagsOf({ access: { tagKey } }: Session): Tags {
  const known = tagsByKey.get(tagKey)
  if (known) return known
  const tags = new Tags(Buffer.from(tagKey, 'base64'))
  tagsByKey.set(tagKey, tags)
  return tags
}

/** The tag under which this receive of this copy can be settled, until `deadlineMs` (docs/architecture.md). */
export async function sealTag(
  session: VhostSession,
  queue: Queue,
  { copy, envelope, ...received }: Sealable,
): Promise<string> {
  const { receiptHandle, receiveCount, sentAtMs, groupId, identity } = copy
  const stored = await storedForTag(session, copy.stored, envelope)
  const delivered = { receiptHandle, ...received, receiveCount, sentAtMs, groupId, identity, stored }
  return tagsOf(session).seal(delivered, queue.id)
}

export interface Sealable {
  readonly copy: ReceivedCopy
  readonly envelope: Envelope
  readonly sqsQueueName: string
  readonly receivedAtMs: number
  readonly deadlineMs: number
}

/** A message that a tag has no room for is parked as a claim check, where a reject finds it. */
async function storedForTag(
  { broker, vhost }: VhostSession,
  stored: StoredMessage,
  envelope: Envelope,
): Promise<StoredMessage> {
  if (fitsTag(stored)) return stored
  const { body, attribute } = await broker.delivery.claimChecks.encode(envelope, {
    vhostId: vhost.id,
    maxInlineBytes: 0,
    maxMetadataBytes: MAX_INLINE_BYTES,
  })
  return { body, attribute }
}

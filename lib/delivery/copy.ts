import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import { carriedJson } from './sqs-text.ts'

/** The message attribute that holds what differs from copy to copy of one publish. */
export const COPY_ATTRIBUTE = 'leveret-copy'

/** What makes a copy the one that it is (docs/architecture.md), whatever SQS queue it is found in and however often it was sent. */
export interface CopyIdentity {
  /** Minted once per publish, before any retry. */
  readonly publishId: string
  readonly queueId: string
  /** How often the message was dead-lettered or redriven, so that no deduplication window swallows a return to a queue. */
  readonly hop: number
  /** How many of the last hops no delivery came before; left out for none. Not part of what tells copies apart. */
  readonly idleHops?: number | undefined
  /** When it expires, ms since 1970; absent for never. */
  readonly expiresAtMs?: number | undefined
  /**
   * How often it was certainly delivered before it last went back to its queue, to be counted anew; left out where it never
   * has. Not part of what tells copies apart.
   */
  readonly deliveries?: number | undefined
}

/** The attribute's value. The first hop is left out. */
export const encodeCopy = ({ publishId, queueId, hop, idleHops = 0, expiresAtMs, deliveries }: CopyIdentity): string =>
  carriedJson({
    publish: publishId,
    queue: queueId,
    hop: hop || undefined,
    idle: idleHops || undefined,
    expires: expiresAtMs,
    deliveries,
  })

/** Throws `UnknownEnvelopeError` for whatever {@link encodeCopy} does not write. */
export function parseCopy(attribute: string): CopyIdentity {
  const { publish, queue, hop = 0, idle, expires, deliveries } = parseFields(attribute)
  if (
    typeof publish === 'string' &&
    typeof queue === 'string' &&
    isHop(hop) &&
    (idle === undefined || isHop(idle)) &&
    isTime(expires) &&
    (deliveries === undefined || isHop(deliveries))
  ) {
    return {
      publishId: publish,
      queueId: queue,
      hop,
      ...(idle !== undefined && { idleHops: idle }),
      ...(expires !== undefined && { expiresAtMs: expires }),
      ...(deliveries !== undefined && { deliveries }),
    }
  }
  throw new UnknownEnvelopeError(`the attribute '${COPY_ATTRIBUTE}' is not in a known form`)
}

export const isHop = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0

/** Whether it is a time of a copy, or none. */
export const isTime = (value: unknown): value is number | undefined =>
  value === undefined || (typeof value === 'number' && Number.isSafeInteger(value))

/** SQS takes up to 128 letters, digits and punctuation marks as a deduplication id; ids of ours are 26 or 43 characters. */
export const deduplicationIdOf = ({ publishId, queueId, hop }: CopyIdentity): string => `${publishId}/${queueId}/${hop}`

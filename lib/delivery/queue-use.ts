import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { Item, ItemKey } from './item-store.ts'

/** When a queue that is deleted once nobody uses it was used, about. Times are milliseconds since 1970. */
export interface QueueUse {
  readonly queueId: string
  /** How long it may be unused, as it was at that time, ms. */
  readonly expiresMs: number
  /** It may have been used for {@link useGrainMs} after this, and not again. */
  readonly usedMs: number
  /** Until when somebody may be deleting it; absent for nobody. */
  readonly closingUntilMs?: number | undefined
}

/** Within so much of a use that was written down no other is. */
export const useGrainMs = (expiresMs: number): number => Math.ceil(expiresMs / 4)

/** One item for each queue with an expiry; each is written now and then only. */
export const USES_PARTITION = 'queue-use'

export const useKey = (queueId: string): ItemKey => ({ partition: USES_PARTITION, sort: queueId })

const FORMAT = 1

export const toUseItem = ({ queueId, expiresMs, usedMs, closingUntilMs }: QueueUse): Item => ({
  ...useKey(queueId),
  data: JSON.stringify({ v: FORMAT, queue: queueId, expires: expiresMs, used: usedMs, closing: closingUntilMs }),
})

/** Throws `UnknownEnvelopeError` for whatever {@link toUseItem} of this version does not write. */
export function parseUse(text: string): QueueUse {
  const { v, queue, expires, used, closing } = parseFields(text)
  if (
    v === FORMAT &&
    typeof queue === 'string' &&
    typeof expires === 'number' &&
    typeof used === 'number' &&
    (closing === undefined || typeof closing === 'number')
  ) {
    return {
      queueId: queue,
      expiresMs: expires,
      usedMs: used,
      ...(closing !== undefined && { closingUntilMs: closing }),
    }
  }
  throw new UnknownEnvelopeError('the use of a queue is not in a known form')
}

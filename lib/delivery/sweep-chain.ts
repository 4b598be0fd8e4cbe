import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { ItemKey } from './item-store.ts'

/** A queue that somebody is to look through for expired copies. */
export interface SweptQueue {
  readonly vhostId: string
  readonly queueId: string
}

/** When the next look is due: kept for each queue that may hold expiring copies, and what the sweep queue holds. */
export interface SweepChain extends SweptQueue {
  /** Milliseconds since 1970. */
  readonly nextLookMs: number
  /** Whether nothing that can expire was found the last time: then the chain ends with the next look that finds nothing. */
  readonly isQuiet?: boolean
}

const FORMAT = 1
const PARTITIONS = 4

const partitionName = (index: number): string => `sweep#${index}`

export const SWEEP_PARTITIONS: readonly string[] = Array.from({ length: PARTITIONS }, (_, index) =>
  partitionName(index),
)

export function sweepKey(queueId: string): ItemKey {
  let sum = 0
  for (let index = 0; index < queueId.length; index += 1) sum += queueId.charCodeAt(index)
  return { partition: partitionName(sum % PARTITIONS), sort: queueId }
}

export const encodeChain = ({ vhostId, queueId, nextLookMs, isQuiet = false }: SweepChain): string =>
  JSON.stringify({ v: FORMAT, vhost: vhostId, queue: queueId, next: nextLookMs, quiet: isQuiet })

/** Throws `UnknownEnvelopeError` for whatever {@link encodeChain} of this version does not write. */
export function parseChain(text: string): SweepChain {
  const { v, vhost, queue, next, quiet } = parseFields(text)
  if (v === FORMAT && typeof vhost === 'string' && typeof queue === 'string' && typeof next === 'number') {
    return { vhostId: vhost, queueId: queue, nextLookMs: next, isQuiet: quiet === true }
  }
  throw new UnknownEnvelopeError('the sweep of a queue is not in a known form')
}

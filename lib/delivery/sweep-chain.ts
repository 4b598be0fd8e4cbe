import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { ItemKey } from './item-store.ts'

/** A queue that somebody is to look through for expired copies. */
export interface SweptQueue {
  readonly vhostId: string
  readonly queueId: string
}

/** The next look, as the sweep queue holds it. */
export interface SweepChain extends SweptQueue {
  /** Milliseconds since 1970. */
  readonly nextLookMs: number
  /** Whether nothing that can expire was found the last time: then the chain ends with the next look that finds nothing. */
  readonly isQuiet?: boolean
  /** How many looks in a row took nothing out. */
  readonly idleLooks?: number
}

/** What is kept for each queue that may hold expiring copies, or did not long ago. */
export interface SweepItem extends SweepChain {
  /** {@link ENDED} where no look is due. */
  readonly nextLookMs: number
  /** When it was looked through, the last {@link KEPT_LOOKS} times, ms since 1970, oldest first. */
  readonly lookedAtMs: readonly number[]
}

export const ENDED = 0

/** As many as fit into a kilobyte, which DynamoDB writes as one unit. */
export const KEPT_LOOKS = 48

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

const fieldsOf = ({ vhostId, queueId, nextLookMs, isQuiet = false, idleLooks = 0 }: SweepChain) => ({
  v: FORMAT,
  vhost: vhostId,
  queue: queueId,
  next: nextLookMs,
  quiet: isQuiet,
  idle: idleLooks,
})

export const encodeChain = (chain: SweepChain): string => JSON.stringify(fieldsOf(chain))

export const encodeSweepItem = ({ lookedAtMs, ...chain }: SweepItem): string =>
  JSON.stringify({ ...fieldsOf(chain), looked: lookedAtMs })

/** Throws `UnknownEnvelopeError` for whatever {@link encodeChain} of this version does not write. */
export function parseChain(text: string): SweepChain {
  const { v, vhost, queue, next, quiet, idle } = parseFields(text)
  if (
    v === FORMAT &&
    typeof vhost === 'string' &&
    typeof queue === 'string' &&
    typeof next === 'number' &&
    typeof idle === 'number'
  ) {
    return { vhostId: vhost, queueId: queue, nextLookMs: next, isQuiet: quiet === true, idleLooks: idle }
  }
  throw new UnknownEnvelopeError('the sweep of a queue is not in a known form')
}

/** Throws `UnknownEnvelopeError` for whatever {@link encodeSweepItem} of this version does not write. */
export function parseSweepItem(text: string): SweepItem {
  const { looked } = parseFields(text)
  if (Array.isArray(looked) && looked.every((atMs) => typeof atMs === 'number')) {
    return { ...parseChain(text), lookedAtMs: looked }
  }
  throw new UnknownEnvelopeError('what is kept of the sweeps of a queue is not in a known form')
}

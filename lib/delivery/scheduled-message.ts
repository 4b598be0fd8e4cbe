import { isHop } from './copy.ts'
import type { StoredMessage } from './envelope.ts'
import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { Item, ItemKey } from './item-store.ts'

/** A message that an exchange holds until it is due (docs/architecture.md). */
export interface ScheduledMessage {
  /** Tells it from the others of its exchange; see {@link scheduledId}. */
  readonly dueMs: number
  readonly publishId: string
  readonly hop: number
  readonly vhostId: string
  /** The exchange that holds it and routes it when it is due. */
  readonly exchangeId: string
  /** The version of the vhost's journal by which it was held. */
  readonly version: number
  readonly message: StoredMessage
  /** While somebody delivers it: until when nobody else does. Milliseconds since 1970; 0 for nobody. */
  readonly claimedUntilMs: number
  /** When the clock last handed it over because it was late, ms since 1970; 0 for never. */
  readonly handedOverMs: number
  /** How often its delivery was begun. */
  readonly attempts: number
  /** When it was taken back, ms since 1970. It stays for a while, claimed for ever, so that no late write brings it back. */
  readonly cancelledMs?: number
}

/** No time comes after it, and it is a number to JSON. */
const FOR_EVER_MS = 8_640_000_000_000_000

/** What was taken back is kept for so long: no write is on its way for longer. */
export const CANCELLED_KEPT_MS = 3_600_000

/** What is left of a message that is never to be delivered. */
export const cancelled = (scheduled: ScheduledMessage, nowMs: number): ScheduledMessage => ({
  ...scheduled,
  message: { body: '', attribute: undefined },
  claimedUntilMs: FOR_EVER_MS,
  cancelledMs: nowMs,
})

const FORMAT = 1

/** Clock reads every partition each minute; more of them take more writes a second. */
const PARTITIONS = 16

/** All messages of an exchange share a partition, so that they can be listed. */
export function scheduledPartition(exchangeId: string): string {
  let sum = 0
  for (let index = 0; index < exchangeId.length; index += 1) sum += exchangeId.charCodeAt(index)
  return partitionName(sum % PARTITIONS)
}

const partitionName = (index: number): string => `due#${index}`

export const SCHEDULED_PARTITIONS: readonly string[] = Array.from({ length: PARTITIONS }, (_, index) =>
  partitionName(index),
)

/** Up to the year 5138; sort keys sort as their times do. */
const TIME_DIGITS = 14

const timeKey = (ms: number): string => String(Math.max(0, Math.ceil(ms))).padStart(TIME_DIGITS, '0')

/** Sort keys of what is due at `ms` or later, and of what is due before it. */
export const dueFrom = (ms: number): string => `${timeKey(ms)}#`
export const dueBefore = (ms: number): string => `${timeKey(ms)}!`

/** The first sort key that comes after one. */
export const sortAfter = (sort: string): string => `${sort} `

const ID = new RegExp(`^\\d{${TIME_DIGITS}}-[A-Za-z0-9_-]{1,64}$`)

/** What clients call it: when it is due, and which publish it came from. */
export const scheduledId = ({ dueMs, publishId }: Pick<ScheduledMessage, 'dueMs' | 'publishId'>): string =>
  `${timeKey(dueMs)}-${publishId}`

/** Where the message with this id is kept; undefined for what is no id. */
export function scheduledKey(exchangeId: string, id: string): ItemKey | undefined {
  if (!ID.test(id)) return undefined
  return { partition: scheduledPartition(exchangeId), sort: sortKeyOf(id, exchangeId) }
}

/** Two exchanges may hold the same publish until the same time. */
const sortKeyOf = (id: string, exchangeId: string): string =>
  `${id.slice(0, TIME_DIGITS)}#${id.slice(TIME_DIGITS + 1)}#${exchangeId}`

export const keyOf = (scheduled: ScheduledMessage): ItemKey => ({
  partition: scheduledPartition(scheduled.exchangeId),
  sort: sortKeyOf(scheduledId(scheduled), scheduled.exchangeId),
})

export function toItem(scheduled: ScheduledMessage): Item {
  const { exchangeId, message, dueMs, publishId, hop, vhostId, version, attempts, cancelledMs } = scheduled
  return {
    ...keyOf(scheduled),
    ...(cancelledMs !== undefined && { expiresAtS: Math.ceil((cancelledMs + CANCELLED_KEPT_MS) / 1000) }),
    data: JSON.stringify({
      v: FORMAT,
      due: dueMs,
      publish: publishId,
      hop,
      vhost: vhostId,
      exchange: exchangeId,
      version,
      body: message.body,
      attribute: message.attribute,
      claimed: scheduled.claimedUntilMs,
      handed: scheduled.handedOverMs,
      attempts,
      cancelled: cancelledMs,
    }),
  }
}

/** Throws `UnknownEnvelopeError` for whatever {@link toItem} of this version does not write. */
export function parseScheduled(data: string): ScheduledMessage {
  const fields = parseFields(data)
  const { v, due, publish, hop, vhost, exchange, version, body, attribute, claimed, handed, attempts } = fields
  if (
    v === FORMAT &&
    typeof due === 'number' &&
    typeof publish === 'string' &&
    isHop(hop) &&
    typeof vhost === 'string' &&
    typeof exchange === 'string' &&
    typeof version === 'number' &&
    typeof body === 'string' &&
    (attribute === undefined || typeof attribute === 'string') &&
    typeof claimed === 'number' &&
    typeof handed === 'number' &&
    typeof attempts === 'number' &&
    (fields.cancelled === undefined || typeof fields.cancelled === 'number')
  ) {
    return {
      dueMs: due,
      publishId: publish,
      hop,
      vhostId: vhost,
      exchangeId: exchange,
      version,
      message: { body, attribute },
      claimedUntilMs: claimed,
      handedOverMs: handed,
      attempts,
      ...(fields.cancelled !== undefined && { cancelledMs: fields.cancelled }),
    }
  }
  throw new UnknownEnvelopeError('the scheduled message is not in a known form')
}

/** What the delay queue holds: where the message is that is due when the pointer is received. */
export const encodePointer = ({ partition, sort }: ItemKey): string => JSON.stringify({ v: FORMAT, partition, sort })

/** Throws `UnknownEnvelopeError` for whatever {@link encodePointer} of this version does not write. */
export function parsePointer(sqsBody: string): ItemKey {
  const { v, partition, sort } = parseFields(sqsBody)
  if (v === FORMAT && typeof partition === 'string' && typeof sort === 'string') return { partition, sort }
  throw new UnknownEnvelopeError('the pointer to a scheduled message is not in a known form')
}

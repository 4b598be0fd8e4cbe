import type { StoredMessage } from './envelope.ts'
import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { Item } from './item-store.ts'

/** A message that an exchange keeps for queues that are bound to it later (docs/architecture.md). */
export interface KeptMessage {
  readonly exchangeId: string
  /** By the clock of whoever published it, ms since 1970: messages are kept in this order, those of one request in theirs. */
  readonly keptAtMs: number
  readonly publishId: string
  /** The version of the vhost's journal that it was routed by. */
  readonly version: number
  readonly message: StoredMessage
}

const FORMAT = 1
const TIME_DIGITS = 14
/** For more than a request may publish. */
const PLACE_DIGITS = 5

export const historyPartition = (exchangeId: string): string => `history#${exchangeId}`

/** `place` is that among those of one request, which are kept at the same time: their ids are in no order. */
export const keptItem = ({ exchangeId, keptAtMs, publishId, version, message }: KeptMessage, place: number): Item => ({
  partition: historyPartition(exchangeId),
  sort: `${digits(keptAtMs, TIME_DIGITS)}#${digits(place, PLACE_DIGITS)}#${publishId}`,
  data: JSON.stringify({
    v: FORMAT,
    exchange: exchangeId,
    kept: keptAtMs,
    publish: publishId,
    version,
    body: message.body,
    attribute: message.attribute,
  }),
})

const digits = (value: number, count: number): string => String(value).padStart(count, '0')

/** Throws `UnknownEnvelopeError` for whatever {@link keptItem} of this version does not write. */
export function parseKept(data: string): KeptMessage {
  const { v, exchange, kept, publish, version, body, attribute } = parseFields(data)
  if (
    v === FORMAT &&
    typeof exchange === 'string' &&
    typeof kept === 'number' &&
    typeof publish === 'string' &&
    typeof version === 'number' &&
    typeof body === 'string' &&
    (attribute === undefined || typeof attribute === 'string')
  ) {
    return { exchangeId: exchange, keptAtMs: kept, publishId: publish, version, message: { body, attribute } }
  }
  throw new UnknownEnvelopeError('the kept message is not in a known form')
}

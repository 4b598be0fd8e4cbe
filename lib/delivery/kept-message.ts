import type { StoredMessage } from './envelope.ts'
import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { Item } from './item-store.ts'

/** A message that an exchange keeps for queues that are bound to it later (docs/architecture.md). */
export interface KeptMessage {
  readonly exchangeId: string
  /** By the clock of whoever published it, ms since 1970: messages are kept in this order. */
  readonly keptAtMs: number
  readonly publishId: string
  /** The version of the vhost's journal that it was routed by. */
  readonly version: number
  readonly message: StoredMessage
}

const FORMAT = 1
const TIME_DIGITS = 14
const PLACE_DIGITS = 6

export const historyPartition = (exchangeId: string): string => `history#${exchangeId}`

/** `place`: among the messages of one publish, which are kept in their order. */
export const keptItem = ({
  exchangeId,
  keptAtMs,
  place,
  publishId,
  version,
  message,
}: KeptMessage & { readonly place: number }): Item => ({
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

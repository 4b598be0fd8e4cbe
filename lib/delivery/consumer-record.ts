import { type GatewayConsumers, NO_CONSUMERS, type QueueConsumers } from '../model/queue-consumers.ts'
import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { Item, ItemKey } from './item-store.ts'

/** Who consumes from a queue, as all gateways know it. There is one only while somebody does, and for a moment afterwards. */
export interface ConsumerRecord {
  readonly queueId: string
  readonly vhostId: string
  readonly consumers: QueueConsumers
  /** Until when somebody may be deleting the queue, which goes with its last consumer: ms since 1970; absent for nobody. */
  readonly closingUntilMs?: number | undefined
}

export const CONSUMERS_PARTITION = 'consumers'

export const consumersKey = (queueId: string): ItemKey => ({ partition: CONSUMERS_PARTITION, sort: queueId })

export const noConsumers = (vhostId: string, queueId: string): ConsumerRecord => ({
  queueId,
  vhostId,
  consumers: NO_CONSUMERS,
})

const FORMAT = 1

export const toConsumersItem = ({ queueId, vhostId, consumers, closingUntilMs }: ConsumerRecord): Item => ({
  ...consumersKey(queueId),
  data: JSON.stringify({
    v: FORMAT,
    vhost: vhostId,
    queue: queueId,
    gateways: consumers.gateways.map(({ gateway, count, isExclusive }) => [gateway, count, isExclusive ? 1 : 0]),
    closing: closingUntilMs,
  }),
})

/** Throws `UnknownEnvelopeError` for whatever {@link toConsumersItem} of this version does not write. */
export function parseConsumers(text: string): ConsumerRecord {
  const { v, vhost, queue, gateways, closing } = parseFields(text)
  if (
    v === FORMAT &&
    typeof vhost === 'string' &&
    typeof queue === 'string' &&
    Array.isArray(gateways) &&
    (closing === undefined || typeof closing === 'number')
  ) {
    const consumers = { gateways: gateways.map(parseGateway) }
    return { vhostId: vhost, queueId: queue, consumers, ...(closing !== undefined && { closingUntilMs: closing }) }
  }
  throw unknownForm()
}

function parseGateway(value: unknown): GatewayConsumers {
  const [gateway, count, isExclusive]: unknown[] = Array.isArray(value) ? value : []
  if (typeof gateway === 'string' && typeof count === 'number') {
    return { gateway, count, isExclusive: isExclusive === 1 }
  }
  throw unknownForm()
}

const unknownForm = () => new UnknownEnvelopeError('the consumers of a queue are not in a known form')

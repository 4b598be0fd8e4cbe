import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { Item, ItemKey } from './item-store.ts'

/** That a gateway is alive. */
export interface GatewayLease {
  readonly gatewayId: string
  /** It says so again before this, milliseconds since 1970 by its own clock. */
  readonly untilMs: number
  /** When somebody took it for dead, whatever it says from then on: ms since 1970; absent while nobody has. */
  readonly takenMs?: number | undefined
}

/** How long a gateway is believed to be alive that does not say so again. */
export const GATEWAY_LEASE_MS = 15_000

export const GATEWAYS_PARTITION = 'gateways'

export const leaseKey = (gatewayId: string): ItemKey => ({ partition: GATEWAYS_PARTITION, sort: gatewayId })

const FORMAT = 1

export const toLeaseItem = ({ gatewayId, untilMs, takenMs }: GatewayLease): Item => ({
  ...leaseKey(gatewayId),
  data: JSON.stringify({ v: FORMAT, gateway: gatewayId, until: untilMs, taken: takenMs }),
})

/** Throws `UnknownEnvelopeError` for whatever {@link toLeaseItem} of this version does not write. */
export function parseLease(text: string): GatewayLease {
  const { v, gateway, until, taken } = parseFields(text)
  const isKnown = v === FORMAT && typeof gateway === 'string' && typeof until === 'number'
  if (isKnown && (taken === undefined || typeof taken === 'number')) {
    return { gatewayId: gateway, untilMs: until, takenMs: taken }
  }
  throw new UnknownEnvelopeError('the lease of a gateway is not in a known form')
}

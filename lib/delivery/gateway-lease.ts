import { parseFields, UnknownEnvelopeError } from './envelope-metadata.ts'
import type { Item, ItemKey } from './item-store.ts'

/** That a gateway is alive. */
export interface GatewayLease {
  readonly gatewayId: string
  /** It says so again before this, milliseconds since 1970 by its own clock. */
  readonly untilMs: number
  /** Somebody has taken it for dead, whatever it says from now on. */
  readonly isTaken?: boolean
}

/** How long a gateway is believed to be alive that does not say so again. */
export const GATEWAY_LEASE_MS = 15_000

export const GATEWAYS_PARTITION = 'gateways'

export const leaseKey = (gatewayId: string): ItemKey => ({ partition: GATEWAYS_PARTITION, sort: gatewayId })

const FORMAT = 1

export const toLeaseItem = ({ gatewayId, untilMs, isTaken }: GatewayLease): Item => ({
  ...leaseKey(gatewayId),
  data: JSON.stringify({ v: FORMAT, gateway: gatewayId, until: untilMs, taken: isTaken || undefined }),
})

/** Throws `UnknownEnvelopeError` for whatever {@link toLeaseItem} of this version does not write. */
export function parseLease(text: string): GatewayLease {
  const { v, gateway, until, taken } = parseFields(text)
  if (v === FORMAT && typeof gateway === 'string' && typeof until === 'number') {
    return { gatewayId: gateway, untilMs: until, isTaken: taken === true }
  }
  throw new UnknownEnvelopeError('the lease of a gateway is not in a known form')
}

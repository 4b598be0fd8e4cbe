import { GATEWAYS_PARTITION, type GatewayLease, parseLease, toLeaseItem } from '../delivery/gateway-lease.ts'
import type { StoredItem } from '../delivery/item-store.ts'
import { listAll } from '../delivery/list-all.ts'
import type { Broker } from './broker.ts'

/** Clocks of two machines may differ by as much before a gateway is taken for dead that is not. */
const CLOCK_SKEW_MS = 2000

/** The gateways of a broker, as somebody found them. */
export interface Gateways {
  readonly live: ReadonlySet<string>
  /** Those that are taken for dead, by all from now on, with the items that still say of them. */
  readonly dead: ReadonlyMap<string, StoredItem>
}

/**
 * Looks which gateways are alive. One that did not renew its lease is taken for dead by writing so over the lease: then it
 * cannot renew it any more, and finds out that it has to begin anew.
 */
export async function findGateways(broker: Broker): Promise<Gateways> {
  const live = new Set<string>()
  const dead = new Map<string, StoredItem>()
  for await (const item of listAll(broker.delivery.items, GATEWAYS_PARTITION)) {
    const lease = parseLease(item.data)
    if (!isOver(broker, lease)) live.add(lease.gatewayId)
    else if (lease.isTaken) dead.set(lease.gatewayId, item)
    else {
      const taken = await take(broker, lease, item)
      if (taken) dead.set(lease.gatewayId, taken)
      else live.add(lease.gatewayId)
    }
  }
  return { live, dead }
}

const isOver = ({ clock }: Broker, { untilMs, isTaken }: GatewayLease): boolean =>
  isTaken === true || untilMs + CLOCK_SKEW_MS < clock.wallMs()

/** Undefined where it was renewed just now, or is gone. */
export async function take(broker: Broker, lease: GatewayLease, item: StoredItem): Promise<StoredItem | undefined> {
  const taken = toLeaseItem({ ...lease, isTaken: true })
  const revision = await broker.delivery.items.put(taken, item.revision)
  return revision === undefined ? undefined : { ...taken, revision }
}

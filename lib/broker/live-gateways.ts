import { GATEWAYS_PARTITION, type GatewayLease, parseLease, toLeaseItem } from '../delivery/gateway-lease.ts'
import { listAll } from '../delivery/list-all.ts'
import type { Broker } from './broker.ts'

/** Clocks of two machines may differ by as much before a gateway is taken for dead that is not. */
const CLOCK_SKEW_MS = 2000

/** The gateways of a broker, as somebody found them. */
export interface Gateways {
  readonly live: ReadonlySet<string>
  /** Those that are taken for dead, by all from now on. */
  readonly dead: readonly DeadGateway[]
}

export interface DeadGateway {
  readonly gatewayId: string
  readonly takenMs: number
  /** Of the item that still tells of it. */
  readonly revision: string
}

/**
 * Looks which gateways are alive. One that did not renew its lease is taken for dead by writing so over the lease: then it
 * cannot renew it any more, and finds out that it has to begin anew.
 * `evenLive`: none is alive, whatever the leases say, because whoever asks knows.
 */
export async function findGateways(broker: Broker, { evenLive = false } = {}): Promise<Gateways> {
  const live = new Set<string>()
  const dead: DeadGateway[] = []
  for await (const item of listAll(broker.delivery.items, GATEWAYS_PARTITION)) {
    const lease = parseLease(item.data)
    const one = await deadOne(broker, lease, item.revision, evenLive)
    if (one) dead.push(one)
    else live.add(lease.gatewayId)
  }
  return { live, dead }
}

async function deadOne(
  broker: Broker,
  lease: GatewayLease,
  revision: string,
  evenLive: boolean,
): Promise<DeadGateway | undefined> {
  const { gatewayId, takenMs } = lease
  if (takenMs !== undefined) return { gatewayId, takenMs, revision }
  if (evenLive) return take(broker, lease, revision, LONG_AGO)
  return isOver(broker, lease) ? take(broker, lease, revision) : undefined
}

const isOver = ({ clock }: Broker, { untilMs, takenMs }: GatewayLease): boolean =>
  takenMs !== undefined || untilMs + CLOCK_SKEW_MS < clock.wallMs()

/** For gateways that are known to do nothing any more. */
export const LONG_AGO = 0

/** Undefined where it was renewed just now, or is gone. */
export async function take(
  broker: Broker,
  lease: GatewayLease,
  ifRevision: string,
  takenMs = broker.clock.wallMs(),
): Promise<DeadGateway | undefined> {
  const revision = await broker.delivery.items.put(toLeaseItem({ ...lease, takenMs }), ifRevision)
  return revision === undefined ? undefined : { gatewayId: lease.gatewayId, takenMs, revision }
}

/** Whether there is any gateway, dead or alive. */
export const hasGateways = async ({ delivery }: Broker): Promise<boolean> =>
  (await delivery.items.list(GATEWAYS_PARTITION, { limit: 1 })).length > 0

/** As {@link findGateways}, for those who only look. */
export async function liveGateways(broker: Broker): Promise<readonly string[]> {
  const live: string[] = []
  for await (const { data } of listAll(broker.delivery.items, GATEWAYS_PARTITION)) {
    const lease = parseLease(data)
    if (!isOver(broker, lease)) live.push(lease.gatewayId)
  }
  return live
}

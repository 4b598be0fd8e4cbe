/** How many consumers a queue has, by gateway. */
export interface QueueConsumers {
  /** In the order in which they came. */
  readonly gateways: readonly GatewayConsumers[]
}

export interface GatewayConsumers {
  readonly gateway: string
  /** At least 1. */
  readonly count: number
  /** Whether the one consumer wants no other beside it. */
  readonly isExclusive: boolean
}

export const NO_CONSUMERS: QueueConsumers = { gateways: [] }

export const consumerCountOf = ({ gateways }: QueueConsumers): number =>
  gateways.reduce((sum, { count }) => sum + count, 0)

/** The gateway whose consumers get the messages of a queue with a single active consumer: the one that came first. */
export const activeGatewayOf = ({ gateways }: QueueConsumers): string | undefined => gateways[0]?.gateway

/** With one consumer more; undefined where it would not be alone that wants to be (AMQP contract §6). */
export function join(current: QueueConsumers, gateway: string, isExclusive: boolean): QueueConsumers | undefined {
  const { gateways } = current
  if (gateways.some((other) => other.isExclusive) || (isExclusive && gateways.length > 0)) return undefined
  const own = gateways.find((one) => one.gateway === gateway)
  if (!own) return { gateways: [...gateways, { gateway, count: 1, isExclusive }] }
  return { gateways: gateways.map((one) => (one === own ? { ...own, count: own.count + 1 } : one)) }
}

/** With `count` consumers of the gateway less. */
export const leave = ({ gateways }: QueueConsumers, gateway: string, count = 1): QueueConsumers => ({
  gateways: gateways
    .map((one) => (one.gateway === gateway ? { ...one, count: one.count - count } : one))
    .filter((one) => one.count > 0),
})

/** Without those of gateways that are dead. */
export const livingOf = ({ gateways }: QueueConsumers, isLive: (gateway: string) => boolean): QueueConsumers => ({
  gateways: gateways.filter(({ gateway }) => isLive(gateway)),
})

import type { AmqpTable } from './amqp-value.ts'

/** An exchange as declared (contract §1.2). `arguments` stay as the client wrote them. */
export interface Exchange {
  readonly id: string
  readonly name: string
  readonly type: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: AmqpTable
  /** Who declared it; the HTTP API shows it as `user_who_performed_action`. */
  readonly user: string
}

/** The name of the default exchange, to which every queue is bound by its own name and which nobody declares. */
export const DEFAULT_EXCHANGE = ''

/** What every vhost holds from its creation (contract §2.2), beside the default exchange. */
export const PREDEFINED_EXCHANGES: readonly Pick<Exchange, 'name' | 'type' | 'internal'>[] = [
  { name: 'amq.direct', type: 'direct', internal: false },
  { name: 'amq.fanout', type: 'fanout', internal: false },
  { name: 'amq.headers', type: 'headers', internal: false },
  { name: 'amq.match', type: 'headers', internal: false },
  { name: 'amq.rabbitmq.trace', type: 'topic', internal: true },
  { name: 'amq.topic', type: 'topic', internal: false },
]

/** The alternate exchange that the exchange's own argument names, if any. */
export function alternateExchangeOf(exchange: Pick<Exchange, 'arguments'>): string | undefined {
  const name = exchange.arguments['alternate-exchange']
  return typeof name === 'string' ? name : undefined
}

import { type AppTopology, argumentsOf, assertKnown, cannotAdd, type Place } from './app-topology.ts'
import type { BrokerUser } from './broker-user.ts'

/** An exchange of a broker: one that the app adds, or one that somebody else declares. */
export interface IBrokerExchange {
  readonly exchangeName: string
  readonly vhost: string
}

/** What the broker knows; plugins' types that it has are `x-consistent-hash`, `x-modulus-hash` and `x-random`. */
export type BrokerExchangeType =
  | 'direct'
  | 'fanout'
  | 'topic'
  | 'headers'
  | 'x-consistent-hash'
  | 'x-modulus-hash'
  | 'x-random'

export interface BrokerExchangeProps {
  readonly type: BrokerExchangeType
  /**
   * The vhost that it is in; made with the deployment if it does not exist.
   *
   * @default '/'
   */
  readonly vhost?: string
  /**
   * Whether clients may not publish to it: it only gets messages from exchanges that it is bound to.
   *
   * @default false
   */
  readonly internal?: boolean
  /**
   * Where messages go that it cannot route.
   *
   * @default - they are dropped
   */
  readonly alternateExchange?: IBrokerExchange
  /**
   * Further arguments, as RabbitMQ's clients send them.
   *
   * @default - none
   */
  readonly arguments?: Readonly<Record<string, unknown>>
}

export interface BindingOptions {
  /**
   * The binding key: a routing key, or a pattern where the exchange is a topic exchange.
   *
   * @default ''
   */
  readonly routingKey?: string
  /**
   * What a headers exchange matches, such as `{ 'x-match': 'all', region: 'eu' }`.
   *
   * @default - none
   */
  readonly arguments?: Readonly<Record<string, unknown>>
}

export const DEFAULT_VHOST = '/'

/** An exchange that is declared with the app, made by `Leveret.addExchange`. It is durable. */
export class BrokerExchange implements IBrokerExchange {
  readonly exchangeName: string
  readonly vhost: string
  readonly #topology: AppTopology

  /** @internal */
  constructor(topology: AppTopology, name: string, props: BrokerExchangeProps) {
    const { type, vhost = DEFAULT_VHOST, internal = false, alternateExchange } = props
    const what = `exchange '${name}'`
    assertKnown(what, [name, vhost, type, internal])
    const args = argumentsOf(what, {
      ...props.arguments,
      ...(alternateExchange && { 'alternate-exchange': exchangeNameIn(what, vhost, alternateExchange) }),
    })
    topology.declareExchange({ vhost, name }, type, internal, args)
    this.exchangeName = name
    this.vhost = vhost
    this.#topology = topology
  }

  /** Binds this exchange to another one, which then routes messages to it. */
  bindTo(source: IBrokerExchange, options: BindingOptions = {}): this {
    bindInApp(this.#topology, source, { type: 'exchange', vhost: this.vhost, name: this.exchangeName }, options)
    return this
  }

  /** Lets a user of the app publish to this exchange. */
  grantPublish(user: BrokerUser): this {
    user.allow(this.vhost, 'write', this.exchangeName)
    return this
  }
}

/** Throws where an exchange is in another vhost than what refers to it. */
export function exchangeNameIn(what: string, vhost: string, exchange: IBrokerExchange): string {
  if (exchange.vhost === vhost) return exchange.exchangeName
  throw cannotAdd(
    what,
    `exchange '${exchange.exchangeName}' is in vhost '${exchange.vhost}', and nothing of another vhost can refer to it`,
  )
}

export function bindInApp(
  topology: AppTopology,
  source: IBrokerExchange,
  { type, vhost, name }: Place & { readonly type: 'queue' | 'exchange' },
  { routingKey = '', arguments: args }: BindingOptions,
): void {
  const what = `a binding of ${type} '${name}'`
  assertKnown(what, routingKey)
  topology.bind(vhost, {
    source: exchangeNameIn(what, vhost, source),
    destinationType: type,
    destination: name,
    routingKey,
    arguments: argumentsOf(what, args),
  })
}

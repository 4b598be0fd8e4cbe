import type { Exchange } from '../model/exchange.ts'
import type { Queue } from '../model/queue.ts'
import type { BindingIndex } from './exchange-type.ts'

/** An exchange together with what routing needs of it. */
export interface RoutedExchange {
  readonly exchange: Exchange
  readonly bindings: BindingIndex
  /** The alternate exchange in force, by argument or policy: a name, which need not exist. */
  readonly alternate: () => string | undefined
}

/** The topology of one vhost as routing reads it. */
export interface RoutingView {
  readonly vhost: string
  exchangeByName(name: string): RoutedExchange | undefined
  exchangeById(id: string): RoutedExchange | undefined
  queueByName(name: string): Queue | undefined
  queueById(id: string): Queue | undefined
}

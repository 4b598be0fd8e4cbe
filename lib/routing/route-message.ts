import type { AmqpTable } from '../model/amqp-value.ts'
import type { Binding } from '../model/binding.ts'
import { DEFAULT_EXCHANGE, type Exchange } from '../model/exchange.ts'
import { headersOf, type Properties, routingKeysOf } from '../model/message.ts'
import { noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import type { ExchangeEffect, RoutableMessage } from './exchange-type.ts'
import type { RoutedExchange, RoutingView } from './view.ts'

/** Why a message went from an exchange to a destination: a binding that it matched, or that it matched none. */
export interface RouteStep {
  /** Names, as clients know them. */
  readonly source: string
  readonly destination: string
  readonly destinationType: 'queue' | 'exchange'
  /** The binding key; empty for an alternate exchange. */
  readonly routingKey: string
  readonly arguments: AmqpTable
  /** True where the destination is the source's alternate exchange, taken because no binding of the source matched. */
  readonly alternate: boolean
}

/** What exchange types see of a message. Throws `precondition-failed` for malformed CC or BCC headers. */
export function routableMessage(message: {
  readonly routingKey: string
  readonly properties: Properties
  /** A number in [0, 1). */
  readonly random: () => number
}): RoutableMessage {
  const { routingKey, properties, random } = message
  const headers = headersOf(properties)
  return { routingKeys: routingKeysOf(routingKey, headers), headers, properties, random }
}

/** Told of an exchange that does more than route; answers whether the message goes on from there now. */
export type OnEffect = (exchange: Exchange, effect: ExchangeEffect) => boolean

/**
 * The queues that a message published to `exchange` reaches, each once (contract §3.1); none means that it is unroutable.
 * `onEffect` decides whether it goes on behind an exchange that does more than route; without it, it always does.
 * Throws `not-found` for an unknown exchange.
 */
export const routeMessage = (
  view: RoutingView,
  exchange: string,
  message: RoutableMessage,
  onEffect?: OnEffect,
): readonly Queue[] => route(view, exchange, message, undefined, onEffect)

/** As {@link routeMessage}, and every step that the message took, each once, in their order. */
export function explainRoute(
  view: RoutingView,
  exchange: string,
  message: RoutableMessage,
): { queues: readonly Queue[]; via: readonly RouteStep[] } {
  const steps = new Map<object, RouteStep>()
  const queues = route(view, exchange, message, (cause, step) => steps.set(cause, step))
  return { queues, via: [...steps.values()] }
}

/** Told of each step and of what caused it: a binding, or the queue or exchange reached without one. */
type Report = (cause: object, step: RouteStep) => void

function route(
  view: RoutingView,
  name: string,
  message: RoutableMessage,
  report: Report | undefined,
  onEffect?: OnEffect,
): Queue[] {
  const queues = new Map<string, Queue>()
  if (name === DEFAULT_EXCHANGE) routeByQueueName(view, message, queues, report)
  else routeByBindings(view, name, message, queues, report, onEffect)
  return [...queues.values()]
}

/** The default exchange, which has no bindings of its own and no alternate: each key that names a queue reaches it. */
function routeByQueueName(
  view: RoutingView,
  { routingKeys }: RoutableMessage,
  queues: Map<string, Queue>,
  report: Report | undefined,
): void {
  for (const routingKey of routingKeys) {
    const queue = view.queueByName(routingKey)
    if (queue === undefined) continue
    queues.set(queue.id, queue)
    report?.(queue, {
      source: DEFAULT_EXCHANGE,
      destination: queue.name,
      destinationType: 'queue',
      routingKey,
      arguments: {},
      alternate: false,
    })
  }
}

/** From exchange to exchange, each visited at most once, so that cycles of bindings and of alternates end. */
function routeByBindings(
  view: RoutingView,
  name: string,
  message: RoutableMessage,
  queues: Map<string, Queue>,
  report: Report | undefined,
  onEffect: OnEffect | undefined,
): void {
  const published = view.exchangeByName(name)
  if (published === undefined) throw noSuchObject('exchange', name, view.vhost)
  // Worklist and seen set in one: a Map is walked in the order of insertion, what is inserted on the way included.
  const exchanges = new Map([[published.exchange.id, published]])
  for (const source of exchanges.values()) {
    const effect = onEffect && source.bindings.effectOf?.(message)
    if (effect && !onEffect(source.exchange, effect)) continue
    let isMatched = false
    source.bindings.match(message, (binding) => {
      isMatched = true
      const { type, id } = binding.destination
      const queue = type === 'queue' ? view.queueById(id) : undefined
      if (queue !== undefined) queues.set(id, queue)
      const exchange = type === 'exchange' ? view.exchangeById(id) : undefined
      if (exchange !== undefined) exchanges.set(id, exchange)
      const destination = queue?.name ?? exchange?.exchange.name
      if (destination !== undefined) report?.(binding, bindingStep(source, binding, destination))
    })
    const alternate = isMatched ? undefined : alternateOf(source, view)
    if (alternate === undefined) continue
    exchanges.set(alternate.exchange.id, alternate)
    report?.(source, alternateStep(source, alternate))
  }
}

/** A missing alternate is ignored, and so is the default exchange, as RabbitMQ does. */
function alternateOf(source: RoutedExchange, view: RoutingView): RoutedExchange | undefined {
  const alternate = source.alternate()
  if (alternate === undefined || alternate === DEFAULT_EXCHANGE) return undefined
  return view.exchangeByName(alternate)
}

const bindingStep = (source: RoutedExchange, binding: Binding, destination: string): RouteStep => ({
  source: source.exchange.name,
  destination,
  destinationType: binding.destination.type,
  routingKey: binding.routingKey,
  arguments: binding.arguments,
  alternate: false,
})

const alternateStep = (source: RoutedExchange, alternate: RoutedExchange): RouteStep => ({
  source: source.exchange.name,
  destination: alternate.exchange.name,
  destinationType: 'exchange',
  routingKey: '',
  arguments: {},
  alternate: true,
})

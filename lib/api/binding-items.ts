import type { AmqpTable } from '../model/amqp-value.ts'
import { type Binding, propertiesKey } from '../model/binding.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { bindingsBetween, type Ends } from '../topology/vhost/binding.ts'
import type { VhostState } from '../topology/vhost/state.ts'

/** A binding as the API shows it (contract §1.2). */
export interface BindingItem {
  readonly source: string
  readonly vhost: string
  readonly destination: string
  readonly destination_type: 'queue' | 'exchange'
  readonly routing_key: string
  readonly arguments: AmqpTable
  readonly properties_key: string
}

/**
 * RabbitMQ's order, in which a queue and an exchange of one name come in any. So the default binding is the first of a
 * queue's, which clients rely on (contract §1.1).
 */
export const BINDING_ORDER = [
  'vhost',
  'source',
  'destination',
  'routing_key',
  'properties_key',
  'destination_type',
] as const

/** All that somebody made, and the default exchange's, which every queue implies. */
export const allBindings = (state: VhostState): BindingItem[] => [
  ...defaultBindings(state),
  ...renderAll(state, state.bindings()),
]

/** Those whose source the exchange is; none where there is no such exchange. */
export function bindingsFrom(state: VhostState, exchange: string): BindingItem[] {
  if (exchange === DEFAULT_EXCHANGE) return defaultBindings(state)
  return renderAll(state, state.exchangeByName(exchange)?.outgoing.values() ?? [])
}

/** Those whose destination the exchange is. */
export const bindingsToExchange = (state: VhostState, exchange: string): BindingItem[] =>
  renderAll(state, state.exchangeByName(exchange)?.incoming.values() ?? [])

/** Those whose destination the queue is. As RabbitMQ does, a queue that does not exist has its default binding. */
export const bindingsToQueue = (state: VhostState, queue: string): BindingItem[] => [
  defaultBinding(state, queue),
  ...renderAll(state, state.queueNodeByName(queue)?.incoming.values() ?? []),
]

export function itemsBetween(state: VhostState, ends: Ends): BindingItem[] {
  if (ends.source !== DEFAULT_EXCHANGE) return renderAll(state, bindingsBetween(state, ends))
  return ends.destinationType === 'queue' ? [defaultBinding(state, ends.destination)] : []
}

const defaultBindings = (state: VhostState): BindingItem[] =>
  Array.from(state.queues(), ({ queue }) => defaultBinding(state, queue.name))

const defaultBinding = ({ vhost }: VhostState, queue: string): BindingItem => ({
  source: DEFAULT_EXCHANGE,
  vhost,
  destination: queue,
  destination_type: 'queue',
  routing_key: queue,
  arguments: {},
  properties_key: propertiesKey(queue, {}),
})

const renderAll = (state: VhostState, bindings: Iterable<Binding>): BindingItem[] =>
  Array.from(bindings, (binding) => renderBinding(state, binding))

/** A binding holds ids; whoever looks at it wants names. The state has both ends, or it would not have the binding. */
export function renderBinding(state: VhostState, binding: Binding): BindingItem {
  const { sourceId, destination, routingKey, arguments: args } = binding
  const name =
    destination.type === 'queue'
      ? state.queueById(destination.id)?.name
      : state.exchangeById(destination.id)?.exchange.name
  return {
    source: state.exchangeById(sourceId)?.exchange.name ?? sourceId,
    vhost: state.vhost,
    destination: name ?? destination.id,
    destination_type: destination.type,
    routing_key: routingKey,
    arguments: args,
    properties_key: propertiesKey(routingKey, args),
  }
}

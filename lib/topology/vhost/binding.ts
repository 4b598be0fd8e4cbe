import type { AmqpTable } from '../../model/amqp-value.ts'
import { type Binding, bindingKeyBetween, type Destination } from '../../model/binding.ts'
import { invalid, notFound, preconditionFailed } from '../../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../../model/exchange.ts'
import { assertShortString, noSuchObject } from '../../model/names.ts'
import { exchangeType } from '../../routing/exchange-types.ts'
import { autoDeletedExchanges } from './auto-delete.ts'
import type { VhostEvent } from './events.ts'
import { defaultExchange } from './reserved-names.ts'
import type { ExchangeNode, VhostState } from './state.ts'

/** What one vhost's state may hold in the memory of a function. */
export const MAX_BINDINGS = 200_000

/** The two ends of a binding, by name. */
export interface Ends {
  readonly source: string
  readonly destinationType: Destination['type']
  readonly destination: string
}

export interface Bind extends Ends {
  readonly type: 'bind'
  readonly routingKey: string
  readonly arguments: AmqpTable
}

export interface Unbind extends Ends {
  readonly type: 'unbind'
  /** Contract §1.2: the handle of the binding between the two ends. */
  readonly propertiesKey: string
}

/**
 * Contract §1.2. No event where the binding exists. Throws `not-found` for a missing end, source first.
 * `added` bindings have been decided already but are not in the state yet.
 */
export function bind(state: VhostState, command: Bind, added = 0): VhostEvent[] {
  const { source, destination } = resolveEnds(state, command)
  assertBindingKey(command.routingKey)
  const { routingKey, arguments: args } = command
  const binding: Binding = { sourceId: source.exchange.id, destination, routingKey, arguments: args }
  if (state.hasBinding(binding)) return []
  exchangeType(source.exchange.type)?.assertBinding(binding, source.exchange.arguments)
  if (state.bindingCount + added >= MAX_BINDINGS) {
    throw preconditionFailed(`vhost '${state.vhost}' has ${MAX_BINDINGS} bindings, which is the limit`)
  }
  return [{ type: 'bound', binding }]
}

/** A key has a place in URLs and journals, which know no lone surrogates. */
function assertBindingKey(routingKey: string): void {
  assertShortString(routingKey, 'the routing key')
  if (!routingKey.isWellFormed()) throw invalid('the routing key is not valid Unicode text')
}

/** Contract §1.2, §2.3. Throws `not-found` where nothing of the kind is bound. */
export function unbind(state: VhostState, command: Unbind): VhostEvent[] {
  assertNotDefaultExchange(command)
  const binding = findBinding(state, command, command.propertiesKey)
  if (!binding) throw notFound()
  return [{ type: 'unbound', binding }, ...autoDeletedExchanges(state, [binding])]
}

/** The binding between two ends that has this properties key, if there is one. */
export function findBinding(state: VhostState, ends: Ends, key: string): Binding | undefined {
  const source = state.exchangeByName(ends.source)
  const destination = destinationOf(state, ends)
  return source && destination && source.outgoing.get(bindingKeyBetween(source.exchange.id, destination, key))
}

/** All bindings between two ends; none where an end is missing. */
export function bindingsBetween(state: VhostState, ends: Ends): Binding[] {
  const source = state.exchangeByName(ends.source)
  const end = destinationOf(state, ends)
  const incoming = end && state.destinationNode(end)?.incoming
  if (!source || !incoming) return []
  const fewer = incoming.size < source.outgoing.size ? incoming : source.outgoing
  return [...fewer.values()].filter(
    ({ sourceId, destination }) =>
      sourceId === source.exchange.id && destination.type === end.type && destination.id === end.id,
  )
}

function resolveEnds(state: VhostState, ends: Ends): { source: ExchangeNode; destination: Destination } {
  assertNotDefaultExchange(ends)
  const source = state.exchangeByName(ends.source)
  if (!source) throw noSuchObject('exchange', ends.source, state.vhost)
  const destination = destinationOf(state, ends)
  if (!destination) throw noSuchObject(ends.destinationType, ends.destination, state.vhost)
  return { source, destination }
}

/** The default exchange cannot be bound or unbound by anybody (contract §2.2). */
export function assertNotDefaultExchange({ source, destinationType, destination }: Ends): void {
  const isDefault = source === DEFAULT_EXCHANGE || (destinationType === 'exchange' && destination === DEFAULT_EXCHANGE)
  if (isDefault) throw defaultExchange()
}

function destinationOf(state: VhostState, { destinationType: type, destination: name }: Ends): Destination | undefined {
  const id = type === 'queue' ? state.queueByName(name)?.id : state.exchangeByName(name)?.exchange.id
  return id === undefined ? undefined : { type, id }
}

import type { AmqpTable } from '../../model/amqp-value.ts'
import { notFound, preconditionFailed } from '../../model/errors.ts'
import { DEFAULT_EXCHANGE, type Exchange, PREDEFINED_EXCHANGES } from '../../model/exchange.ts'
import { assertName, describeObject, isReservedName } from '../../model/names.ts'
import type { ExchangeType } from '../../routing/exchange-type.ts'
import { exchangeType } from '../../routing/exchange-types.ts'
import { autoDeletedExchanges } from './auto-delete.ts'
import { assertEquivalentArgument, assertEquivalentFlag } from './equivalence.ts'
import type { VhostEvent } from './events.ts'
import { assertExchangeNameArgument } from './exchange-name-argument.ts'
import { defaultExchange, reservedName, systemExchange } from './reserved-names.ts'
import type { ExchangeNode, VhostState } from './state.ts'

export interface DeclareExchange {
  readonly type: 'declare-exchange'
  /** The id that the exchange gets if it is made. */
  readonly id: string
  readonly name: string
  readonly exchangeType: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: AmqpTable
  readonly user: string
}

export interface DeleteExchange {
  readonly type: 'delete-exchange'
  readonly name: string
  readonly ifUnused: boolean
}

/** Contract §2.1–2.3. No event where an equivalent exchange exists. */
export function declareExchange(state: VhostState, command: DeclareExchange): VhostEvent[] {
  if (command.name === DEFAULT_EXCHANGE) throw defaultExchange()
  assertName(command.name, 'the exchange name')
  const type = requireExchangeType(command.exchangeType)
  const existing = state.exchangeByName(command.name)
  if (existing) return assertEquivalent(state, existing.exchange, command)
  if (isReservedName(command.name)) throw reservedName('exchange', command.name)
  const object = describeObject('exchange', command.name, state.vhost)
  assertExchangeNameArgument(object, 'alternate-exchange', command.arguments)
  type.assertArguments(command.arguments)
  const { id, name, durable, autoDelete, internal, user } = command
  const exchange = { id, name, type: type.name, durable, autoDelete, internal, arguments: command.arguments, user }
  return [{ type: 'exchange-declared', exchange }]
}

/** The type of that name. Throws `precondition-failed`, in RabbitMQ's words, where there is none. */
export function requireExchangeType(name: string): ExchangeType {
  const type = exchangeType(name)
  if (!type) throw preconditionFailed(`unknown exchange type '${name}'`)
  return type
}

function assertEquivalent(state: VhostState, current: Exchange, command: DeclareExchange): VhostEvent[] {
  const object = describeObject('exchange', current.name, state.vhost)
  assertEquivalentFlag(object, 'type', command.exchangeType, current.type)
  assertEquivalentFlag(object, 'durable', command.durable, current.durable)
  assertEquivalentFlag(object, 'auto_delete', command.autoDelete, current.autoDelete)
  assertEquivalentFlag(object, 'internal', command.internal, current.internal)
  assertEquivalentArgument(object, 'alternate-exchange', command.arguments, current.arguments)
  return []
}

/** For doors that refuse such names before they look whether there is an exchange. */
export function assertNotSystemExchange(name: string, vhost: string): void {
  if (name === DEFAULT_EXCHANGE) throw defaultExchange()
  if (isReservedName(name)) throw systemExchange(name, vhost)
}

/** Contract §1.2, §2.2. Throws `not-found` for a missing exchange. */
export function deleteExchange(state: VhostState, command: DeleteExchange): VhostEvent[] {
  if (command.name === DEFAULT_EXCHANGE) throw defaultExchange()
  const node = state.exchangeByName(command.name)
  if (!node) throw notFound()
  if (isReservedName(command.name)) throw systemExchange(command.name, state.vhost)
  if (command.ifUnused && node.outgoing.size > 0) {
    throw preconditionFailed(`${describeObject('exchange', command.name, state.vhost)} in use`)
  }
  return [exchangeDeleted(node), ...autoDeletedExchanges(state, [...node.incoming.values()], node.exchange.id)]
}

export const exchangeDeleted = ({ exchange }: Pick<ExchangeNode, 'exchange'>): VhostEvent => ({
  type: 'exchange-deleted',
  id: exchange.id,
  name: exchange.name,
})

/** What a new vhost begins with (contract §2.2); `ids` has one for each. */
export function predefinedExchanges(user: string, mintId: () => string): Exchange[] {
  return PREDEFINED_EXCHANGES.map((predefined) => ({
    ...predefined,
    id: mintId(),
    durable: true,
    autoDelete: false,
    arguments: {},
    user,
  }))
}

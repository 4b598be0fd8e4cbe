import { canonicalText } from '../../model/amqp-value.ts'
import { BrokerError } from '../../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../../model/exchange.ts'
import { describeObject, isReservedName } from '../../model/names.ts'
import { type Bind, bind } from './binding.ts'
import type { VhostEvent } from './events.ts'
import { type DeclareExchange, declareExchange } from './exchange.ts'
import { type SetParameter, setParameter } from './parameter.ts'
import { type SetPolicy, setPolicy } from './policy.ts'
import { type DeclareQueue, declareQueue } from './queue.ts'
import type { VhostState } from './state.ts'

/** One item of an imported definitions file, as the command that would make it. */
export type ImportItem = DeclareExchange | DeclareQueue | Bind | SetPolicy | SetParameter

/**
 * Part of an import: items of one kind, so that each is decided on a state that the earlier parts have already changed.
 */
export interface ImportIntoVhost {
  readonly type: 'import'
  readonly items: readonly ImportItem[]
}

/**
 * Merges (contract §4.2): exchanges and queues that exist stay as they are, whatever the file says of them; reserved
 * names and the default exchange are passed over. Throws, naming the item, where one is refused; then none is applied.
 */
export function importIntoVhost(state: VhostState, { items }: ImportIntoVhost): VhostEvent[] {
  const events: VhostEvent[] = []
  for (const item of distinctItems(items)) {
    if (!isPassedOver(state, item)) events.push(...decideItem(state, item, events.length))
  }
  return events
}

/** A file may name a thing twice: the one counts that would be there if they had been imported one after the other. */
function distinctItems(items: readonly ImportItem[]): Iterable<ImportItem> {
  const distinct = new Map<string, ImportItem>()
  for (const item of items) {
    const identity = identityOf(item)
    if (isOverwritten(item) || !distinct.has(identity)) distinct.set(identity, item)
  }
  return distinct.values()
}

const isOverwritten = ({ type }: ImportItem): boolean => type === 'set-policy' || type === 'set-parameter'

function identityOf(item: ImportItem): string {
  switch (item.type) {
    case 'declare-exchange':
    case 'declare-queue':
      return JSON.stringify([item.type, item.name])
    case 'bind': {
      const { source, destinationType, destination, routingKey } = item
      return JSON.stringify([source, destinationType, destination, routingKey, canonicalText(item.arguments)])
    }
    case 'set-policy':
      return JSON.stringify([item.type, item.policy.name])
    case 'set-parameter':
      return JSON.stringify([item.type, item.parameter.component, item.parameter.name])
  }
}

function isPassedOver(state: VhostState, item: ImportItem): boolean {
  if (item.type === 'declare-exchange') return isOurs(item.name) || state.exchangeByName(item.name) !== undefined
  if (item.type === 'declare-queue') return isReservedName(item.name) || state.queueByName(item.name) !== undefined
  return item.type === 'bind' && item.source === DEFAULT_EXCHANGE
}

const isOurs = (name: string): boolean => name === DEFAULT_EXCHANGE || isReservedName(name)

/** `added` items, all of one kind, have been decided in this part already but are not in the state yet. */
function decideItem(state: VhostState, item: ImportItem, added: number): VhostEvent[] {
  try {
    switch (item.type) {
      case 'declare-exchange':
        return declareExchange(state, item)
      case 'declare-queue':
        return declareQueue(state, item, added)
      case 'bind':
        return bind(state, item, added)
      case 'set-policy':
        return setPolicy(state, item)
      case 'set-parameter':
        return setParameter(state, item)
    }
  } catch (error) {
    throw error instanceof BrokerError ? withPlace(error, describeItem(state, item)) : error
  }
}

const withPlace = (error: BrokerError, place: string): BrokerError =>
  new BrokerError('invalid', `${place}: ${error.message}`, { cause: error })

function describeItem(state: VhostState, item: ImportItem): string {
  switch (item.type) {
    case 'declare-exchange':
      return describeObject('exchange', item.name, state.vhost)
    case 'declare-queue':
      return describeObject('queue', item.name, state.vhost)
    case 'bind':
      return `binding from '${item.source}' to ${item.destinationType} '${item.destination}' in vhost '${state.vhost}'`
    case 'set-policy':
      return `policy '${item.policy.name}' in vhost '${state.vhost}'`
    case 'set-parameter':
      return `parameter '${item.parameter.name}' in vhost '${state.vhost}'`
  }
}

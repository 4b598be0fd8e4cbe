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
  const seen = new Set<string>()
  const events: VhostEvent[] = []
  for (const item of items) {
    if (isPassedOver(state, item)) continue
    events.push(...decideItem(state, item, events.length).filter((event) => isFirst(seen, event)))
  }
  return events
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
        return declareQueue(state, { ...item, maxQueues: item.maxQueues && item.maxQueues - added })
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

/** A file may name a thing twice: the first one counts, as it would one after the other. */
function isFirst(seen: Set<string>, event: VhostEvent): boolean {
  const identity = identityOf(event)
  if (identity === undefined) return true
  if (seen.has(identity)) return false
  seen.add(identity)
  return true
}

function identityOf(event: VhostEvent): string | undefined {
  if (event.type === 'exchange-declared') return `exchange ${event.exchange.name}`
  if (event.type === 'queue-declared') return `queue ${event.queue.name}`
  return undefined
}

import type { Bind, Ends, Unbind } from '../../../lib/topology/vhost/binding.ts'
import { decideVhost, type VhostCommand } from '../../../lib/topology/vhost/decide.ts'
import type { VhostEvent } from '../../../lib/topology/vhost/events.ts'
import { type DeclareExchange, type DeleteExchange, predefinedExchanges } from '../../../lib/topology/vhost/exchange.ts'
import { vhostMachine } from '../../../lib/topology/vhost/machine.ts'
import type { DeclareQueue, DeleteQueue } from '../../../lib/topology/vhost/queue.ts'
import type { VhostState } from '../../../lib/topology/vhost/state.ts'
import { textOf } from '../machine-runs.ts'

let minted = 0

/** An id that no other call has had. */
export function newId(): string {
  minted += 1
  return `id${minted}`
}

/** A vhost `dv` as it is created. */
export function openVhost(): VhostState {
  const state = vhostMachine.initial()
  vhostMachine.apply(state, vhostOpened())
  return state
}

export const vhostOpened = (): VhostEvent => ({
  type: 'vhost-opened',
  id: newId(),
  name: 'dv',
  exchanges: predefinedExchanges('guest', newId),
})

/** Decides the commands one after the other and applies what they do. Returns all events. */
export function run(state: VhostState, ...commands: readonly VhostCommand[]): VhostEvent[] {
  return commands.flatMap((command) => {
    const events = decideVhost(state, command)
    for (const event of events) vhostMachine.apply(state, event)
    return events
  })
}

/** A vhost `dv` in which these commands have been run. */
export function vhostAfter(...commands: readonly VhostCommand[]): VhostState {
  const state = openVhost()
  run(state, ...commands)
  return state
}

/** All that a state is, as a text: equal texts for equal states. */
export const snapshotText = (state: VhostState): string => textOf(vhostMachine, state)

export const declareExchange = (name: string, given: Partial<DeclareExchange> = {}): DeclareExchange => ({
  type: 'declare-exchange',
  id: newId(),
  name,
  exchangeType: 'direct',
  durable: true,
  autoDelete: false,
  internal: false,
  arguments: {},
  user: 'guest',
  ...given,
})

export const deleteExchange = (name: string, ifUnused = false): DeleteExchange => ({
  type: 'delete-exchange',
  name,
  ifUnused,
})

export const declareQueue = (name: string, given: Partial<DeclareQueue> = {}): DeclareQueue => ({
  type: 'declare-queue',
  id: newId(),
  name,
  durable: true,
  autoDelete: false,
  arguments: {},
  user: 'guest',
  sqsQueues: [{ name: `sqs-${name}` }],
  ...given,
})

/** When everything in these tests happens. */
export const NOW_MS = 1_700_000_000_000

export const deleteQueue = (name: string): DeleteQueue => ({ type: 'delete-queue', name, nowMs: NOW_MS })

export const toQueue = (source: string, destination: string): Ends => ({
  source,
  destinationType: 'queue',
  destination,
})

export const toExchange = (source: string, destination: string): Ends => ({
  source,
  destinationType: 'exchange',
  destination,
})

export const bind = (ends: Ends, routingKey = '', args: Bind['arguments'] = {}): Bind => ({
  type: 'bind',
  ...ends,
  routingKey,
  arguments: args,
})

export const unbind = (ends: Ends, propertiesKey = '~'): Unbind => ({ type: 'unbind', ...ends, propertiesKey })

export const exchangeNames = (state: VhostState): string[] =>
  Array.from(state.exchanges(), ({ exchange }) => exchange.name).filter((name) => !name.startsWith('amq.'))

export const deletedNames = (events: readonly VhostEvent[]): string[] =>
  events.flatMap((event) => (event.type === 'exchange-deleted' || event.type === 'queue-deleted' ? [event.name] : []))

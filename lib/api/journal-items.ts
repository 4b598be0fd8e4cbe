import type { Entry } from '../journal/entry.ts'
import type { Binding } from '../model/binding.ts'
import type { Exchange } from '../model/exchange.ts'
import type { Queue } from '../model/queue.ts'
import type { Parameter, Policy, VhostEvent } from '../topology/vhost/events.ts'
import { vhostMachine } from '../topology/vhost/machine.ts'
import type { VhostState } from '../topology/vhost/state.ts'
import { renderBinding } from './binding-items.ts'
import { RABBITMQ_VERSION } from './identity.ts'

/** An entry with names instead of ids. `state` is the topology before it, and afterwards the one after it. */
export function renderEntry(state: VhostState, { version, who, when, events }: Entry<VhostEvent>) {
  const rendered = events.map((event) => {
    const item = renderEvent(state, event)
    vhostMachine.apply(state, event)
    return item
  })
  return { version, who, when, events: rendered }
}

function renderEvent(state: VhostState, event: VhostEvent): object {
  switch (event.type) {
    case 'vhost-opened':
      return { type: event.type, name: event.name, exchanges: event.exchanges.map(exchangeDefinition) }
    case 'exchange-declared':
      return { type: event.type, exchange: exchangeDefinition(event.exchange) }
    case 'queue-declared':
      return { type: event.type, queue: queueDefinition(event.queue) }
    case 'bound':
    case 'unbound':
      return { type: event.type, binding: bindingDefinition(state, event.binding) }
    case 'policy-set':
      return { type: event.type, policy: policyDefinition(event.policy) }
    case 'parameter-set':
      return { type: event.type, parameter: parameterDefinition(event.parameter) }
    case 'parameter-deleted':
      return { type: event.type, component: event.component, name: event.name }
    case 'exchange-deleted':
    case 'queue-deleted':
    case 'policy-deleted':
      return { type: event.type, name: event.name }
  }
}

/** A topology in the form of one vhost's definitions (contract §4.1), predefined exchanges included. */
export const renderTopology = (state: VhostState) => ({
  rabbitmq_version: RABBITMQ_VERSION,
  rabbitmq_definition_format: 'single_virtual_host',
  parameters: Array.from(state.parameters.values(), parameterDefinition),
  policies: Array.from(state.policies.values(), policyDefinition),
  queues: Array.from(state.queues(), ({ queue }) => queueDefinition(queue)),
  exchanges: Array.from(state.exchanges(), ({ exchange }) => exchangeDefinition(exchange)),
  bindings: Array.from(state.bindings(), (binding) => bindingDefinition(state, binding)),
})

const exchangeDefinition = ({ name, type, durable, autoDelete, internal, arguments: args }: Exchange) => ({
  name,
  type,
  durable,
  auto_delete: autoDelete,
  internal,
  arguments: args,
})

const queueDefinition = ({ name, type, durable, autoDelete, arguments: args }: Queue) => ({
  name,
  type,
  durable,
  auto_delete: autoDelete,
  arguments: args,
})

function bindingDefinition(state: VhostState, binding: Binding) {
  const { vhost: _sameForAll, properties_key: _derived, ...definition } = renderBinding(state, binding)
  return definition
}

const policyDefinition = ({ name, pattern, applyTo, definition, priority }: Policy) => ({
  name,
  pattern,
  'apply-to': applyTo,
  definition,
  priority,
})

const parameterDefinition = ({ component, name, value }: Parameter) => ({ component, name, value })

import type { Entry } from '../journal/entry.ts'
import { exportBinding, exportExchange, exportQueue } from '../topology/definitions/export.ts'
import { policyBody } from '../topology/definitions/policy.ts'
import type { VhostEvent } from '../topology/vhost/events.ts'
import { vhostMachine } from '../topology/vhost/machine.ts'
import type { VhostState } from '../topology/vhost/state.ts'

/**
 * An entry with names instead of ids, objects as definitions have them. `state` is the topology before it, and
 * afterwards the one after it.
 */
export function renderEntry(state: VhostState, { version, who, when, events }: Entry<VhostEvent>) {
  const rendered = events.map((event) => {
    const item = renderEvent(state, event)
    vhostMachine.apply(state, event)
    return item
  })
  return { version, who, when, events: rendered }
}

function renderEvent(state: VhostState, event: VhostEvent): object {
  const { type } = event
  switch (type) {
    case 'vhost-opened':
      return { type, name: event.name, exchanges: event.exchanges.map(exportExchange) }
    case 'exchange-declared':
      return { type, exchange: exportExchange(event.exchange) }
    case 'queue-declared':
      return { type, queue: exportQueue(event.queue) }
    case 'dead-letters-opened':
      return { type, name: event.name, sqs_queue: event.sqsQueue.name }
    case 'bound':
    case 'unbound':
      return { type, binding: exportBinding(state, event.binding) }
    case 'policy-set':
      return { type, policy: { name: event.policy.name, ...policyBody(event.policy) } }
    case 'parameter-set':
      return { type, parameter: event.parameter }
    case 'parameter-deleted':
      return { type, component: event.component, name: event.name }
    case 'exchange-deleted':
    case 'queue-deleted':
    case 'policy-deleted':
      return { type, name: event.name }
  }
}

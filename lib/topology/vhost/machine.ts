import type { AmqpValue } from '../../model/amqp-value.ts'
import type { Binding } from '../../model/binding.ts'
import type { Exchange } from '../../model/exchange.ts'
import type { Queue } from '../../model/queue.ts'
import type { DeletedQueue } from './deleted-queues.ts'
import type { Parameter, Policy, VhostEvent } from './events.ts'
import { VhostState } from './state.ts'

interface VhostSnapshot {
  readonly id: string
  readonly name: string
  readonly exchanges: readonly Exchange[]
  readonly queues: readonly Queue[]
  readonly bindings: readonly Binding[]
  readonly policies: readonly Policy[]
  readonly parameters: readonly Parameter[]
  /** Absent in bases of releases that kept none. */
  readonly deletedQueues?: readonly DeletedQueue[]
}

/** The state machine of a vhost's journal (docs/architecture.md): what each event does to the topology. */
export const vhostMachine = {
  format: 3,

  initial: (): VhostState => new VhostState(),

  apply(state: VhostState, event: VhostEvent): void {
    switch (event.type) {
      case 'vhost-opened':
        state.id = event.id
        state.vhost = event.name
        for (const exchange of event.exchanges) state.addExchange(exchange)
        break
      case 'exchange-declared':
        state.addExchange(event.exchange)
        break
      case 'exchange-deleted':
        state.removeExchange(event.id)
        break
      case 'queue-declared':
        state.addQueue(event.queue)
        break
      case 'queue-deleted':
        state.removeQueue(event.id, event.deletedMs)
        break
      case 'dead-letters-opened':
        state.openDeadLetters(event.id, event.sqsQueue)
        break
      case 'bound':
        state.addBinding(event.binding)
        break
      case 'unbound':
        state.removeBinding(event.binding)
        break
      case 'policy-set':
        state.setPolicy(event.policy)
        break
      case 'policy-deleted':
        state.removePolicy(event.name)
        break
      case 'parameter-set':
        state.setParameter(event.parameter)
        break
      case 'parameter-deleted':
        state.removeParameter(event.component, event.name)
        break
    }
  },

  snapshot(state: VhostState): AmqpValue {
    const snapshot: VhostSnapshot = {
      id: state.id,
      name: state.vhost,
      exchanges: Array.from(state.exchanges(), ({ exchange }) => exchange),
      queues: Array.from(state.queues(), ({ queue }) => queue),
      bindings: [...state.bindings()],
      policies: [...state.policies.values()],
      parameters: [...state.parameters.values()],
      deletedQueues: state.deletedQueues(),
    }
    return snapshot as unknown as AmqpValue
  },

  restore(data: AmqpValue): VhostState {
    const snapshot = data as unknown as VhostSnapshot
    const state = new VhostState()
    state.id = snapshot.id
    state.vhost = snapshot.name
    for (const exchange of snapshot.exchanges) state.addExchange(exchange)
    for (const queue of snapshot.queues) state.addQueue(queue)
    for (const binding of snapshot.bindings) state.addBinding(binding)
    for (const policy of snapshot.policies) state.setPolicy(policy)
    for (const parameter of snapshot.parameters) state.setParameter(parameter)
    for (const deleted of snapshot.deletedQueues ?? []) state.keepDeleted(deleted)
    return state
  },
}

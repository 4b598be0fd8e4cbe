import type { Queue } from '../../model/queue.ts'
import { OPERATOR_POLICY_COMPONENT } from '../definitions/definitions.ts'
import { operatorPolicyOf } from '../definitions/parameter.ts'
import type { Parameter, Policy, VhostEvent } from './events.ts'
import { PolicyMatchers } from './policies-in-force.ts'
import { type QueueSettings, queueSettings } from './queue-settings.ts'
import { parameterKey, type VhostState } from './state.ts'

/**
 * What will be in force for a queue once these events have happened, without applying them; undefined where none of them
 * concerns policies, so that nothing changes for any queue.
 */
export function settingsAfter(
  state: VhostState,
  events: readonly VhostEvent[],
): ((queue: Queue) => QueueSettings) | undefined {
  if (!events.some(concernsPolicies)) return undefined
  const policies = new Map<string, Policy>(state.policies)
  const parameters = new Map<string, Parameter>(state.parameters)
  for (const event of events) {
    if (event.type === 'policy-set') policies.set(event.policy.name, event.policy)
    if (event.type === 'policy-deleted') policies.delete(event.name)
    if (event.type === 'parameter-set') {
      parameters.set(parameterKey(event.parameter.component, event.parameter.name), event.parameter)
    }
    if (event.type === 'parameter-deleted') parameters.delete(parameterKey(event.component, event.name))
  }
  const operatorPolicies = Array.from(parameters.values(), operatorPolicyOf).filter((policy) => policy !== undefined)
  const matchers = new PolicyMatchers(policies.values(), operatorPolicies)
  return (queue) => queueSettings(queue, matchers.ofQueue(queue))
}

function concernsPolicies(event: VhostEvent): boolean {
  if (event.type === 'policy-set' || event.type === 'policy-deleted') return true
  if (event.type === 'parameter-set') return event.parameter.component === OPERATOR_POLICY_COMPONENT
  return event.type === 'parameter-deleted' && event.component === OPERATOR_POLICY_COMPONENT
}

import { canonicalText } from '../../model/amqp-value.ts'
import { notFound } from '../../model/errors.ts'
import type { Policy, VhostEvent } from './events.ts'
import type { VhostState } from './state.ts'

export interface SetPolicy {
  readonly type: 'set-policy'
  readonly policy: Policy
}

export interface DeletePolicy {
  readonly type: 'delete-policy'
  readonly name: string
}

/** Stores a policy (contract §1.5); no event where it is stored already. */
export function setPolicy(state: VhostState, { policy }: SetPolicy): VhostEvent[] {
  const current = state.policies.get(policy.name)
  return current && samePolicy(current, policy) ? [] : [{ type: 'policy-set', policy }]
}

const samePolicy = (left: Policy, right: Policy): boolean => canonicalText({ ...left }) === canonicalText({ ...right })

export function deletePolicy(state: VhostState, { name }: DeletePolicy): VhostEvent[] {
  if (!state.policies.has(name)) throw notFound()
  return [{ type: 'policy-deleted', name }]
}

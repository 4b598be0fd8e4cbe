import { equalValues } from '../../model/amqp-value.ts'
import { notFound } from '../../model/errors.ts'
import type { Parameter, VhostEvent } from './events.ts'
import { parameterKey, type VhostState } from './state.ts'

export interface SetParameter {
  readonly type: 'set-parameter'
  readonly parameter: Parameter
}

export interface DeleteParameter {
  readonly type: 'delete-parameter'
  readonly component: string
  readonly name: string
}

/** Stores a runtime parameter as it is (contract §1.5); no event where it is stored already. */
export function setParameter(state: VhostState, { parameter }: SetParameter): VhostEvent[] {
  const current = state.parameters.get(parameterKey(parameter.component, parameter.name))
  return current && equalValues(current.value, parameter.value) ? [] : [{ type: 'parameter-set', parameter }]
}

export function deleteParameter(state: VhostState, { component, name }: DeleteParameter): VhostEvent[] {
  if (!state.parameters.has(parameterKey(component, name))) throw notFound()
  return [{ type: 'parameter-deleted', component, name }]
}

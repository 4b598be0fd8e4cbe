import { type AmqpValue, equalValues } from '../../model/amqp-value.ts'
import { notFound } from '../../model/errors.ts'
import { assertName } from '../../model/names.ts'
import type { AccessEvent } from './events.ts'
import type { AccessState } from './state.ts'

export interface SetGlobalParameter {
  readonly type: 'set-global-parameter'
  readonly name: string
  readonly value: AmqpValue
}

export interface DeleteGlobalParameter {
  readonly type: 'delete-global-parameter'
  readonly name: string
}

/** The global parameter that holds the broker's name (contract §1.2, `/cluster-name`). */
export const CLUSTER_NAME = 'cluster_name'

export function setGlobalParameter(state: AccessState, { name, value }: SetGlobalParameter): AccessEvent[] {
  assertName(name, 'the parameter name')
  return equalValues(state.globalParameters.get(name), value) ? [] : [{ type: 'global-parameter-set', name, value }]
}

export function deleteGlobalParameter(state: AccessState, { name }: DeleteGlobalParameter): AccessEvent[] {
  if (!state.globalParameters.has(name)) throw notFound()
  return [{ type: 'global-parameter-deleted', name }]
}

import { type AmqpTable, type AmqpValue, isTable } from '../../model/amqp-value.ts'
import { assertName } from '../../model/names.ts'
import type { Parameter, Policy } from '../vhost/events.ts'
import { COMPONENTS } from './component.ts'
import { OPERATOR_POLICY_COMPONENT } from './definitions.ts'
import { escaped, parsePolicy, policyBody, validationFailed } from './policy.ts'

export const isKnownComponent = (component: string): boolean => COMPONENTS.has(component)

/**
 * A parameter as a client or a file writes it (contract §1.5). Throws `invalid` in RabbitMQ's words, which escape `<` and
 * `>` here.
 */
export function parseParameter(component: string, name: string, value: AmqpValue): Parameter {
  assertName(name, 'the parameter name')
  const check = COMPONENTS.get(component)
  const complaints = check ? check(name, value) : [`component ${component} not found`]
  if (complaints.length > 0) throw validationFailed(escaped(complaints.join('\n')))
  return { component, name, value }
}

/** An operator policy as RabbitMQ keeps it: a parameter (contract §4.1). */
export const operatorPolicyParameter = (name: string, body: AmqpTable): Parameter => ({
  component: OPERATOR_POLICY_COMPONENT,
  name,
  value: policyBody(parsePolicy('operator-policy', name, body)),
})

/** The operator policy that a parameter holds, or undefined where it is another parameter. */
export function operatorPolicyOf({ component, name, value }: Parameter): Policy | undefined {
  return component === OPERATOR_POLICY_COMPONENT && isTable(value)
    ? parsePolicy('operator-policy', name, value)
    : undefined
}

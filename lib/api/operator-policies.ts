import { changePolicies } from '../broker/change-policies.ts'
import { OPERATOR_POLICY_COMPONENT } from '../topology/definitions/definitions.ts'
import { operatorPolicyOf, operatorPolicyParameter } from '../topology/definitions/parameter.ts'
import type { Policy } from '../topology/vhost/events.ts'
import { parameterKey, type VhostState } from '../topology/vhost/state.ts'
import { assertFields, bodyObject } from './body.ts'
import { jsonOnly } from './content-type.ts'
import type { Api } from './env.ts'
import { segment } from './path.ts'
import { policyReads } from './policies.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withVhost } from './session.ts'

const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.5: what operators set beside the policies of users. Each is kept as a parameter, as RabbitMQ does. */
export function operatorPolicyRoutes(api: Api): void {
  policyReads(api, 'operator-policies', ADMINISTRATOR, operatorPoliciesOf)

  api.put(
    '/operator-policies/:vhost/:policy',
    withVhost(
      ADMINISTRATOR,
      jsonOnly(async (c, session) => {
        const [name, body] = [segment(c, 'policy'), bodyObject(c)]
        assertFields(body, ['pattern', 'definition'])
        const parameter = operatorPolicyParameter(name, body)
        const isNew = !session.vhost.parameters.has(parameterKey(OPERATOR_POLICY_COMPONENT, name))
        await changePolicies(session, { type: 'set-parameter', parameter })
        return created(c, isNew ? 'created' : 'existing')
      }),
    ),
  )

  api.delete(
    '/operator-policies/:vhost/:policy',
    withVhost(ADMINISTRATOR, async (c, session) => {
      const name = segment(c, 'policy')
      await changePolicies(session, { type: 'delete-parameter', component: OPERATOR_POLICY_COMPONENT, name })
      return noContent(c)
    }),
  )
}

const operatorPoliciesOf = ({ parameters }: VhostState): readonly Policy[] =>
  Array.from(parameters.values(), operatorPolicyOf).filter((policy) => policy !== undefined)

import { changePolicies } from '../broker/change-policies.ts'
import { notFound } from '../model/errors.ts'
import { OPERATOR_POLICY_COMPONENT } from '../topology/definitions/definitions.ts'
import { operatorPolicyOf, operatorPolicyParameter } from '../topology/definitions/parameter.ts'
import { parameterKey, type VhostState } from '../topology/vhost/state.ts'
import { assertFields, bodyObject } from './body.ts'
import { jsonOnly } from './content-type.ts'
import type { Api } from './env.ts'
import { itemAnswer, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { POLICY_LIST, renderPolicy } from './policies.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

const MANAGEMENT: Entry = { tag: 'management' }
const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.5: what operators set beside the policies of users. Each is kept as a parameter, as RabbitMQ does. */
export function operatorPolicyRoutes(api: Api): void {
  api.get(
    '/operator-policies',
    withSession(MANAGEMENT, async (c, session) => {
      const sessions = await listedSessions(c, session)
      return listAnswer(
        c,
        sessions.flatMap(({ vhost }) => policiesOf(vhost)),
        POLICY_LIST,
      )
    }),
  )

  api.get(
    '/operator-policies/:vhost',
    withVhost(MANAGEMENT, (c, { vhost }) => listAnswer(c, policiesOf(vhost), POLICY_LIST)),
  )

  api.get(
    '/operator-policies/:vhost/:policy',
    withVhost(ADMINISTRATOR, (c, { vhost }) => {
      const name = segment(c, 'policy')
      const policy = policiesOf(vhost).find((candidate) => candidate.name === name)
      if (!policy) throw notFound()
      return itemAnswer(c, policy)
    }),
  )

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

const policiesOf = ({ vhost, parameters }: VhostState) =>
  [...parameters.values()].flatMap((parameter) => {
    const policy = operatorPolicyOf(parameter)
    return policy ? [renderPolicy(vhost, policy)] : []
  })

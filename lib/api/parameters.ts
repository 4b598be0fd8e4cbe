import { changeVhost } from '../broker/change.ts'
import type { Session, VhostSession } from '../broker/session.ts'
import { type BrokerError, invalid, notFound } from '../model/errors.ts'
import { OPERATOR_POLICY_COMPONENT, VHOST_LIMITS_COMPONENT } from '../topology/definitions/definitions.ts'
import { parametersOf } from '../topology/definitions/export.ts'
import { parseParameter } from '../topology/definitions/parameter.ts'
import { policyBody } from '../topology/definitions/policy.ts'
import type { Parameter } from '../topology/vhost/events.ts'
import { parameterKey, type VhostState } from '../topology/vhost/state.ts'
import { assertFields, bodyObject, field } from './body.ts'
import type { Api, ApiContext } from './env.ts'
import { itemAnswer, type ListOptions, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { listedSessions } from './visible-vhosts.ts'

const POLICYMAKER: Entry = { tag: 'policymaker' }

/** Contract §1.5: kept as they come. */
export function parameterRoutes(api: Api): void {
  api.get('/parameters', withSession(POLICYMAKER, listParameters))
  api.get('/parameters/:component', withSession(POLICYMAKER, listParameters))

  api.get(
    '/parameters/:component/:vhost',
    withVhost(POLICYMAKER, (c, session) => listAnswer(c, parametersIn(session, segment(c, 'component')), LIST)),
  )

  api.get(
    '/parameters/:component/:vhost/:name',
    withVhost(POLICYMAKER, (c, session) => {
      const name = segment(c, 'name')
      const parameter = parametersIn(session, segment(c, 'component')).find((candidate) => candidate.name === name)
      if (!parameter) throw notFound()
      return itemAnswer(c, parameter)
    }),
  )

  api.put(
    '/parameters/:component/:vhost/:name',
    withVhost(POLICYMAKER, async (c, session) => {
      const [component, name, body] = [segment(c, 'component'), segment(c, 'name'), bodyObject(c)]
      assertFields(body, ['value'])
      assertGeneric(component)
      const parameter = parseParameter(component, name, field(body, 'value') ?? null)
      const isNew = !session.vhost.parameters.has(parameterKey(component, name))
      await changeVhost(session, { type: 'set-parameter', parameter })
      return created(c, isNew ? 'created' : 'existing')
    }),
  )

  api.delete(
    '/parameters/:component/:vhost/:name',
    withVhost(POLICYMAKER, async (c, session) => {
      const component = segment(c, 'component')
      assertGeneric(component)
      await changeVhost(session, { type: 'delete-parameter', component, name: segment(c, 'name') })
      return noContent(c)
    }),
  )
}

async function listParameters(c: ApiContext, session: Session): Promise<Response> {
  const component = c.req.param('component') === undefined ? undefined : segment(c, 'component')
  const sessions = await listedSessions(c, session)
  return listAnswer(
    c,
    sessions.flatMap((vhostSession) => parametersIn(vhostSession, component)),
    LIST,
  )
}

const LIST: ListOptions<ReturnType<typeof renderParameter>> = { order: ['vhost', 'component', 'name'] }

function parametersIn({ access, vhost }: VhostSession, component: string | undefined) {
  const parameters =
    component === POLICY_COMPONENT ? policiesOf(vhost) : parametersOf(vhost, access.vhosts.get(vhost.vhost))
  return parameters
    .filter((parameter) => parameter.component === (component ?? parameter.component))
    .map((parameter) => renderParameter(vhost.vhost, parameter))
}

/** What RabbitMQ keeps policies as: shown where this component is asked for, and in no list of all. */
const POLICY_COMPONENT = 'policy'

const policiesOf = ({ policies }: VhostState): Parameter[] =>
  Array.from(policies.values(), (policy) => ({
    component: POLICY_COMPONENT,
    name: policy.name,
    value: policyBody(policy),
  }))

/** A parameter as lists and items show it (contract §1.5). */
const renderParameter = (vhost: string, { component, name, value }: Parameter) => ({ vhost, component, name, value })

/** What has a resource of its own is changed there, where only administrators may. */
function assertGeneric(component: string): void {
  if (component === POLICY_COMPONENT) throw invalid('policies may not be set using this method')
  if (component === VHOST_LIMITS_COMPONENT) throw changedElsewhere(component, '/api/vhost-limits')
  if (component === OPERATOR_POLICY_COMPONENT) throw changedElsewhere(component, '/api/operator-policies')
}

const changedElsewhere = (component: string, path: string): BrokerError =>
  invalid(`parameters of component ${component} are changed under ${path}`)

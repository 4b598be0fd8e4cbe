import { changeAccess } from '../broker/change.ts'
import type { Session } from '../broker/session.ts'
import { invalid, notFound } from '../model/errors.ts'
import { assertGlobalParameter } from '../topology/definitions/parse.ts'
import { assertFields, bodyObject, field } from './body.ts'
import type { Api } from './env.ts'
import { itemAnswer, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'

const POLICYMAKER: Entry = { tag: 'policymaker' }

/** A built-in that clients look for (contract §1.5); it is derived, so it can be neither changed nor exported. */
const CLUSTER_ID = 'internal_cluster_id'

/** Contract §1.5. */
export function globalParameterRoutes(api: Api): void {
  api.get(
    '/global-parameters',
    withSession(POLICYMAKER, (c, session) => listAnswer(c, globalParametersOf(session), { order: ['name'] })),
  )

  api.get(
    '/global-parameters/:name',
    withSession(POLICYMAKER, (c, session) => {
      const name = segment(c, 'name')
      const parameter = globalParametersOf(session).find((candidate) => candidate.name === name)
      if (!parameter) throw notFound()
      return itemAnswer(c, parameter)
    }),
  )

  api.put(
    '/global-parameters/:name',
    withSession(POLICYMAKER, async (c, session) => {
      const [name, body] = [segment(c, 'name'), bodyObject(c)]
      assertFields(body, ['value'])
      assertChangeable(name)
      const value = field(body, 'value') ?? null
      assertGlobalParameter(name, value)
      const isNew = !session.access.globalParameters.has(name)
      await changeAccess(session, { type: 'set-global-parameter', name, value })
      return created(c, isNew ? 'created' : 'existing')
    }),
  )

  api.delete(
    '/global-parameters/:name',
    withSession(POLICYMAKER, async (c, session) => {
      const name = segment(c, 'name')
      assertChangeable(name)
      await changeAccess(session, { type: 'delete-global-parameter', name })
      return noContent(c)
    }),
  )
}

const globalParametersOf = ({ access, broker }: Session) => [
  ...Array.from(access.globalParameters, ([name, value]) => ({ name, value })),
  { name: CLUSTER_ID, value: `rabbitmq-cluster-id-${broker.config.namePrefix}` },
]

function assertChangeable(name: string): void {
  if (name === CLUSTER_ID) throw invalid(`${CLUSTER_ID} cannot be changed`)
}

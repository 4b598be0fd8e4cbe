import { changeAccess } from '../broker/change.ts'
import { CLUSTER_NAME } from '../topology/access/global-parameter.ts'
import { assertFields, bodyObject, stringField } from './body.ts'
import type { Api } from './env.ts'
import { NODE_NAME } from './identity.ts'
import { itemAnswer } from './list.ts'
import { noContent } from './respond.ts'
import { withSession } from './session.ts'

/** Contract §1.2, overview: the broker's name, which is a global parameter. */
export function clusterNameRoutes(api: Api): void {
  api.get(
    '/cluster-name',
    withSession({ tag: 'management' }, (c, { access }) =>
      itemAnswer(c, { name: access.globalParameters.get(CLUSTER_NAME) ?? NODE_NAME }),
    ),
  )

  api.put(
    '/cluster-name',
    withSession({ tag: 'administrator' }, async (c, session) => {
      const body = bodyObject(c)
      assertFields(body, ['name'])
      await changeAccess(session, {
        type: 'set-global-parameter',
        name: CLUSTER_NAME,
        value: stringField(body, 'name', ''),
      })
      return noContent(c)
    }),
  )
}

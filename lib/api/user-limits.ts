import { changeAccess } from '../broker/change.ts'
import type { User } from '../model/user.ts'
import { requireUser } from '../topology/access/user.ts'
import { parseUserLimit } from '../topology/definitions/user.ts'
import { jsonOnly } from './content-type.ts'
import type { Api } from './env.ts'
import { listAnswer } from './list.ts'
import { segment } from './path.ts'
import { noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'
import { limitValue } from './vhost-limits.ts'

const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.5. */
export function userLimitRoutes(api: Api): void {
  api.get(
    '/user-limits',
    withSession(ADMINISTRATOR, (c, { access }) =>
      listAnswer(c, [...access.users.values()].flatMap(renderLimits), { order: ['user'] }),
    ),
  )

  api.get(
    '/user-limits/:user',
    withSession(ADMINISTRATOR, (c, { access }) =>
      listAnswer(c, renderLimits(requireUser(access, segment(c, 'user'))), { order: ['user'] }),
    ),
  )

  api.put(
    '/user-limits/:user/:limit',
    withSession(
      ADMINISTRATOR,
      jsonOnly(async (c, session) => {
        const [user, limit] = [segment(c, 'user'), segment(c, 'limit')]
        const value = parseUserLimit(limit, limitValue(c))
        await changeAccess(session, { type: 'set-user-limit', user, limit, value })
        return noContent(c)
      }),
    ),
  )

  api.delete(
    '/user-limits/:user/:limit',
    withSession(ADMINISTRATOR, async (c, session) => {
      const { name } = requireUser(session.access, segment(c, 'user'))
      await changeAccess(session, { type: 'set-user-limit', user: name, limit: segment(c, 'limit') })
      return noContent(c)
    }),
  )
}

/** A user without limits is in no list. */
const renderLimits = ({ name, limits }: User) =>
  Object.keys(limits).length === 0 ? [] : [{ user: name, value: limits }]

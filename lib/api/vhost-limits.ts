import { changeAccess } from '../broker/change.ts'
import type { AmqpValue } from '../model/amqp-value.ts'
import type { Vhost } from '../model/vhost.ts'
import { assertVhostLimit, requireVhost } from '../topology/access/vhost.ts'
import { parseVhostLimit } from '../topology/definitions/user.ts'
import { assertFields, bodyObject, field } from './body.ts'
import { jsonOnly } from './content-type.ts'
import type { Api, ApiContext } from './env.ts'
import { listAnswer } from './list.ts'
import { segment } from './path.ts'
import { noContent } from './respond.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { visibleVhosts } from './visible-vhosts.ts'

const MANAGEMENT: Entry = { tag: 'management' }
const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.5. */
export function vhostLimitRoutes(api: Api): void {
  api.get(
    '/vhost-limits',
    withSession(MANAGEMENT, (c, session) =>
      listAnswer(c, visibleVhosts(session).flatMap(renderLimits), { order: ['vhost'] }),
    ),
  )

  api.get(
    '/vhost-limits/:vhost',
    withVhost(MANAGEMENT, (c, { access }) =>
      listAnswer(c, renderLimits(requireVhost(access, segment(c, 'vhost'))), { order: ['vhost'] }),
    ),
  )

  api.put(
    '/vhost-limits/:vhost/:limit',
    withSession(
      ADMINISTRATOR,
      jsonOnly(async (c, session) => {
        const { name: vhost } = requireVhost(session.access, segment(c, 'vhost'), 'vhost_not_found')
        const [limit, value] = [segment(c, 'limit'), limitValue(c)]
        assertVhostLimit(limit, value)
        await changeAccess(session, { type: 'set-vhost-limit', vhost, limit, value: parseVhostLimit(limit, value) })
        return noContent(c)
      }),
    ),
  )

  api.delete(
    '/vhost-limits/:vhost/:limit',
    withSession(ADMINISTRATOR, async (c, session) => {
      await changeAccess(session, { type: 'set-vhost-limit', vhost: segment(c, 'vhost'), limit: segment(c, 'limit') })
      return noContent(c)
    }),
  )
}

/** The `value` of a request that sets a limit, whatever it is. */
export function limitValue(c: ApiContext): AmqpValue {
  const body = bodyObject(c)
  assertFields(body, ['value'])
  return field(body, 'value') ?? null
}

/** A vhost without limits is in no list. */
const renderLimits = ({ name, limits }: Vhost) =>
  Object.keys(limits).length === 0 ? [] : [{ vhost: name, value: limits }]

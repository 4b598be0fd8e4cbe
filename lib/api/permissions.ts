import { changeAccess } from '../broker/change.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { notFound } from '../model/errors.ts'
import type { Permission } from '../model/user.ts'
import { assertUserAndVhost } from '../topology/access/permission.ts'
import { requireUser } from '../topology/access/user.ts'
import { requireVhost } from '../topology/access/vhost.ts'
import { assertFields, bodyObject, stringField } from './body.ts'
import type { Api } from './env.ts'
import { itemAnswer, type ListOptions, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'

const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.5. */
export function permissionRoutes(api: Api): void {
  api.get(
    '/permissions',
    withSession(ADMINISTRATOR, (c, { access }) => listAnswer(c, [...access.permissions()], LIST)),
  )

  api.get(
    '/users/:user/permissions',
    withSession(ADMINISTRATOR, (c, { access }) => {
      const { name } = requireUser(access, segment(c, 'user'))
      return listAnswer(
        c,
        [...access.permissions()].filter(({ user }) => user === name),
        LIST,
      )
    }),
  )

  api.get(
    '/vhosts/:vhost/permissions',
    withSession(ADMINISTRATOR, (c, { access }) => {
      const { name } = requireVhost(access, segment(c, 'vhost'))
      return listAnswer(
        c,
        [...access.permissions()].filter(({ vhost }) => vhost === name),
        LIST,
      )
    }),
  )

  api.get(
    '/permissions/:vhost/:user',
    withSession(ADMINISTRATOR, (c, { access }) => {
      const permission = access.permission(segment(c, 'user'), segment(c, 'vhost'))
      if (!permission) throw notFound()
      return itemAnswer(c, permission)
    }),
  )

  api.put(
    '/permissions/:vhost/:user',
    withSession(ADMINISTRATOR, async (c, session) => {
      const [vhost, user] = [segment(c, 'vhost'), segment(c, 'user')]
      assertUserAndVhost(session.access, { user, vhost })
      const permission = { user, vhost, ...parsePermission(bodyObject(c)) }
      const isNew = !session.access.permission(user, vhost)
      await changeAccess(session, { type: 'set-permission', permission })
      return created(c, isNew ? 'created' : 'existing')
    }),
  )

  api.delete(
    '/permissions/:vhost/:user',
    withSession(ADMINISTRATOR, async (c, session) => {
      await changeAccess(session, { type: 'clear-permission', vhost: segment(c, 'vhost'), user: segment(c, 'user') })
      return noContent(c)
    }),
  )
}

const LIST: ListOptions<Permission> = { order: ['vhost', 'user'] }

/** The three patterns, all of which must be there; whether they compile is asked when they are stored. */
export function parsePermission(body: AmqpTable): Pick<Permission, 'configure' | 'write' | 'read'> {
  assertFields(body, ['configure', 'write', 'read'])
  return {
    configure: stringField(body, 'configure', ''),
    write: stringField(body, 'write', ''),
    read: stringField(body, 'read', ''),
  }
}

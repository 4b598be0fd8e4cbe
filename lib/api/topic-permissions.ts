import { changeAccess } from '../broker/change.ts'
import type { AmqpTable } from '../model/amqp-value.ts'
import { notFound } from '../model/errors.ts'
import type { TopicPermission } from '../model/user.ts'
import { assertUserAndVhost } from '../topology/access/permission.ts'
import type { AccessState } from '../topology/access/state.ts'
import { requireUser } from '../topology/access/user.ts'
import { requireVhost } from '../topology/access/vhost.ts'
import { assertFields, bodyObject, stringField } from './body.ts'
import type { Api } from './env.ts'
import { type ListOptions, listAnswer } from './list.ts'
import { exchangeSegment, segment } from './path.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'

const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.5. */
export function topicPermissionRoutes(api: Api): void {
  api.get(
    '/topic-permissions',
    withSession(ADMINISTRATOR, (c, { access }) => listAnswer(c, permissionsOf(access, {}), LIST)),
  )

  api.get(
    '/users/:user/topic-permissions',
    withSession(ADMINISTRATOR, (c, { access }) => {
      const { name } = requireUser(access, segment(c, 'user'))
      return listAnswer(c, permissionsOf(access, { user: name }), LIST)
    }),
  )

  api.get(
    '/vhosts/:vhost/topic-permissions',
    withSession(ADMINISTRATOR, (c, { access }) => {
      const { name } = requireVhost(access, segment(c, 'vhost'))
      return listAnswer(c, permissionsOf(access, { vhost: name }), LIST)
    }),
  )

  // A user may have one for each exchange, so this is a list too.
  api.get(
    '/topic-permissions/:vhost/:user',
    withSession(ADMINISTRATOR, (c, { access }) => {
      const permissions = permissionsOf(access, { vhost: segment(c, 'vhost'), user: segment(c, 'user') })
      if (permissions.length === 0) throw notFound()
      return listAnswer(c, permissions, LIST)
    }),
  )

  api.put(
    '/topic-permissions/:vhost/:user',
    withSession(ADMINISTRATOR, async (c, session) => {
      const [vhost, user] = [segment(c, 'vhost'), segment(c, 'user')]
      assertUserAndVhost(session.access, { user, vhost })
      const permission = { user, vhost, ...parseTopicPermission(bodyObject(c)) }
      // What the path names is the list, which may have had others in it.
      const isNew = permissionsOf(session.access, { vhost, user }).length === 0
      await changeAccess(session, { type: 'set-topic-permission', permission })
      return created(c, isNew ? 'created' : 'existing')
    }),
  )

  api.delete(
    '/topic-permissions/:vhost/:user',
    withSession(ADMINISTRATOR, async (c, session) => {
      const command = { type: 'clear-topic-permission', vhost: segment(c, 'vhost'), user: segment(c, 'user') } as const
      await changeAccess(session, command)
      return noContent(c)
    }),
  )

  api.delete(
    '/topic-permissions/:vhost/:user/:exchange',
    withSession(ADMINISTRATOR, async (c, session) => {
      const exchange = exchangeSegment(c, 'exchange')
      const [vhost, user] = [segment(c, 'vhost'), segment(c, 'user')]
      await changeAccess(session, { type: 'clear-topic-permission', vhost, user, exchange })
      return noContent(c)
    }),
  )
}

const LIST: ListOptions<TopicPermission> = { order: ['vhost', 'user', 'exchange'] }

const permissionsOf = (access: AccessState, of: Partial<Pick<TopicPermission, 'user' | 'vhost'>>): TopicPermission[] =>
  [...access.topicPermissions()].filter(
    ({ user, vhost }) => user === (of.user ?? user) && vhost === (of.vhost ?? vhost),
  )

function parseTopicPermission(body: AmqpTable): Pick<TopicPermission, 'exchange' | 'write' | 'read'> {
  assertFields(body, ['exchange', 'write', 'read'])
  return {
    exchange: stringField(body, 'exchange', ''),
    write: stringField(body, 'write', ''),
    read: stringField(body, 'read', ''),
  }
}

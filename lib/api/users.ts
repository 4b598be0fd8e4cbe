import { changeAccess } from '../broker/change.ts'
import { importDefinitions } from '../broker/import-definitions.ts'
import type { Session } from '../broker/session.ts'
import { userImage } from '../broker/user-image.ts'
import { type AmqpTable, isTable } from '../model/amqp-value.ts'
import { invalid } from '../model/errors.ts'
import type { Permission, User } from '../model/user.ts'
import { requireUser } from '../topology/access/user.ts'
import { NO_DEFINITIONS } from '../topology/definitions/definitions.ts'
import { parseUser } from '../topology/definitions/user.ts'
import { assertFields, bodyObject, field } from './body.ts'
import type { Api, ApiContext } from './env.ts'
import { itemAnswer, type ListOptions, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { parsePermission } from './permissions.ts'
import { created, noContent } from './respond.ts'
import { type Entry, withSession } from './session.ts'

const ADMINISTRATOR: Entry = { tag: 'administrator' }

/** Contract §1.5. */
export function userRoutes(api: Api): void {
  api.get(
    '/users',
    withSession(ADMINISTRATOR, (c, { access }) => listAnswer(c, Array.from(access.users.values(), renderUser), LIST)),
  )

  api.get(
    '/users/without-permissions',
    withSession(ADMINISTRATOR, (c, { access }) => {
      const permitted = new Set(Array.from(access.permissions(), ({ user }) => user))
      const users = [...access.users.values()].filter(({ name }) => !permitted.has(name))
      return listAnswer(c, users.map(renderUser), LIST)
    }),
  )

  api.post('/users/bulk-delete', withSession(ADMINISTRATOR, deleteMany))

  api.get(
    '/users/:user',
    withSession(ADMINISTRATOR, (c, { access }) => itemAnswer(c, renderUser(requireUser(access, segment(c, 'user'))))),
  )

  api.put('/users/:user', withSession(ADMINISTRATOR, putUser))

  api.delete(
    '/users/:user',
    withSession(ADMINISTRATOR, async (c, session) => {
      await changeAccess(session, { type: 'delete-users', names: [segment(c, 'user')] })
      return noContent(c)
    }),
  )
}

const LIST: ListOptions<ReturnType<typeof renderUser>> = { order: ['name'], paged: true }

async function putUser(c: ApiContext, session: Session): Promise<Response> {
  const [name, body] = [segment(c, 'user'), bodyObject(c)]
  const definition = parseUser(name, body)
  const permissions = parsePermissions(name, body)
  const current = session.access.users.get(name)
  if (permissions.length === 0 && Object.keys(definition.limits).length === 0) {
    await changeAccess(session, { type: 'set-user', user: userImage(definition, current) })
  } else {
    // What a user is, may do and is limited to are several changes.
    await importDefinitions(session, { ...NO_DEFINITIONS, users: [definition], permissions })
  }
  return created(c, current ? 'existing' : 'created')
}

/** `{"VHOST": {"configure", "write", "read"}}` */
function parsePermissions(user: string, body: AmqpTable): Permission[] {
  const permissions = field(body, 'permissions') ?? {}
  if (!isTable(permissions)) throw invalid('permissions must be a JSON object of vhosts')
  return Object.entries(permissions).map(([vhost, patterns]) => {
    if (!isTable(patterns)) throw invalid(`the permissions in vhost '${vhost}' must be a JSON object`)
    return { user, vhost, ...parsePermission(patterns) }
  })
}

async function deleteMany(c: ApiContext, session: Session): Promise<Response> {
  const body = bodyObject(c)
  assertFields(body, ['users'])
  const users = field(body, 'users')
  if (!Array.isArray(users)) throw invalid('users must be an array of names')
  const names = users.map((name) => {
    if (typeof name === 'string' && session.access.users.has(name)) return name
    throw invalid(['no_such_user', name])
  })
  if (names.length > 0) await changeAccess(session, { type: 'delete-users', names })
  return noContent(c)
}

/** A user as lists and items show it (contract §1.5). */
export const renderUser = ({ name, passwordHash, hashingAlgorithm, tags, limits }: User) => ({
  name,
  password_hash: passwordHash,
  hashing_algorithm: hashingAlgorithm,
  tags,
  limits,
})

import { closeConnections, visibleConnections } from '../broker/connections.ts'
import type { ListedConnection } from '../broker/gateway-snapshot.ts'
import type { Session } from '../broker/session.ts'
import { notFound } from '../model/errors.ts'
import { channelsOf, renderChannel, renderConnection } from './connection-items.ts'
import type { Api, ApiContext } from './env.ts'
import { itemAnswer, listAnswer } from './list.ts'
import { segment } from './path.ts'
import { noContent } from './respond.ts'
import { type Entry, header, withSession, withVhost } from './session.ts'

const MANAGEMENT: Entry = { tag: 'management', leased: true }

/** Contract §1.6: what AMQP gateways say of their clients' connections and channels. */
export function connectionRoutes(api: Api): void {
  api.get(
    '/connections',
    withSession(MANAGEMENT, async (c, session) => listConnections(c, await visibleConnections(session))),
  )
  api.get(
    '/vhosts/:vhost/connections',
    withVhost(MANAGEMENT, async (c, session) => listConnections(c, await connectionsIn(session, session.vhost.vhost))),
  )
  api.get(
    '/connections/username/:user',
    withSession(MANAGEMENT, async (c, session) => listConnections(c, await connectionsOf(session, segment(c, 'user')))),
  )
  api.delete(
    '/connections/username/:user',
    withSession(MANAGEMENT, async (c, session) => close(c, session, await connectionsOf(session, segment(c, 'user')))),
  )
  api.get(
    '/connections/:connection',
    withSession(MANAGEMENT, async (c, session) => itemAnswer(c, renderConnection(await requireConnection(c, session)))),
  )
  api.delete(
    '/connections/:connection',
    withSession(MANAGEMENT, async (c, session) => close(c, session, [await requireConnection(c, session)])),
  )
  channelRoutes(api)
}

function channelRoutes(api: Api): void {
  api.get(
    '/channels',
    withSession(MANAGEMENT, async (c, session) => listChannels(c, await visibleConnections(session))),
  )
  api.get(
    '/vhosts/:vhost/channels',
    withVhost(MANAGEMENT, async (c, session) => listChannels(c, await connectionsIn(session, session.vhost.vhost))),
  )
  api.get(
    '/connections/:connection/channels',
    withSession(MANAGEMENT, async (c, session) => {
      const channels = channelsOf([await requireConnection(c, session)])
      return listAnswer(c, channels.map(renderChannel), { order: ['name'] })
    }),
  )
  api.get(
    '/channels/:channel',
    withSession(MANAGEMENT, async (c, session) => {
      const channels = channelsOf(await visibleConnections(session)).map(renderChannel)
      const channel = channels.find(({ name }) => name === segment(c, 'channel'))
      if (!channel) throw notFound()
      return itemAnswer(c, channel)
    }),
  )
}

const listConnections = (c: ApiContext, connections: readonly ListedConnection[]): Promise<Response> =>
  listAnswer(c, connections.map(renderConnection), { order: ['vhost', 'name'], paged: true })

const listChannels = (c: ApiContext, connections: readonly ListedConnection[]): Promise<Response> =>
  listAnswer(c, channelsOf(connections).map(renderChannel), { order: ['vhost', 'name'], paged: true })

const connectionsIn = async (session: Session, vhost: string): Promise<readonly ListedConnection[]> =>
  (await visibleConnections(session)).filter((connection) => connection.vhost === vhost)

const connectionsOf = async (session: Session, user: string): Promise<readonly ListedConnection[]> =>
  (await visibleConnections(session)).filter((connection) => connection.user === user)

async function requireConnection(c: ApiContext, session: Session): Promise<ListedConnection> {
  const name = segment(c, 'connection')
  const connection = (await visibleConnections(session)).find((visible) => visible.name === name)
  if (!connection) throw notFound()
  return connection
}

async function close(c: ApiContext, session: Session, connections: readonly ListedConnection[]): Promise<Response> {
  await closeConnections(session, connections, reasonOf(c))
  return noContent(c)
}

/** A reply text of AMQP has room for as much. */
const MAX_REASON_LENGTH = 200

const reasonOf = (c: ApiContext): string =>
  (header(c, 'x-reason') ?? 'Closed via management plugin').slice(0, MAX_REASON_LENGTH)

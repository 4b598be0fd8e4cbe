import { allConnections } from '../broker/connections.ts'
import type { ListedConnection } from '../broker/gateway-snapshot.ts'
import { consumersOf, renderConsumer } from './connection-items.ts'
import type { Api, ApiContext } from './env.ts'
import { listAnswer } from './list.ts'
import { type Entry, withSession, withVhost } from './session.ts'
import { listedVhosts } from './visible-vhosts.ts'

const MANAGEMENT: Entry = { tag: 'management', leased: true }

/** Contract §1.6: who consumes through AMQP gateways. Whoever polls an SQS queue itself is not known. */
export function consumerRoutes(api: Api): void {
  api.get(
    '/consumers',
    withSession(MANAGEMENT, async (c, session) => {
      const vhosts = listedVhosts(c, session).map(({ name }) => name)
      return listConsumers(c, await allConnections(session.broker), vhosts)
    }),
  )
  api.get(
    '/consumers/:vhost',
    withVhost(MANAGEMENT, async (c, { broker, vhost }) =>
      listConsumers(c, await allConnections(broker), [vhost.vhost]),
    ),
  )
}

function listConsumers(
  c: ApiContext,
  connections: readonly ListedConnection[],
  vhosts: readonly string[],
): Promise<Response> {
  const consumers = consumersOf(connections.filter(({ vhost }) => vhosts.includes(vhost)))
  return listAnswer(c, consumers.map(renderConsumer), { order: ['consumer_tag'] })
}

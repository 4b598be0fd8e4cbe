import { tagsAllow } from '../access/authorise.ts'
import type { Broker } from './broker.ts'
import { requestClose } from './gateway-inbox.ts'
import { type ListedConnection, readConnections } from './gateway-snapshot.ts'
import { liveGateways } from './live-gateways.ts'
import type { Session } from './session.ts'

/** All connections of all gateways, as they were some seconds ago. */
export const allConnections = async (broker: Broker): Promise<readonly ListedConnection[]> =>
  readConnections(broker, await liveGateways(broker))

/** Those that the user may see: monitoring sees all, others their own (contract §1.1). */
export async function visibleConnections({ broker, user }: Session): Promise<readonly ListedConnection[]> {
  const all = await allConnections(broker)
  return tagsAllow(user, 'monitoring') ? all : all.filter((connection) => connection.user === user.name)
}

/** Has their gateways close connections, which takes a moment. Throws `unavailable`. */
export async function closeConnections(
  { broker }: Session,
  connections: readonly ListedConnection[],
  reason: string,
): Promise<void> {
  for (const { gateway, id } of connections) await requestClose(broker, gateway, { closeConnection: id, reason })
}

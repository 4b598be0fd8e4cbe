import { consumersKey } from '../delivery/consumer-record.ts'
import type { VisibleVersion } from '../journal/lease.ts'
import { BrokerError } from '../model/errors.ts'
import { decideVhost } from '../topology/vhost/decide.ts'
import { LEVERET, newId, stateOf } from './change.ts'
import type { VhostContext } from './session.ts'

/** How many go with one commit: an entry holds more (journal/entry.ts). */
const MAX_PER_COMMIT = 500

/**
 * Deletes what the connections of a gateway, or one of them, had for themselves, with its bindings; resolves once nobody
 * sends to it any more. Nothing happens where there is nothing, or the vhost is gone. Repeatable.
 */
export async function deleteExclusive(context: VhostContext, gateway: string, connection?: string): Promise<void> {
  const { broker, vhost } = context
  const has = Array.from(vhost.exclusiveQueues()).some(
    ({ queue: { exclusive } }) => exclusive?.gateway === gateway && (connection ?? exclusive.id) === exclusive.id,
  )
  if (!has) return
  try {
    const versions: VisibleVersion[] = []
    for (;;) {
      const { ids, seen } = await deleteSome(context, gateway, connection)
      versions.push(...seen)
      for (const id of ids) await broker.delivery.items.remove(consumersKey(id))
      if (ids.length < MAX_PER_COMMIT) break
    }
    await broker.journals.settled(versions)
  } catch (error) {
    if (!(error instanceof BrokerError) || error.kind !== 'not-found') throw error
  }
}

async function deleteSome({ broker, vhost }: VhostContext, gateway: string, connection: string | undefined) {
  const { journals } = broker
  const { result: ids, versions: seen } = await journals.transact({
    arrival: journals.arrival(),
    who: LEVERET,
    commitId: newId(broker),
    journals: () => [vhost.id],
    decide: ({ vhosts }) => {
      const command = { type: 'delete-exclusive', gateway, connection, limit: MAX_PER_COMMIT } as const
      const events = decideVhost(stateOf(vhosts, vhost.id), command)
      const deleted = events.flatMap((event) => (event.type === 'queue-deleted' ? [event.id] : []))
      return { writes: [{ journal: vhost.id, events }], result: deleted }
    },
  })
  return { ids, seen }
}

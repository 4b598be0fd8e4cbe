import { CONSUMERS_PARTITION, type ConsumerRecord, consumersKey, parseConsumers } from '../delivery/consumer-record.ts'
import { leaseKey } from '../delivery/gateway-lease.ts'
import { listAll } from '../delivery/list-all.ts'
import { logError } from '../log.ts'
import { livingOf } from '../model/queue-consumers.ts'
import type { Broker } from './broker.ts'
import { isClosing, writeLeft } from './consumers.ts'
import { deleteExclusive } from './delete-exclusive.ts'
import { removeSnapshots } from './gateway-snapshot.ts'
import { inboxName } from './inbox.ts'
import { type DeadGateway, findGateways, type Gateways, hasGateways } from './live-gateways.ts'
import type { VhostContext } from './session.ts'
import { viewVhost } from './view-vhost.ts'

/**
 * Takes away what gateways left that are dead: what their connections had for themselves, their consumers, queues that go
 * with the last of those, what they showed, and their inboxes. Whatever names a gateway without a lease is a dead one's, so
 * it is found also where whoever did this before died half-way. Where there never was a gateway, nothing more is read than
 * that. `evenLive`: see {@link findGateways}.
 */
export async function reapGateways(broker: Broker, options: { readonly evenLive?: boolean } = {}): Promise<void> {
  // Who is named here had its lease before: the leases are read last.
  const records = await allRecords(broker)
  if (records.length === 0 && !(await hasGateways(broker))) return
  const owned = await allOwned(broker)
  const gateways = await findGateways(broker, options)
  const failures = [
    ...(await eachOf(owned, (vhost) => deleteOrphans(vhost, gateways))),
    ...(await eachOf(records, (record) => leaveFor(broker, record, gateways))),
    ...(await eachOf(gateways.dead, (dead) => removeGateway(broker, dead))),
  ]
  for (const failure of failures) throw failure
}

/** What fails for one does not keep the others. */
async function eachOf<Piece>(pieces: Iterable<Piece>, work: (piece: Piece) => Promise<void>): Promise<unknown[]> {
  const failures: unknown[] = []
  for (const piece of pieces) {
    try {
      await work(piece)
    } catch (error) {
      logError('what a dead gateway left is looked at again in a minute', error)
      failures.push(error)
    }
  }
  return failures
}

interface FoundRecord {
  readonly record: ConsumerRecord
  readonly revision: string
}

async function allRecords({ delivery }: Broker): Promise<FoundRecord[]> {
  const records: FoundRecord[] = []
  for await (const { data, revision } of listAll(delivery.items, CONSUMERS_PARTITION)) {
    records.push({ record: parseConsumers(data), revision })
  }
  return records
}

/** A vhost, and the gateways whose connections have queues for themselves in it. */
interface OwnedVhost {
  readonly context: VhostContext
  readonly owners: ReadonlySet<string>
}

/** The owners are noted at once: the states change while the leases are read. */
async function allOwned(broker: Broker): Promise<OwnedVhost[]> {
  const { journals } = broker
  const { access } = await journals.view(journals.arrival())
  const vhosts: OwnedVhost[] = []
  for (const id of Array.from(access.vhosts.values(), (vhost) => vhost.id)) {
    const context = await viewVhost(broker, id)
    const owners = new Set<string>()
    for (const { queue } of context?.vhost.exclusiveQueues() ?? [])
      if (queue.exclusive) owners.add(queue.exclusive.gateway)
    if (context && owners.size > 0) vhosts.push({ context, owners })
  }
  return vhosts
}

async function deleteOrphans({ context, owners }: OwnedVhost, { live }: Gateways): Promise<void> {
  for (const gateway of owners) if (!live.has(gateway)) await deleteExclusive(context, gateway)
}

/** The consumers of dead gateways leave, and a queue whose deletion somebody began and did not end goes now. */
async function leaveFor(broker: Broker, { record, revision }: FoundRecord, { live }: Gateways): Promise<void> {
  const consumers = livingOf(record.consumers, (gateway) => live.has(gateway))
  const hasLeft = consumers.gateways.length < record.consumers.gateways.length
  const isOver = record.closingUntilMs !== undefined && !isClosing(broker, record)
  if (!hasLeft && !isOver) return
  const context = await viewVhost(broker, record.vhostId)
  const queue = context?.vhost.queueById(record.queueId)
  if (context && queue) await writeLeft(context, queue, { ...record, consumers, closingUntilMs: undefined }, revision)
  else await broker.delivery.items.remove(consumersKey(record.queueId), revision)
}

/** A gateway that was taken for dead may find out only now, and may have declared something meanwhile. */
const KEPT_MS = 600_000

async function removeGateway(broker: Broker, { gatewayId, takenMs, revision }: DeadGateway): Promise<void> {
  await broker.delivery.queues.delete(inboxName(broker.config, gatewayId))
  await removeSnapshots(broker, gatewayId)
  if (takenMs + KEPT_MS < broker.clock.wallMs()) await broker.delivery.items.remove(leaseKey(gatewayId), revision)
}

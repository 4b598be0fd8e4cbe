import type { Item, ItemKey, StoredItem } from '../delivery/item-store.ts'
import { listAll } from '../delivery/list-all.ts'
import type { AmqpTable, AmqpValue } from '../model/amqp-value.ts'
import { fromStored, toStored } from '../model/json.ts'
import type { Broker } from './broker.ts'

/** A client's connection as its gateway shows it to others. Times are milliseconds since 1970. */
export interface ConnectionSnapshot {
  readonly id: string
  /** `127.0.0.1:50001 -> 127.0.0.1:5672` */
  readonly name: string
  readonly vhost: string
  readonly user: string
  readonly state: string
  readonly connectedAtMs: number
  readonly host: string
  readonly port: number
  readonly peerHost: string
  readonly peerPort: number
  readonly isTls: boolean
  readonly authMechanism: string
  readonly channelMax: number
  readonly frameMax: number
  /** The heartbeat, s. */
  readonly timeoutS: number
  readonly clientProperties: AmqpTable
  readonly channels: readonly ChannelSnapshot[]
}

export interface ChannelSnapshot {
  readonly number: number
  readonly isConfirming: boolean
  readonly isTransactional: boolean
  readonly prefetchCount: number
  readonly globalPrefetchCount: number
  readonly unacknowledged: number
  readonly unconfirmed: number
  readonly uncommitted: number
  readonly consumers: readonly ConsumerSnapshot[]
}

export interface ConsumerSnapshot {
  readonly tag: string
  /** The queue's name. */
  readonly queue: string
  readonly prefetchCount: number
  readonly isAckRequired: boolean
  readonly isExclusive: boolean
  readonly isActive: boolean
  readonly arguments: AmqpTable
}

/** What a gateway has in memory of an exclusive queue. */
export interface QueueSnapshot {
  readonly id: string
  readonly ready: number
  readonly unacknowledged: number
}

export interface GatewaySnapshot {
  readonly connections: readonly ConnectionSnapshot[]
  readonly queues: readonly QueueSnapshot[]
}

/** DynamoDB's items end at 400 KB; beyond this a connection shows no more of its channels. */
const MAX_DATA_BYTES = 300_000
/** An item that its gateway did not take away is deleted by the table in the end. */
const KEPT_S = 86_400

const partitionOf = (gatewayId: string): string => `gateway#${gatewayId}`
const CONNECTIONS = { from: 'connection#', to: 'connection$' }
const QUEUES_SORT = 'queues'

/** Writes what has changed since the last time, so that an idle gateway costs nothing. One at a time. */
export class SnapshotWriter {
  readonly #broker: Broker
  readonly #partition: string
  /** What was written last, by sort key. */
  readonly #written = new Map<string, string>()

  constructor(broker: Broker, gatewayId: string) {
    this.#broker = broker
    this.#partition = partitionOf(gatewayId)
  }

  async write(snapshot: GatewaySnapshot): Promise<void> {
    const { items } = this.#broker.delivery
    const next = new Map(itemsOf(snapshot))
    for (const [sort, data] of next) {
      if (this.#written.get(sort) === data) continue
      await items.put(this.#item(sort, data))
      this.#written.set(sort, data)
    }
    for (const sort of [...this.#written.keys()]) {
      if (next.has(sort)) continue
      await items.remove({ partition: this.#partition, sort })
      this.#written.delete(sort)
    }
  }

  #item(sort: string, data: string): Item {
    const expiresAtS = Math.ceil(this.#broker.clock.wallMs() / 1000) + KEPT_S
    return { partition: this.#partition, sort, data, expiresAtS }
  }
}

function* itemsOf({ connections, queues }: GatewaySnapshot): Iterable<[string, string]> {
  for (const connection of connections) yield [`connection#${connection.id}`, bounded(connection)]
  if (queues.length > 0) yield [QUEUES_SORT, JSON.stringify(queues.map(queueText).slice(0, MAX_DATA_BYTES / 64))]
}

const queueText = ({ id, ready, unacknowledged }: QueueSnapshot) => [id, ready, unacknowledged]

/** With as many channels as fit. */
function bounded(connection: ConnectionSnapshot): string {
  const text = textOf(connection)
  if (Buffer.byteLength(text) <= MAX_DATA_BYTES || connection.channels.length === 0) return text
  return bounded({ ...connection, channels: connection.channels.slice(0, connection.channels.length >> 1) })
}

// A snapshot is data whose values all have a stored form (model/json.ts), which is what an AMQP table is.
const textOf = (connection: ConnectionSnapshot): string => JSON.stringify(toStored(connection as unknown as AmqpValue))

/** A connection, and the gateway that it ends at. */
export interface ListedConnection extends ConnectionSnapshot {
  readonly gateway: string
}

/** The connections of these gateways, as they were some seconds ago. */
export async function readConnections(
  { delivery }: Broker,
  gateways: Iterable<string>,
): Promise<readonly ListedConnection[]> {
  const found: ListedConnection[] = []
  for (const gateway of gateways) {
    for await (const { data } of listAll(delivery.items, partitionOf(gateway), CONNECTIONS)) {
      found.push({ ...(fromStored(JSON.parse(data)) as unknown as ConnectionSnapshot), gateway })
    }
  }
  return found
}

/** What gateways have in memory of exclusive queues, by queue id. */
export async function readQueueSnapshots(
  { delivery }: Broker,
  gateways: Iterable<string>,
): Promise<ReadonlyMap<string, QueueSnapshot>> {
  const found = new Map<string, QueueSnapshot>()
  for (const gateway of new Set(gateways)) {
    const item = await delivery.items.get({ partition: partitionOf(gateway), sort: QUEUES_SORT })
    const rows: [string, number, number][] = item ? JSON.parse(item.data) : []
    for (const [id, ready, unacknowledged] of rows) found.set(id, { id, ready, unacknowledged })
  }
  return found
}

/** Removes everything that a gateway that is gone has shown. */
export async function removeSnapshots({ delivery }: Broker, gatewayId: string): Promise<void> {
  const keys: ItemKey[] = []
  for await (const { partition, sort } of listAll(
    delivery.items,
    partitionOf(gatewayId),
  ) as AsyncIterable<StoredItem>) {
    keys.push({ partition, sort })
  }
  for (const key of keys) await delivery.items.remove(key)
}

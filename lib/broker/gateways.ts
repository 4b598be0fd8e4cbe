import { randomBytes } from 'node:crypto'
import { GATEWAY_LEASE_MS, toLeaseItem } from '../delivery/gateway-lease.ts'
import { ABSENT } from '../delivery/item-store.ts'
import { randomText } from '../model/id.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { addConsumer, type ConsumersView, removeConsumers, viewConsumers } from './consumers.ts'
import { deleteExclusive } from './delete-exclusive.ts'
import { deleteQueueIf } from './delete-queue.ts'
import { Inbox, type InboxContents } from './gateway-inbox.ts'
import { type GatewaySnapshot, SnapshotWriter } from './gateway-snapshot.ts'
import { GATEWAY_ID_LENGTH, inboxName } from './inbox.ts'
import { LONG_AGO, take } from './live-gateways.ts'
import { reapGateways } from './reap-gateways.ts'
import type { VhostContext } from './session.ts'

/** What is left in the inbox of a gateway that died is of no use to anybody. */
const INBOX_RETENTION_S = 3600

/**
 * One gateway of connections as all others know it (docs/architecture.md): a lease that says that it lives, an inbox for
 * what goes to its connections' own queues, and what it says of its consumers and connections.
 */
export class Gateway {
  readonly id: string
  readonly inbox: Inbox
  readonly #broker: Broker
  readonly #snapshots: SnapshotWriter
  #revision: string

  constructor(broker: Broker, id: string, revision: string) {
    this.id = id
    this.inbox = new Inbox(broker, id)
    this.#broker = broker
    this.#snapshots = new SnapshotWriter(broker, id)
    this.#revision = revision
  }

  /**
   * Says that it lives; to be called each third of {@link GATEWAY_LEASE_MS}. Answers false once others have taken it for dead:
   * what its connections had is deleted then, and another gateway has to be opened for them.
   */
  async renew(): Promise<boolean> {
    const revision = await this.#broker.delivery.items.put(leaseItem(this.#broker, this.id), this.#revision)
    if (revision === undefined) return false
    this.#revision = revision
    return true
  }

  /** See {@link addConsumer}. */
  addConsumer(context: VhostContext, queue: Queue, isExclusive: boolean): Promise<ConsumersView> {
    return addConsumer(context, queue, this.id, isExclusive)
  }

  /** See {@link removeConsumers}. */
  removeConsumers(context: VhostContext, queue: Queue, count = 1): Promise<void> {
    return removeConsumers(context, queue, this.id, count)
  }

  /** Whether its consumers may be active: for queues with a single active one, now and then. */
  viewConsumers(context: VhostContext, queue: Queue): Promise<ConsumersView> {
    return viewConsumers(context, queue, this.id)
  }

  /** Receives what comes for queues in memory; see {@link Inbox.receive}. */
  receive(...request: Parameters<Inbox['receive']>): Promise<InboxContents> {
    return this.inbox.receive(...request)
  }

  /** Deletes what a connection had for itself. Its consumers on other queues are removed one by one before. */
  closeConnection(context: VhostContext, connectionId: string): Promise<void> {
    return deleteExclusive(context, this.id, connectionId)
  }

  /** Deletes a queue of a connection that nobody used for as long as it expires after. */
  expireQueue(context: VhostContext, queue: Queue): Promise<void> {
    return deleteQueueIf(context, queue, (_, { exclusive }) => exclusive?.gateway === this.id)
  }

  /** Shows its connections to others; to be called each few seconds, and not before the last call has ended. */
  writeSnapshot(snapshot: GatewaySnapshot): Promise<void> {
    return this.#snapshots.write(snapshot)
  }

  /** Goes, with everything that its connections had. What fails is left to the clock. */
  async close(): Promise<void> {
    await take(this.#broker, { gatewayId: this.id, untilMs: 0 }, this.#revision, LONG_AGO)
    await reapGateways(this.#broker)
  }
}

/** Opens a gateway. Throws where DynamoDB or SQS fails; what was made by then is the clock's to remove. */
export async function openGateway(broker: Broker): Promise<Gateway> {
  const id = randomText(randomBytes(GATEWAY_ID_LENGTH))
  const revision = await broker.delivery.items.put(leaseItem(broker, id), ABSENT)
  if (revision === undefined) throw new Error(`there is a gateway ${id} already`)
  await broker.delivery.queues.create(inboxName(broker.config, id), { retentionS: INBOX_RETENTION_S })
  return new Gateway(broker, id, revision)
}

const leaseItem = ({ clock }: Broker, gatewayId: string) =>
  toLeaseItem({ gatewayId, untilMs: clock.wallMs() + GATEWAY_LEASE_MS })

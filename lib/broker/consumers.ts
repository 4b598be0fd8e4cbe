import {
  type ConsumerRecord,
  consumersKey,
  noConsumers,
  parseConsumers,
  toConsumersItem,
} from '../delivery/consumer-record.ts'
import { ABSENT, type StoredItem } from '../delivery/item-store.ts'
import { accessRefused, type BrokerError } from '../model/errors.ts'
import { describeObject, noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import { activeGatewayOf, join, leave, livingOf, type QueueConsumers } from '../model/queue-consumers.ts'
import type { Broker } from './broker.ts'
import { deleteQueueIf } from './delete-queue.ts'
import { findGateways } from './live-gateways.ts'
import { noteUse } from './note-use.ts'
import type { VhostContext } from './session.ts'

/** Longer than a commit is tried, so that whoever wants to consume after this knows what became of the queue. */
const CLOSING_MS = 30_000
/** What is left of a queue that is gone is deleted by the table in the end. */
const KEPT_S = 3600

/** What all gateways together know of a queue's consumers. */
export interface ConsumersView {
  /** Whether it is this gateway's consumers whose turn it is where only one may be active. */
  readonly isActive: boolean
}

/**
 * Counts one more consumer of a gateway. Throws `access-refused` where another one wants to be alone, or this one would not
 * be; `not-found` where the queue is going with its last consumer; `unavailable` where it is being deleted as unused.
 */
export async function addConsumer(
  context: VhostContext,
  queue: Queue,
  gateway: string,
  isExclusive: boolean,
): Promise<ConsumersView> {
  const { broker, vhost } = context
  await noteUse(context, queue)
  for (;;) {
    const { record, revision } = await read(context, queue.id)
    if (isClosing(broker, record)) throw noSuchObject('queue', queue.name, vhost.vhost)
    const living = await withoutDead(broker, gateway, record.consumers)
    const consumers = join(living, gateway, isExclusive)
    if (!consumers) throw inExclusiveUse(queue, vhost.vhost)
    if (await write(broker, { ...record, consumers, closingUntilMs: undefined }, revision))
      return viewOf(consumers, gateway)
  }
}

/**
 * Counts fewer of a gateway; nothing happens where it has none. A queue that goes with its last consumer is gone when this
 * resolves; where it rejects, the clock sees to that.
 */
export async function removeConsumers(context: VhostContext, queue: Queue, gateway: string, count = 1): Promise<void> {
  const { broker } = context
  for (;;) {
    const { record, revision } = await read(context, queue.id)
    if (!record.consumers.gateways.some((one) => one.gateway === gateway)) return
    const living = await withoutDead(broker, gateway, record.consumers)
    const left = { ...record, consumers: leave(living, gateway, count) }
    if (await writeLeft(context, queue, left, revision)) break
  }
  await noteUse(context, queue).catch(() => undefined)
}

/** Whose turn it is: for gateways that wait for theirs. */
export async function viewConsumers(context: VhostContext, queue: Queue, gateway: string): Promise<ConsumersView> {
  const { record } = await read(context, queue.id)
  return viewOf(await withoutDead(context.broker, gateway, record.consumers), gateway)
}

/**
 * Writes down who is left. A queue that goes with the last one is marked first, so that nobody comes meanwhile, and deleted
 * then; whoever finds an old mark goes on (reap-gateways.ts). Answers false where the record has changed.
 */
export async function writeLeft(
  context: VhostContext,
  queue: Queue | undefined,
  record: ConsumerRecord,
  revision: string,
): Promise<boolean> {
  const { broker } = context
  const { items } = broker.delivery
  if (record.consumers.gateways.length > 0) return write(broker, record, revision)
  if (!queue?.autoDelete) return items.remove(consumersKey(record.queueId), revision)
  const closing = { ...record, closingUntilMs: broker.clock.wallMs() + CLOSING_MS }
  if (!(await write(broker, closing, revision))) return false
  await deleteQueueIf(context, queue)
  return true
}

export const isClosing = ({ clock }: Broker, { closingUntilMs = 0 }: ConsumerRecord): boolean =>
  closingUntilMs > clock.wallMs()

async function read(
  { broker, vhost }: VhostContext,
  queueId: string,
): Promise<{ readonly record: ConsumerRecord; readonly revision: string }> {
  const item: StoredItem | undefined = await broker.delivery.items.get(consumersKey(queueId))
  return item
    ? { record: parseConsumers(item.data), revision: item.revision }
    : { record: noConsumers(vhost.id, queueId), revision: ABSENT }
}

async function write({ clock, delivery }: Broker, record: ConsumerRecord, revision: string): Promise<boolean> {
  const expiresAtS = record.closingUntilMs === undefined ? undefined : Math.ceil(clock.wallMs() / 1000) + KEPT_S
  return (await delivery.items.put({ ...toConsumersItem(record), expiresAtS }, revision)) !== undefined
}

/** Most queues have consumers of the one gateway that asks, and nobody else is looked for. */
async function withoutDead(broker: Broker, gateway: string, consumers: QueueConsumers): Promise<QueueConsumers> {
  if (consumers.gateways.every((one) => one.gateway === gateway)) return consumers
  const { live } = await findGateways(broker)
  return livingOf(consumers, (one) => one === gateway || live.has(one))
}

const viewOf = (consumers: QueueConsumers, gateway: string): ConsumersView => ({
  isActive: activeGatewayOf(consumers) === gateway,
})

const inExclusiveUse = ({ name }: Queue, vhost: string): BrokerError =>
  accessRefused(`${describeObject('queue', name, vhost)} in exclusive use`)

import { mapConcurrent } from '../delivery/concurrent.ts'
import { ABSENT, type StoredItem } from '../delivery/item-store.ts'
import { listAll } from '../delivery/list-all.ts'
import { parseUse, type QueueUse, toUseItem, USES_PARTITION, useGrainMs, useKey } from '../delivery/queue-use.ts'
import { logError } from '../log.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { consumerCount } from './consumer-counts.ts'
import { deleteQueueIf } from './delete-queue.ts'
import type { VhostContext } from './session.ts'
import { viewVhost } from './view-vhost.ts'

const CONCURRENCY = 8
/** Longer than a commit is tried, so that whoever uses the queue after this knows what became of it. */
const CLOSING_MS = 30_000
/** Clocks of two environments may differ by as much. */
const CLOCK_SKEW_MS = 1000

/** A queue that is deleted once nobody uses it, and what is written down of its use. */
interface Expiring {
  readonly context: VhostContext
  readonly queue: Queue
  readonly expiresMs: number
  readonly item: StoredItem | undefined
}

/**
 * Deletes queues that nobody used for as long as they expire after (contract §2.4). The time begins anew when it is changed,
 * and when the queue is first seen to have one. Their messages are not dead-lettered, as in RabbitMQ.
 */
export async function expireQueues(broker: Broker): Promise<void> {
  const found = await expiringQueues(broker)
  const items = await allUses(broker)
  const expiring = found.map((one) => ({ ...one, item: items.get(one.queue.id) }))
  const outcomes = await mapConcurrent(expiring, CONCURRENCY, (one) => attempt(() => look(one)))
  const living = new Set(found.map(({ queue }) => queue.id))
  const left = [...items.values()].filter(({ sort }) => !living.has(sort))
  outcomes.push(
    ...(await mapConcurrent(left, CONCURRENCY, (item) =>
      attempt(() => broker.delivery.items.remove(item, item.revision)),
    )),
  )
  const failure = outcomes.find((outcome) => outcome !== undefined)
  if (failure !== undefined) throw failure
}

/** What fails for one queue does not keep the others. */
async function attempt(work: () => Promise<unknown>): Promise<unknown> {
  try {
    await work()
    return undefined
  } catch (error) {
    logError('an unused queue is looked at again in a minute', error)
    return error
  }
}

async function expiringQueues(broker: Broker): Promise<Omit<Expiring, 'item'>[]> {
  const { journals } = broker
  const { access } = await journals.view(journals.arrival(), { confirm: true })
  const found: Omit<Expiring, 'item'>[] = []
  for (const id of Array.from(access.vhosts.values(), (vhost) => vhost.id)) {
    const context = await viewVhost(broker, id, { confirm: true })
    for (const { queue } of context?.vhost.queues() ?? []) {
      const expiresMs = context?.vhost.settingsOf(queue).expiresMs
      // What is in the memory of a gateway is the gateway's to look after.
      if (context && expiresMs !== undefined && !queue.exclusive) found.push({ context, queue, expiresMs })
    }
  }
  return found
}

async function allUses({ delivery }: Broker): Promise<Map<string, StoredItem>> {
  const uses = new Map<string, StoredItem>()
  for await (const item of listAll(delivery.items, USES_PARTITION)) uses.set(item.sort, item)
  return uses
}

async function look(expiring: Expiring): Promise<void> {
  const { context, queue, expiresMs, item } = expiring
  const { broker } = context
  const nowMs = broker.clock.wallMs()
  const use = item && parseUse(item.data)
  if (!use || use.expiresMs !== expiresMs) return begin(expiring, nowMs)
  if (!isUnused(use, nowMs) || (use.closingUntilMs ?? 0) > nowMs) return
  if ((await consumerCount(broker, queue)) > 0) return begin(expiring, nowMs)
  // Whoever takes messages from SQS is seen by what it holds.
  const counts = await Promise.all(queue.sqsQueues.map(({ name }) => broker.delivery.counter.countNow(name)))
  if (counts.some((count) => count.state === 'running' && count.unacknowledged > 0)) return begin(expiring, nowMs)
  const claim = { ...use, closingUntilMs: nowMs + CLOSING_MS }
  // Who uses the queue first has written it down, and this fails; who comes later is told to wait for the outcome.
  const revision = await broker.delivery.items.put(toUseItem(claim), item.revision)
  if (revision === undefined) return
  await deleteUnused(expiring)
  await broker.delivery.items.remove(useKey(queue.id), revision)
}

const isUnused = ({ usedMs, expiresMs }: QueueUse, nowMs: number): boolean =>
  nowMs >= usedMs + useGrainMs(expiresMs) + expiresMs + CLOCK_SKEW_MS

/** The time is counted from now. Somebody who writes down a use at the same moment is as good. */
async function begin({ context, queue, expiresMs, item }: Expiring, nowMs: number): Promise<void> {
  const use = { queueId: queue.id, expiresMs, usedMs: nowMs }
  await context.broker.delivery.items.put(toUseItem(use), item?.revision ?? ABSENT)
}

/** A policy may have given it more time meanwhile, or for ever. */
const deleteUnused = ({ context, queue, expiresMs }: Expiring): Promise<void> =>
  deleteQueueIf(context, queue, (state, current) => state.settingsOf(current).expiresMs === expiresMs)

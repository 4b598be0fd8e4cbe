import { CONSUMERS_PARTITION, consumersKey, parseConsumers } from '../delivery/consumer-record.ts'
import { listAll } from '../delivery/list-all.ts'
import type { Queue } from '../model/queue.ts'
import { consumerCountOf } from '../model/queue-consumers.ts'
import type { Broker } from './broker.ts'

/** How many consumers a queue has, over all gateways. Those that poll its SQS queue themselves are not known. */
export async function consumerCount({ delivery }: Broker, { id }: Queue): Promise<number> {
  const item = await delivery.items.get(consumersKey(id))
  return item ? consumerCountOf(parseConsumers(item.data).consumers) : 0
}

/** The same of many queues, by queue id; those without consumers are left out. */
export async function consumerCounts(
  { delivery }: Broker,
  queues: readonly Queue[],
): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>()
  const ids = queues.map(({ id }) => id).sort()
  const [from, to] = [ids[0], ids.at(-1)]
  if (from === undefined) return counts
  const asked = new Set(ids)
  for await (const { sort, data } of listAll(delivery.items, CONSUMERS_PARTITION, { from, to })) {
    if (asked.has(sort)) counts.set(sort, consumerCountOf(parseConsumers(data).consumers))
  }
  return counts
}

import { ABSENT } from '../delivery/item-store.ts'
import {
  batchesFrom,
  lastBatchKey,
  MAX_COUNTED,
  parseBatch,
  parseTotal,
  toTotalItem,
  totalKey,
} from '../delivery/statistics-item.ts'
import { addObjects } from '../model/message-counts.ts'
import type { Broker } from './broker.ts'

const EVERY_MINUTES = 5
/** What was written so long ago is there, however long the write took. */
const SETTLED_MS = 120_000
/** As many batches as a function has memory for; more are left to the next time. */
const MAX_BATCHES = 1000

/**
 * Adds what environments wrote to the total of all time, every five minutes: one write, on condition that nobody else
 * did, so each batch is in it once. Of more objects than an item may have those without messages for longest are left out.
 */
export async function foldStatistics(broker: Broker): Promise<void> {
  if (Math.floor(broker.clock.wallMs() / 60_000) % EVERY_MINUTES === 0) await foldNow(broker)
}

export async function foldNow({ clock, delivery: { items } }: Broker): Promise<void> {
  const item = await items.get(totalKey())
  const total = parseTotal(item)
  const { partition, range } = batchesFrom(total.upTo)
  const to = lastBatchKey(clock.wallMs() - SETTLED_MS)
  const batches = await items.list(partition, { ...range, to, limit: MAX_BATCHES })
  const last = batches.at(-1)
  if (!last) return
  for (const batch of batches) addObjects(total, parseBatch(batch))
  forgetBeyond(total.vhosts, MAX_COUNTED.vhosts)
  forgetBeyond(total.objects, MAX_COUNTED.objects)
  await items.put(toTotalItem({ ...total, upTo: last.sort }), item?.revision ?? ABSENT)
}

function forgetBeyond(counted: Map<string, unknown>, max: number): void {
  for (const id of counted.keys()) {
    if (counted.size <= max) return
    counted.delete(id)
  }
}

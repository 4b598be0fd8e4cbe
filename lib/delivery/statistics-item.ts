import { COUNT_NAMES, type CountedObjects, type MessageCounts, noCounts } from '../model/message-counts.ts'
import type { Item, ItemKey, StoredItem } from './item-store.ts'

/** What one environment counted in about a minute. */
export interface StatisticsBatch extends CountedObjects {
  /** When the first and the last of it happened, ms since 1970. */
  readonly fromMs: number
  readonly toMs: number
}

/** What was counted of all that lies at or before a batch. */
export interface StatisticsTotal extends CountedObjects {
  /** The sort key of the last batch that is in it. */
  readonly upTo: string
}

const PARTITION = 'statistics'
const TOTAL: ItemKey = { partition: PARTITION, sort: 'total' }
const BATCH = 'batch#'

/** How many vhosts, and how many exchanges and queues, an item has at most: what is the most that DynamoDB takes, or half of it. */
export const MAX_COUNTED = { vhosts: 300, objects: 1500 } as const

/** Batches are there for longer than anybody asks back, and than a clock stands still. */
const KEPT_S = 86_400

/** The last key of the batches that were written at or before a time. */
export const lastBatchKey = (atMs: number): string => `${BATCH}${digits(atMs)}~`

/** Of batches that were written after a time, or behind a key. */
export const batchesFrom = (from: number | string) => ({
  partition: PARTITION,
  range: { from: typeof from === 'number' ? `${BATCH}${digits(from)}` : `${from}!`, to: `${BATCH}~` },
})

export const totalKey = (): ItemKey => TOTAL

/** `id` tells apart what several environments write in the same millisecond. */
export const toBatchItem = (batch: StatisticsBatch, { writtenMs, id }: { writtenMs: number; id: string }): Item => ({
  partition: PARTITION,
  sort: `${BATCH}${digits(writtenMs)}#${id}`,
  data: JSON.stringify({ fromMs: batch.fromMs, toMs: batch.toMs, ...encodeObjects(batch) }),
  expiresAtS: Math.ceil(writtenMs / 1000) + KEPT_S,
})

export const toTotalItem = ({ upTo, ...counted }: StatisticsTotal): Item => ({
  ...TOTAL,
  data: JSON.stringify({ upTo, ...encodeObjects(counted) }),
})

export function parseBatch({ data }: StoredItem): StatisticsBatch {
  const { fromMs, toMs, ...encoded } = JSON.parse(data) as EncodedObjects & { fromMs: number; toMs: number }
  return { fromMs, toMs, ...decodeObjects(encoded) }
}

export function parseTotal(item: StoredItem | undefined): StatisticsTotal {
  const { upTo, ...encoded } = JSON.parse(item?.data ?? '{}') as Partial<EncodedObjects> & { upTo?: string }
  return { upTo: upTo ?? BATCH, ...decodeObjects(encoded) }
}

type Encoded = Readonly<Record<string, readonly number[]>>

interface EncodedObjects {
  readonly vhosts: Encoded
  readonly objects: Encoded
}

const encodeObjects = ({ vhosts, objects }: CountedObjects): EncodedObjects => ({
  vhosts: encode(vhosts),
  objects: encode(objects),
})

const decodeObjects = ({ vhosts = {}, objects = {} }: Partial<EncodedObjects>): CountedObjects => ({
  vhosts: decode(vhosts),
  objects: decode(objects),
})

const encode = (counted: ReadonlyMap<string, MessageCounts>): Encoded =>
  Object.fromEntries(Array.from(counted, ([id, counts]) => [id, COUNT_NAMES.map((name) => counts[name])]))

const decode = (encoded: Encoded): Map<string, MessageCounts> =>
  new Map(
    Object.entries(encoded).map(([id, numbers]) => {
      const counts = noCounts()
      for (const [index, name] of COUNT_NAMES.entries()) counts[name] = numbers[index] ?? 0
      return [id, counts]
    }),
  )

const digits = (ms: number): string => String(Math.max(0, Math.trunc(ms))).padStart(15, '0')

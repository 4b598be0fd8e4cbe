/** SQS's limit of every batch call. */
export const MAX_BATCH_ENTRIES = 10

export interface BatchLimits<Item> {
  readonly maxBytes: number
  readonly sizeBytesOf: (item: Item) => number
  /** Items of the same group keep their order and never share a batch; undefined is no group. */
  readonly groupOf: (item: Item) => string | undefined
}

interface OpenBatch<Item> {
  readonly items: Item[]
  sizeBytes: number
}

/**
 * Cuts items into batches of at most ten and `maxBytes`, each in the first batch that has room and follows the one with
 * the item before it of its group. An item that is larger than `maxBytes` is alone in its batch: SQS tells what it is.
 *
 * Items of one group do not share a batch because SQS may refuse one entry and accept those behind it, which would then
 * overtake it.
 */
export function planBatches<Item>(items: readonly Item[], limits: BatchLimits<Item>): Item[][] {
  const batches: OpenBatch<Item>[] = []
  const firstAllowed = new Map<string, number>()
  let firstNotFull = 0
  for (const item of items) {
    const group = limits.groupOf(item)
    const sizeBytes = limits.sizeBytesOf(item)
    const fits = (batch: OpenBatch<Item>): boolean =>
      batch.items.length < MAX_BATCH_ENTRIES && batch.sizeBytes + sizeBytes <= limits.maxBytes
    let index = Math.max(firstNotFull, group === undefined ? 0 : (firstAllowed.get(group) ?? 0))
    for (let batch = batches[index]; batch !== undefined && !fits(batch); batch = batches[index]) index += 1
    const batch = batches[index] ?? { items: [], sizeBytes: 0 }
    if (index === batches.length) batches.push(batch)
    batch.items.push(item)
    batch.sizeBytes += sizeBytes
    if (group !== undefined) firstAllowed.set(group, index + 1)
    while ((batches[firstNotFull]?.items.length ?? 0) >= MAX_BATCH_ENTRIES) firstNotFull += 1
  }
  return batches.map(({ items: batchItems }) => batchItems)
}

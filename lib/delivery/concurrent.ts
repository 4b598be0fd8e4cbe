/**
 * Does something with every item, at most `limit` at a time, and answers the results in their order. After a failure no
 * further item is begun, and it rejects with that failure once those under way have ended: nothing goes on behind the back
 * of whoever clears up.
 */
export async function mapConcurrent<Item, Result>(
  items: readonly Item[],
  limit: number,
  map: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  if (items.length === 1) return [await map(items[0] as Item)]
  const results: Result[] = new Array(items.length)
  const entries = items.entries()
  let hasFailed = false
  const worker = async (): Promise<void> => {
    for (const [index, item] of entries) {
      if (hasFailed) return
      try {
        results[index] = await map(item)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  }
  const workers = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker))
  for (const outcome of workers) if (outcome.status === 'rejected') throw outcome.reason
  return results
}

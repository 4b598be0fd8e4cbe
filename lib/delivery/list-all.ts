import type { ItemRange, ItemStore, StoredItem } from './item-store.ts'

const PAGE = 500

/** All items of a partition by their sort keys, from `from` on; each page is as it is when it is read. */
export async function* listAll(
  items: Pick<ItemStore, 'list'>,
  partition: string,
  { from, to }: Pick<ItemRange, 'from' | 'to'> = {},
): AsyncIterable<StoredItem> {
  let next = from
  for (;;) {
    const page = await items.list(partition, { from: next, to, limit: PAGE })
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    next = `${last.sort} `
  }
}

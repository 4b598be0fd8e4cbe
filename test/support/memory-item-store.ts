import {
  ABSENT,
  type Item,
  type ItemKey,
  type ItemRange,
  type ItemStore,
  type StoredItem,
} from '../../lib/delivery/item-store.ts'

/** A messages table in memory. */
export class MemoryItemStore implements ItemStore {
  readonly #partitions = new Map<string, Map<string, StoredItem>>()
  #revisions = 0

  async get({ partition, sort }: ItemKey): Promise<StoredItem | undefined> {
    return this.#partitions.get(partition)?.get(sort)
  }

  async put(item: Item, ifRevision?: string): Promise<string | undefined> {
    const items = this.#partitions.get(item.partition) ?? new Map<string, StoredItem>()
    if (ifRevision !== undefined && (items.get(item.sort)?.revision ?? ABSENT) !== ifRevision) return undefined
    this.#partitions.set(item.partition, items)
    this.#revisions += 1
    const revision = `r${this.#revisions}`
    items.set(item.sort, { ...item, revision })
    return revision
  }

  async remove({ partition, sort }: ItemKey, ifRevision?: string): Promise<boolean> {
    const items = this.#partitions.get(partition)
    const current = items?.get(sort)
    if (ifRevision !== undefined && current && current.revision !== ifRevision) return false
    items?.delete(sort)
    return true
  }

  async list(partition: string, { from = '', to, limit, newestFirst = false }: ItemRange): Promise<StoredItem[]> {
    return [...(this.#partitions.get(partition)?.values() ?? [])]
      .filter(({ sort }) => sort >= from && (to === undefined || sort <= to))
      .sort((left, right) => (left.sort < right.sort !== newestFirst ? -1 : 1))
      .slice(0, limit)
  }

  close(): void {}
}

/**
 * The messages table: what waits for a moment or has to be remembered for a while, such as scheduled messages. Small items
 * under two keys, each with a revision by which writers see whether somebody was faster.
 */
export interface ItemStore {
  /** Reads what was written last. */
  get(key: ItemKey): Promise<StoredItem | undefined>
  /**
   * Writes an item, over another if there is one. With `ifRevision` only over that revision, with `ABSENT` only where there
   * is none. Answers the new revision, or undefined where the condition did not hold.
   */
  put(item: Item, ifRevision?: string): Promise<string | undefined>
  /** Removes an item, with `ifRevision` only that revision. Answers whether the condition held; a missing item is removed. */
  remove(key: ItemKey, ifRevision?: string): Promise<boolean>
  /** Items of a partition by their sort keys, ascending, as they are now. */
  list(partition: string, range: ItemRange): Promise<StoredItem[]>
  close(): void
}

export interface ItemKey {
  readonly partition: string
  readonly sort: string
}

export interface Item extends ItemKey {
  /** Usually JSON. DynamoDB takes 400 KB, keys included. */
  readonly data: string
  /**
   * After this it may be deleted by the table itself, days later or never: readers look for themselves. Seconds since 1970.
   */
  readonly expiresAtS?: number | undefined
}

export interface StoredItem extends Item {
  readonly revision: string
}

export interface ItemRange {
  /** The first sort key, included. */
  readonly from?: string | undefined
  /** The last sort key, included. */
  readonly to?: string | undefined
  /** At most so many come, and fewer only where there are no more. */
  readonly limit: number
  /** From the last sort key to the first. */
  readonly newestFirst?: boolean
}

/** For `ifRevision`: there must be no such item. */
export const ABSENT = ''

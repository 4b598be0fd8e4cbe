import type { Head, JournalWrite, StoredEntry, StoredIntent, Transaction } from '../../lib/journal/store.ts'
import { entryItem, HEAD_ITEM, INTENTS_PARTITION } from '../../lib/journal/table.ts'
import type { SimWorld } from './sim-world.ts'

type Value = Head | StoredEntry | StoredIntent | undefined

/** What an item was from when on. */
interface ItemVersion {
  readonly visibleMs: number
  readonly value: Value
}

/** `conflict`: another transaction on one of the items is not over. */
export type WriteOutcome =
  | { readonly status: 'conflict' }
  | { readonly status: 'refused'; readonly intents: readonly string[] }
  | { readonly status: 'done'; readonly completeMs: number }

interface ItemWrite {
  readonly partition: string
  readonly item: string
  readonly holds: (current: Value) => boolean
  readonly next: (current: Value) => Value
}

/**
 * A table with DynamoDB's isolation: conditions are checked and a transaction decided at one moment, but its items become
 * visible one by one, in any order, over `spreadMs`; only then is it answered. An item's history tells what a read of it
 * saw at any moment.
 */
export class SimDatabase {
  readonly #world: SimWorld
  readonly #spreadMs: number
  readonly #partitions = new Map<string, Map<string, ItemVersion[]>>()

  constructor(world: SimWorld, spreadMs: number) {
    this.#world = world
    this.#spreadMs = spreadMs
  }

  transact({ writes, putIntents, takeIntents }: Transaction): WriteOutcome {
    const intents = [
      ...putIntents.map((intent) => intentWrite(intent.id, intent, () => true)),
      ...takeIntents.map(({ id, state }) => intentWrite(id, undefined, (current) => hasState(current, state))),
    ]
    const outcome = this.write([...writes.flatMap(journalWrites), ...intents])
    if (outcome.status !== 'refused') return outcome
    const failed = intents.filter(({ item, holds }) => !holds(this.latest(INTENTS_PARTITION, item)))
    return { status: 'refused', intents: failed.map(({ item }) => item) }
  }

  /** All or nothing. */
  write(writes: readonly ItemWrite[]): WriteOutcome {
    const isOver = writes.every(({ partition, item }) => this.#lastOf(partition, item).visibleMs <= this.#world.nowMs)
    if (!isOver) return { status: 'conflict' }
    if (!writes.every(({ partition, item, holds }) => holds(this.latest(partition, item)))) {
      return { status: 'refused', intents: [] }
    }
    let completeMs = this.#world.nowMs
    for (const { partition, item, next } of writes) {
      const visibleMs = this.#world.nowMs + this.#world.random() * this.#spreadMs
      this.#historyOf(partition, item).push({ visibleMs, value: next(this.latest(partition, item)) })
      completeMs = Math.max(completeMs, visibleMs)
    }
    return { status: 'done', completeMs }
  }

  latest(partition: string, item: string): Value {
    return this.#lastOf(partition, item).value
  }

  /** When an item could first be read. */
  writtenAtMs(partition: string, item: string): number {
    return this.#partitions.get(partition)?.get(item)?.[0]?.visibleMs ?? 0
  }

  /** What a read of one item sees at a moment. */
  valueAt(partition: string, item: string, atMs: number): Value {
    const history = this.#partitions.get(partition)?.get(item) ?? []
    return history.findLast(({ visibleMs }) => visibleMs <= atMs)?.value
  }

  /** Sort keys of all items that were ever written, ascending. */
  itemsOf(partition: string): string[] {
    return [...(this.#partitions.get(partition)?.keys() ?? [])].sort()
  }

  /** Remembers every item as it is; what it returns puts them back, as a restore does. */
  backUp(): () => void {
    const copyOf = (items: Map<string, ItemVersion[]>) =>
      new Map([...items].map(([item, history]) => [item, [...history]]))
    const saved = [...this.#partitions].map(([partition, items]) => [partition, copyOf(items)] as const)
    return () => {
      this.#partitions.clear()
      for (const [partition, items] of saved) this.#partitions.set(partition, items)
    }
  }

  get journals(): string[] {
    return [...this.#partitions.keys()].filter((partition) => partition !== INTENTS_PARTITION)
  }

  #lastOf(partition: string, item: string): ItemVersion {
    return this.#partitions.get(partition)?.get(item)?.at(-1) ?? { visibleMs: 0, value: undefined }
  }

  #historyOf(partition: string, item: string): ItemVersion[] {
    const items = this.#partitions.get(partition) ?? new Map<string, ItemVersion[]>()
    this.#partitions.set(partition, items)
    const history = items.get(item) ?? []
    items.set(item, history)
    return history
  }
}

export const intentWrite = (id: string, value: Value, holds: ItemWrite['holds']): ItemWrite => ({
  partition: INTENTS_PARTITION,
  item: id,
  holds,
  next: () => value,
})

export const hasState = (value: Value, state: string): boolean =>
  value !== undefined && 'state' in value && value.state === state

export const isHead = (value: Value): value is Head => value !== undefined && 'lease' in value
export const isEntry = (value: Value): value is StoredEntry => value !== undefined && 'commitId' in value
export const isIntent = (value: Value): value is StoredIntent => value !== undefined && 'bodyJson' in value

function journalWrites({ journal, from, to, entry }: JournalWrite): ItemWrite[] {
  const head: ItemWrite = {
    partition: journal,
    item: HEAD_ITEM,
    holds: (current) => (from === undefined ? current === undefined : isHead(current) && isUnmoved(current, from)),
    next: (current) => ({ ...to, base: isHead(current) ? current.base : undefined }),
  }
  const item = entryItem(entry.version)
  return [head, { partition: journal, item, holds: (current) => current === undefined, next: () => entry }]
}

const isUnmoved = (head: Head, from: { version: number; epoch: string }): boolean =>
  head.version === from.version && head.epoch === from.epoch && !head.sealed

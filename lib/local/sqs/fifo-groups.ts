import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareQuery, type Query } from './database.ts'

/** Received messages of a group are always among its first ten: a receive takes a prefix of at most ten. */
const PREFIX_LENGTH = 10

interface PrefixRow {
  readonly seq: number
  readonly visible_at: number
  readonly receive_count: number
}

/**
 * When each message group may be received from. A group waits for its head, and for every message of it that is in
 * flight; both are moments, so nothing has to happen for a lock to end.
 */
export class FifoGroups {
  readonly #insert: StatementSync
  readonly #replace: StatementSync
  readonly #delete: StatementSync
  readonly #selectPrefix: Query<PrefixRow>
  readonly #selectReady: Query<{ readonly group_id: string }>
  readonly #selectNext: Query<{ readonly next: number | null }>

  constructor(database: DatabaseSync) {
    this.#insert = database.prepare('INSERT OR IGNORE INTO fifo_groups VALUES (?, ?, ?, ?)')
    this.#replace = database.prepare('INSERT OR REPLACE INTO fifo_groups VALUES (?, ?, ?, ?)')
    this.#delete = database.prepare('DELETE FROM fifo_groups WHERE generation = ? AND group_id = ?')
    this.#selectPrefix = prepareQuery(
      database,
      `SELECT seq, visible_at, receive_count FROM messages INDEXED BY messages_by_group
       WHERE fifo = 1 AND generation = ? AND group_id = ? ORDER BY seq LIMIT ${PREFIX_LENGTH}`,
    )
    this.#selectReady = prepareQuery(
      database,
      'SELECT group_id FROM fifo_groups WHERE generation = ? AND ready_at <= ? ORDER BY ready_at, head_seq LIMIT ?',
    )
    this.#selectNext = prepareQuery(database, 'SELECT min(ready_at) AS next FROM fifo_groups WHERE generation = ?')
  }

  /** After a message was appended: a group that already holds messages keeps its head. */
  append(generation: number, groupId: string, visibleAt: number, seq: number): void {
    this.#insert.run(generation, groupId, visibleAt, seq)
  }

  /** After messages of the group were received, settled, released or removed. */
  refresh(generation: number, groupId: string): void {
    const prefix = this.#selectPrefix.all(generation, groupId)
    const head = prefix[0]
    if (head === undefined) {
      this.#delete.run(generation, groupId)
      return
    }
    const readyAt = prefix.reduce(
      (latest, row) => (row.receive_count > 0 ? Math.max(latest, row.visible_at) : latest),
      head.visible_at,
    )
    this.#replace.run(generation, groupId, readyAt, head.seq)
  }

  /** Groups that may be received from, those that have waited longest first. */
  listReady(generation: number, now: number, limit: number): string[] {
    return this.#selectReady.all(generation, now, limit).map((row) => row.group_id)
  }

  nextReadyAt(generation: number): number | undefined {
    return this.#selectNext.first(generation)?.next ?? undefined
  }
}

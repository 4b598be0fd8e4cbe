import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareQuery, type Query } from './database.ts'

const WINDOW_MS = 5 * 60_000
/** Two leave for each that comes, so the table shrinks to the window's size. */
const EVICTED_PER_INSERT = 2

/** The first message that was sent under a deduplication id. */
export interface OriginalMessage {
  readonly message_id: string
  readonly seq: number
}

/** The five minutes in which SQS remembers a deduplication id, whatever has become of the message. */
export class Deduplication {
  readonly #select: Query<OriginalMessage>
  readonly #insert: StatementSync
  readonly #evict: StatementSync

  constructor(database: DatabaseSync) {
    this.#select = prepareQuery(
      database,
      `SELECT message_id, seq FROM deduplication
       WHERE queue_id = ? AND scope = ? AND dedup_id = ? AND expires_at > ?`,
    )
    this.#insert = database.prepare('INSERT OR REPLACE INTO deduplication VALUES (?, ?, ?, ?, ?, ?)')
    this.#evict = database.prepare(
      `DELETE FROM deduplication WHERE (queue_id, scope, dedup_id) IN
       (SELECT queue_id, scope, dedup_id FROM deduplication WHERE expires_at <= ? LIMIT ${EVICTED_PER_INSERT})`,
    )
  }

  /** @param scope the message group, or '' where the whole queue is one scope */
  find(queueId: number, scope: string, deduplicationId: string, now: number): OriginalMessage | undefined {
    return this.#select.first(queueId, scope, deduplicationId, now)
  }

  remember(queueId: number, scope: string, deduplicationId: string, original: OriginalMessage, now: number): void {
    this.#evict.run(now)
    this.#insert.run(queueId, scope, deduplicationId, now + WINDOW_MS, original.message_id, original.seq)
  }
}

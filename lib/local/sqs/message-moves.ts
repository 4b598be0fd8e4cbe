import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareRows, type Rows } from './database.ts'
import type { MessageStore } from './message-store.ts'
import type { Queue } from './queue-registry.ts'
import { RECEIVABLE_COLUMNS, type ReceivableRow, toReceivable } from './receivable-row.ts'

/**
 * Messages on their way from one queue to another. The content stays one row and changes owner; the message arrives
 * last in its new queue. Deduplication does not apply: nothing that is moved is dropped.
 */
export class MessageMoves {
  readonly #store: MessageStore
  readonly #redriveContent: StatementSync
  readonly #resendContent: StatementSync
  readonly #selectMovable: Rows<ReceivableRow>

  constructor(database: DatabaseSync, store: MessageStore) {
    this.#store = store
    this.#redriveContent = database.prepare(
      'UPDATE contents SET seq = ?, source_arn = ?, prior_receive_count = ? WHERE seq = ?',
    )
    this.#resendContent = database.prepare(
      'UPDATE contents SET seq = ?, source_arn = NULL, prior_receive_count = 0, message_id = ? WHERE seq = ?',
    )
    this.#selectMovable = prepareRows(
      database,
      `SELECT ${RECEIVABLE_COLUMNS} FROM messages m INDEXED BY messages_by_visibility JOIN contents c ON c.seq = m.seq
       WHERE m.generation = ? AND m.visible_at <= ? AND m.seq <= ?
       ORDER BY m.visible_at, m.receive_count, m.seq LIMIT ?`,
      toReceivable,
    )
  }

  /** Visible messages up to `lastSeq`, whatever their group. */
  listMovable(queue: Queue, now: number, lastSeq: number, limit: number): ReceivableRow[] {
    return this.#selectMovable.all(queue.generation, now, lastSeq, limit)
  }

  /** Redrive: the message keeps its id and its age, its receive count goes on, and it tells where it came from. */
  moveToDeadLetters(source: Queue, target: Queue, row: ReceivableRow, now: number): void {
    const placed = { groupId: row.group_id, sentAt: row.sent_at, firstReceivedAt: row.first_received_at }
    const seq = this.#store.place(target, { ...placed, visibleAt: now })
    this.#redriveContent.run(seq, source.arn, row.prior_receive_count + row.receive_count, row.seq)
    this.#store.remove(source, row)
  }

  /** A move task's step: the message arrives as if it were sent anew, under a new id. */
  resend(source: Queue, target: Queue, row: ReceivableRow, messageId: string, now: number): void {
    const seq = this.#store.place(target, { groupId: row.group_id, sentAt: now, visibleAt: now })
    this.#resendContent.run(seq, messageId, row.seq)
    this.#store.remove(source, row)
  }
}

import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareQuery, prepareRows, type Query, type Rows } from './database.ts'
import type { FifoGroups } from './fifo-groups.ts'
import type { MessageNumbers } from './message-numbers.ts'
import type { Queue } from './queue-registry.ts'
import { RECEIVABLE_COLUMNS, type ReceivableRow, toReceivable } from './receivable-row.ts'

/** A message before it is in a queue. Times are epoch milliseconds. */
export interface NewMessage {
  readonly messageId: string
  readonly body: string
  /** JSON of the message attributes, or null for none. */
  readonly attributes: string | null
  readonly groupId: string | null
  readonly deduplicationId: string | null
  readonly traceHeader: string | null
  readonly sentAt: number
  readonly visibleAt: number
}

/** The part of a message that is in the queue rather than in the message. */
export type Placed = Pick<NewMessage, 'groupId' | 'visibleAt' | 'sentAt'> & {
  /** Where it was received in another queue before. */
  readonly firstReceivedAt?: number | null
}

/** What settling a message needs to know of it. */
export interface DeliveryRow {
  readonly seq: number
  readonly visible_at: number
  readonly receipt: number
  readonly received_at: number | null
  readonly group_id: string | null
}

export interface MessageCounts {
  readonly visible: number
  readonly inFlight: number
  readonly delayed: number
}

/**
 * The messages of all queues. Every method runs inside the caller's transaction; who changes a FIFO queue's messages
 * here leaves its group's readiness right, except `markReceived`, whose caller refreshes once per group.
 */
export class MessageStore {
  readonly #groups: FifoGroups
  readonly #numbers: MessageNumbers
  /** How many messages a generation holds, where that was asked for. */
  readonly #totals = new Map<number, number>()
  /** Before when no message of a generation was sent, where that was looked at. */
  readonly #oldestMs = new Map<number, number>()
  readonly #insertMessage: StatementSync
  readonly #insertContent: StatementSync
  readonly #receive: StatementSync
  readonly #undoReceive: StatementSync
  readonly #setVisibility: StatementSync
  readonly #delete: StatementSync
  readonly #selectVisible: Rows<ReceivableRow>
  readonly #selectGroup: Rows<ReceivableRow>
  readonly #selectDelivery: Query<DeliveryRow>
  readonly #countAll: Query<{ readonly total: number }>
  readonly #selectHidden: Query<{ readonly hidden: number; readonly in_flight: number | null }>
  readonly #selectNext: Query<{ readonly next: number | null }>
  readonly #selectExpired: Query<{ readonly seq: number; readonly group_id: string | null }>
  readonly #selectOldest: Query<{ readonly oldest: number | null }>

  constructor(database: DatabaseSync, groups: FifoGroups, numbers: MessageNumbers) {
    this.#groups = groups
    this.#numbers = numbers
    this.#insertMessage = database.prepare(
      `INSERT INTO messages (seq, generation, visible_at, sent_at, first_received_at, fifo, group_id)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#insertContent = database.prepare(
      `INSERT INTO contents (seq, message_id, body, attributes, dedup_id, trace_header) VALUES (?, ?, ?, ?, ?, ?)`,
    )
    this.#receive = database.prepare(
      `UPDATE messages SET visible_at = ?, received_at = ?, first_received_at = coalesce(first_received_at, ?),
       receive_count = receive_count + 1, receipt = receipt + 1 WHERE seq = ?`,
    )
    this.#undoReceive = database.prepare(
      `UPDATE messages SET visible_at = ?, receive_count = receive_count - 1,
       first_received_at = CASE receive_count WHEN 1 THEN NULL ELSE first_received_at END WHERE seq = ?`,
    )
    this.#setVisibility = database.prepare('UPDATE messages SET visible_at = ? WHERE seq = ?')
    this.#delete = database.prepare('DELETE FROM messages WHERE seq = ? AND generation = ?')
    this.#selectVisible = prepareRows(
      database,
      `SELECT ${RECEIVABLE_COLUMNS} FROM messages m INDEXED BY messages_by_visibility JOIN contents c ON c.seq = m.seq
       WHERE m.generation = ? AND m.visible_at <= ? ORDER BY m.visible_at, m.receive_count, m.seq LIMIT ?`,
      toReceivable,
    )
    this.#selectGroup = prepareRows(
      database,
      `SELECT ${RECEIVABLE_COLUMNS} FROM messages m INDEXED BY messages_by_group JOIN contents c ON c.seq = m.seq
       WHERE m.fifo = 1 AND m.generation = ? AND m.group_id = ? ORDER BY m.seq LIMIT ?`,
      toReceivable,
    )
    this.#selectDelivery = prepareQuery(
      database,
      'SELECT seq, visible_at, receipt, received_at, group_id FROM messages WHERE seq = ? AND generation = ?',
    )
    this.#countAll = prepareQuery(
      database,
      'SELECT count(*) AS total FROM messages INDEXED BY messages_by_visibility WHERE generation = ?',
    )
    this.#selectHidden = prepareQuery(
      database,
      `SELECT count(*) AS hidden, sum(receive_count > 0) AS in_flight
       FROM messages INDEXED BY messages_by_visibility WHERE generation = ? AND visible_at > ?`,
    )
    this.#selectNext = prepareQuery(
      database,
      'SELECT min(visible_at) AS next FROM messages INDEXED BY messages_by_visibility WHERE generation = ?',
    )
    this.#selectExpired = prepareQuery(
      database,
      `SELECT * FROM (SELECT seq, group_id FROM messages INDEXED BY messages_by_visibility
         WHERE generation = ?1 AND visible_at <= ?2 LIMIT ?3)
       UNION ALL SELECT * FROM (SELECT seq, group_id FROM messages INDEXED BY messages_by_age
         WHERE generation = ?1 AND sent_at <= ?2 AND visible_at > sent_at AND visible_at > ?2 LIMIT ?3)
       LIMIT ?3`,
    )
    this.#selectOldest = prepareQuery(
      database,
      `SELECT min(oldest) AS oldest FROM (
         SELECT min(visible_at) AS oldest FROM messages INDEXED BY messages_by_visibility WHERE generation = ?1
         UNION ALL SELECT min(sent_at) FROM messages INDEXED BY messages_by_age
         WHERE generation = ?1 AND visible_at > sent_at)`,
    )
  }

  /** @returns the message's seq */
  add(queue: Queue, message: NewMessage): number {
    const seq = this.place(queue, message)
    this.#insertContent.run(
      seq,
      message.messageId,
      message.body,
      message.attributes,
      message.deduplicationId,
      message.traceHeader,
    )
    return seq
  }

  /** Puts a message at the end of a queue whose content the caller brings. @returns its seq */
  place({ generation, settings: { isFifo } }: Queue, { groupId, visibleAt, sentAt, firstReceivedAt }: Placed): number {
    const seq = this.#numbers.next()
    this.#insertMessage.run(seq, generation, visibleAt, sentAt, firstReceivedAt ?? null, isFifo ? 1 : 0, groupId)
    this.#addToTotal(generation, 1)
    if (sentAt < (this.#oldestMs.get(generation) ?? 0)) this.#oldestMs.set(generation, sentAt)
    if (isFifo && groupId !== null) this.#groups.append(generation, groupId, visibleAt, seq)
    return seq
  }

  /** What may be received now, longest visible first; on a FIFO queue by group, each group's prefix in order. */
  listReceivable(queue: Queue, now: number, limit: number): ReceivableRow[] {
    if (!queue.settings.isFifo) return this.#selectVisible.all(queue.generation, now, limit)
    const rows: ReceivableRow[] = []
    for (const groupId of this.#groups.listReady(queue.generation, now, limit)) {
      if (rows.length === limit) break
      for (const row of this.#selectGroup.all(queue.generation, groupId, limit - rows.length)) {
        // What is behind a delayed message of the group waits with it.
        if (row.visible_at > now) break
        rows.push(row)
      }
    }
    return rows
  }

  markReceived(seq: number, visibleAt: number, now: number): void {
    this.#receive.run(visibleAt, now, now, seq)
  }

  refreshGroups(queue: Queue, groupIds: Iterable<string>): void {
    for (const groupId of groupIds) this.#groups.refresh(queue.generation, groupId)
  }

  /** The message, if it is still in the queue. */
  find(queue: Queue, seq: number): DeliveryRow | undefined {
    return this.#selectDelivery.first(seq, queue.generation)
  }

  /** Makes a receive that reached nobody not have happened; its handle stays spent. */
  undoReceive(queue: Queue, message: DeliveryRow, visibleAt: number): void {
    this.#undoReceive.run(visibleAt, message.seq)
    this.#refreshGroupOf(queue, message)
  }

  setVisibility(queue: Queue, message: DeliveryRow, visibleAt: number): void {
    this.#setVisibility.run(visibleAt, message.seq)
    this.#refreshGroupOf(queue, message)
  }

  remove(queue: Queue, message: { readonly seq: number; readonly group_id: string | null }): void {
    if (this.#delete.run(message.seq, queue.generation).changes === 0) return
    this.#addToTotal(queue.generation, -1)
    this.#refreshGroupOf(queue, message)
  }

  /**
   * Exact at `now`, whatever became visible since the last call. The first time costs all messages, later only the hidden
   * ones.
   */
  count({ generation }: Queue, now: number): MessageCounts {
    const total = this.#totals.get(generation) ?? this.#countAll.first(generation)?.total ?? 0
    this.#totals.set(generation, total)
    const { hidden, in_flight } = this.#selectHidden.first(generation, now) ?? { hidden: 0, in_flight: 0 }
    const inFlight = in_flight ?? 0
    return { visible: total - hidden, inFlight, delayed: hidden - inFlight }
  }

  /** As {@link count}. */
  countInFlight({ generation }: Queue, now: number): number {
    return this.#selectHidden.first(generation, now)?.in_flight ?? 0
  }

  /** A generation and all that it held are gone. */
  forgetGeneration(generation: number): void {
    this.#totals.delete(generation)
    this.#oldestMs.delete(generation)
  }

  /** A transaction was undone. */
  forget(): void {
    this.#totals.clear()
    this.#oldestMs.clear()
  }

  #addToTotal(generation: number, change: number): void {
    const total = this.#totals.get(generation)
    if (total !== undefined) this.#totals.set(generation, total + change)
  }

  /** The moment at which a receive may next find something; it may have passed. */
  nextReadyAt(queue: Queue): number | undefined {
    if (queue.settings.isFifo) return this.#groups.nextReadyAt(queue.generation)
    return this.#selectNext.first(queue.generation)?.next ?? undefined
  }

  /**
   * Removes at most `limit` messages that were sent at or before `cutoff`, which is before now. Looks for them only once
   * there may be some. @returns how many
   */
  removeExpired(queue: Queue, cutoff: number, limit: number): number {
    const { generation } = queue
    if ((this.#oldestMs.get(generation) ?? 0) > cutoff) return 0
    const removed = this.#removeSentUntil(queue, cutoff, limit)
    if (removed < limit) {
      const oldestMs = this.#selectOldest.first(generation)?.oldest ?? Number.POSITIVE_INFINITY
      this.#oldestMs.set(generation, oldestMs)
    }
    return removed
  }

  #removeSentUntil(queue: Queue, cutoff: number, limit: number): number {
    const expired = this.#selectExpired.all(queue.generation, cutoff, limit)
    for (const row of expired) this.remove(queue, row)
    return expired.length
  }

  #refreshGroupOf(queue: Queue, message: { readonly group_id: string | null }): void {
    if (queue.settings.isFifo && message.group_id !== null) this.#groups.refresh(queue.generation, message.group_id)
  }
}

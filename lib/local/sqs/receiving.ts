import type { SqsContext } from './context.ts'
import type { Queue } from './queue-registry.ts'
import type { ReceivableRow } from './receivable-row.ts'

/** Bounds the work of one receive on a queue full of messages that are due for the dead-letter queue. */
const MAX_MOVED_PER_RECEIVE = 100
const MAX_EXPIRED_PER_CALL = 500

export interface ReceiveOptions {
  readonly maxMessages: number
  readonly visibilityTimeoutMs: number
}

/** A message that was just received: `receive_count`, `receipt` and the first receive are as of this receive. */
export type TakenMessage = ReceivableRow & { readonly first_received_at: number }

/**
 * Takes up to `maxMessages` visible messages. One whose receive would exceed the redrive policy's maxReceiveCount moves
 * to the dead-letter queue instead; without that queue it stays deliverable. Expired messages are removed, never taken.
 */
export function takeMessages(context: SqsContext, queue: Queue, options: ReceiveOptions): TakenMessage[] {
  const now = context.now()
  // More of them may be at the front: removing goes on with the next receive, and a waiting one is retried.
  if (removeExpired(context, queue, now) === 'some are left') return []
  const taken = new Map<number, TakenMessage>()
  const groups = new Set<string>()
  let movedInAll = 0
  while (taken.size < options.maxMessages && movedInAll < MAX_MOVED_PER_RECEIVE) {
    const rows = context.messages.listReceivable(queue, now, options.maxMessages - taken.size)
    let moved = 0
    for (const row of rows) {
      // A visibility timeout of 0 leaves a message where it was.
      if (taken.has(row.seq)) continue
      if (row.group_id !== null && queue.settings.isFifo) groups.add(row.group_id)
      if (moveIfExhausted(context, queue, row, now)) moved += 1
      else taken.set(row.seq, takeOne(context, row, options, now))
    }
    context.messages.refreshGroups(queue, groups)
    movedInAll += moved
    if (moved === 0) break
  }
  context.inFlight.taken(queue.generation, taken.size)
  if (taken.size + movedInAll > 0) context.longPolls.touch(queue.id)
  return [...taken.values()]
}

/** Enforces MessageRetentionPeriod as it is now, a bounded number of messages at a time. */
export function removeExpired(context: SqsContext, queue: Queue, now: number): 'all are gone' | 'some are left' {
  const cutoff = now - queue.settings.retentionMs
  const removed = context.messages.removeExpired(queue, cutoff, MAX_EXPIRED_PER_CALL)
  return removed < MAX_EXPIRED_PER_CALL ? 'all are gone' : 'some are left'
}

function takeOne(context: SqsContext, row: ReceivableRow, options: ReceiveOptions, now: number): TakenMessage {
  context.messages.markReceived(row.seq, now + options.visibilityTimeoutMs, now)
  return {
    ...row,
    receive_count: row.receive_count + 1,
    receipt: row.receipt + 1,
    first_received_at: row.first_received_at ?? now,
  }
}

function moveIfExhausted(context: SqsContext, queue: Queue, row: ReceivableRow, now: number): boolean {
  const { redrive } = queue.settings
  if (redrive === undefined || row.receive_count < redrive.maxReceiveCount) return false
  const target = context.queues.findByArn(redrive.deadLetterTargetArn)
  if (target === undefined) return false
  context.moves.moveToDeadLetters(queue, target, row, now)
  context.longPolls.touch(target.id)
  return true
}

/** Undoes receives whose answer reached nobody, unless somebody has received or settled the message since. */
export function giveBack(context: SqsContext, queueId: number, taken: readonly TakenMessage[]): void {
  const queue = context.queues.findById(queueId)
  if (queue === undefined) return
  const now = context.now()
  for (const { seq, receipt } of taken) {
    const message = context.messages.find(queue, seq)
    if (message?.receipt === receipt) context.messages.undoReceive(queue, message, Math.min(message.visible_at, now))
  }
  context.longPolls.touch(queueId)
}

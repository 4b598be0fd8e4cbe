import { randomUUID } from 'node:crypto'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareQuery, type Query } from './database.ts'
import type { GroupCommit } from './group-commit.ts'
import type { LongPolls } from './long-polls.ts'
import type { MessageMoves } from './message-moves.ts'
import type { MessageNumbers } from './message-numbers.ts'
import type { MessageStore } from './message-store.ts'
import type { Queue, QueueRegistry } from './queue-registry.ts'
import type { ReceivableRow } from './receivable-row.ts'

const MOVED_PER_STEP = 100
const STEP_MS = 10
const RATED_STEP_MS = 1000

export interface MoveTask {
  readonly id: number
  readonly source_arn: string
  readonly destination_arn: string | null
  /** Messages per second, or null for as fast as it goes. */
  readonly rate: number | null
  readonly status: 'RUNNING' | 'COMPLETED' | 'CANCELLED' | 'FAILED'
  readonly started_at: number
  readonly moved: number
  readonly to_move: number
  /** The last message that was there when the task started: later ones are not its business. */
  readonly last_seq: number
  readonly failure: string | null
}

interface MoveTaskStores {
  readonly queues: QueueRegistry
  readonly messages: MessageStore
  readonly numbers: MessageNumbers
  readonly moves: MessageMoves
  readonly longPolls: LongPolls
  readonly now: () => number
}

/** Message move tasks: each moves some messages per step, in transactions of its own, and goes on after a restart. */
export class MoveTasks {
  readonly #commit: GroupCommit
  readonly #stores: MoveTaskStores
  readonly #insert: StatementSync
  readonly #update: StatementSync
  readonly #select: Query<MoveTask>
  readonly #selectBySource: Query<MoveTask>
  readonly #selectRunning: Query<MoveTask>
  readonly #timers = new Map<number, NodeJS.Timeout>()

  constructor(database: DatabaseSync, commit: GroupCommit, stores: MoveTaskStores) {
    this.#commit = commit
    this.#stores = stores
    this.#insert = database.prepare(
      `INSERT INTO move_tasks (source_arn, destination_arn, rate, status, started_at, to_move, last_seq)
       VALUES (?, ?, ?, 'RUNNING', ?, ?, ?)`,
    )
    this.#update = database.prepare('UPDATE move_tasks SET status = ?, moved = ?, failure = ? WHERE id = ?')
    this.#select = prepareQuery(database, 'SELECT * FROM move_tasks WHERE id = ?')
    this.#selectBySource = prepareQuery(
      database,
      'SELECT * FROM move_tasks WHERE source_arn = ? ORDER BY id DESC LIMIT ?',
    )
    this.#selectRunning = prepareQuery(database, "SELECT * FROM move_tasks WHERE status = 'RUNNING'")
  }

  /** Goes on with what was running when the store was last closed. */
  resume(): void {
    for (const task of this.#selectRunning.all()) this.#schedule(task)
  }

  start(source: Queue, destinationArn: string | undefined, rate: number | undefined): MoveTask | undefined {
    const { messages, numbers, now } = this.#stores
    const toMove = messages.count(source, now()).visible
    const inserted = this.#insert.run(source.arn, destinationArn ?? null, rate ?? null, now(), toMove, numbers.last)
    const task = this.find(Number(inserted.lastInsertRowid))
    if (task !== undefined) this.#schedule(task)
    return task
  }

  find(id: number): MoveTask | undefined {
    return this.#select.first(id)
  }

  /** The latest tasks of a source, newest first. */
  list(sourceArn: string, limit: number): MoveTask[] {
    return this.#selectBySource.all(sourceArn, limit)
  }

  cancel(task: MoveTask): void {
    clearTimeout(this.#timers.get(task.id))
    this.#timers.delete(task.id)
    this.#update.run('CANCELLED', task.moved, null, task.id)
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer)
    this.#timers.clear()
  }

  #schedule(task: MoveTask): void {
    const timer = setTimeout(() => this.#run(task.id), task.rate === null ? STEP_MS : RATED_STEP_MS)
    this.#timers.set(task.id, timer)
  }

  #run(taskId: number): void {
    this.#timers.delete(taskId)
    this.#commit
      .run(() => this.#step(taskId))
      .then(
        (task) => task?.status === 'RUNNING' && this.#schedule(task),
        // A step that was undone, or a closed store: the task is still RUNNING there and resumes at the next start.
        () => undefined,
      )
  }

  #step(taskId: number): MoveTask | undefined {
    const task = this.find(taskId)
    if (task?.status !== 'RUNNING') return task
    const source = this.#stores.queues.findByArn(task.source_arn)
    if (source === undefined) return this.#save(task, 'FAILED', 0, 'AWS.SimpleQueueService.NonExistentQueue')
    const limit = task.rate ?? MOVED_PER_STEP
    const rows = this.#stores.moves.listMovable(source, this.#stores.now(), task.last_seq, limit)
    let moved = 0
    for (const row of rows) {
      const target = this.#stores.queues.findByArn(task.destination_arn ?? row.source_arn ?? '')
      if (target === undefined || target.settings.isFifo !== source.settings.isFifo) {
        return this.#save(task, 'FAILED', moved, 'CouldNotDetermineMessageSource')
      }
      this.#move(source, target, row)
      moved += 1
    }
    return this.#save(task, rows.length < limit ? 'COMPLETED' : 'RUNNING', moved, null)
  }

  #move(source: Queue, target: Queue, row: ReceivableRow): void {
    this.#stores.moves.resend(source, target, row, randomUUID(), this.#stores.now())
    this.#stores.longPolls.touch(target.id)
  }

  #save(task: MoveTask, status: MoveTask['status'], moved: number, failure: string | null): MoveTask {
    this.#update.run(status, task.moved + moved, failure, task.id)
    return { ...task, status, moved: task.moved + moved, failure }
  }
}

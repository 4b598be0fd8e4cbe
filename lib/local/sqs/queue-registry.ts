import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { prepareQuery, type Query } from './database.ts'
import { queueDoesNotExist, SqsError } from './errors.ts'
import { type QueueAttributes, type QueueSettings, settingsOf } from './queue-attributes.ts'

export interface Queue {
  readonly id: number
  readonly name: string
  readonly arn: string
  readonly createdAt: number
  /** The generation its messages belong to; purging starts a new one. */
  generation: number
  modifiedAt: number
  purgedAt: number | null
  attributes: QueueAttributes
  settings: QueueSettings
  tags: Readonly<Record<string, string>>
}

interface QueueRow {
  readonly id: number
  readonly name: string
  readonly generation: number
  readonly created_at: number
  readonly modified_at: number
  readonly purged_at: number | null
  readonly attributes: string
  readonly tags: string
}

export interface QueueOwner {
  readonly region: string
  readonly accountId: string
}

/**
 * The queues, not their messages: a few rows, kept parsed in memory and written through.
 * After a rollback `reload` makes memory true again.
 */
export class QueueRegistry {
  readonly #owner: QueueOwner
  readonly #byName = new Map<string, Queue>()
  readonly #byId = new Map<number, Queue>()
  readonly #selectAll: Query<QueueRow>
  readonly #selectDeleted: Query<{ readonly deleted_at: number }>
  readonly #insert: StatementSync
  readonly #update: StatementSync
  readonly #delete: StatementSync
  readonly #insertDeleted: StatementSync
  readonly #forgetDeleted: StatementSync
  readonly #insertGeneration: StatementSync
  readonly #discardGeneration: StatementSync
  readonly #deleteDeduplication: StatementSync

  constructor(database: DatabaseSync, owner: QueueOwner) {
    this.#owner = owner
    this.#selectAll = prepareQuery(database, 'SELECT * FROM queues')
    this.#selectDeleted = prepareQuery(database, 'SELECT deleted_at FROM deleted_queues WHERE name = ?')
    this.#insert = database.prepare(
      'INSERT INTO queues (name, generation, created_at, modified_at, attributes, tags) VALUES (?, ?, ?, ?, ?, ?)',
    )
    this.#update = database.prepare(
      'UPDATE queues SET generation = ?, modified_at = ?, purged_at = ?, attributes = ?, tags = ? WHERE id = ?',
    )
    this.#delete = database.prepare('DELETE FROM queues WHERE id = ?')
    this.#insertDeleted = database.prepare('INSERT OR REPLACE INTO deleted_queues (name, deleted_at) VALUES (?, ?)')
    this.#forgetDeleted = database.prepare('DELETE FROM deleted_queues WHERE deleted_at <= ?')
    this.#insertGeneration = database.prepare('INSERT INTO generations DEFAULT VALUES')
    this.#discardGeneration = database.prepare('UPDATE generations SET discarded = 1 WHERE id = ?')
    this.#deleteDeduplication = database.prepare('DELETE FROM deduplication WHERE queue_id = ?')
    this.reload()
  }

  reload(): void {
    this.#byName.clear()
    this.#byId.clear()
    for (const row of this.#selectAll.all()) this.#remember(this.#parseRow(row))
  }

  /** Every queue, in order of name. */
  list(): Queue[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  find(name: string): Queue | undefined {
    return this.#byName.get(name)
  }

  findById(id: number): Queue | undefined {
    return this.#byId.get(id)
  }

  findByArn(arn: string): Queue | undefined {
    const name = arn.slice(arn.lastIndexOf(':') + 1)
    const queue = this.#byName.get(name)
    return queue?.arn === arn ? queue : undefined
  }

  /** The queue of a queue URL: its path decides, whatever the host. @throws QueueDoesNotExist, InvalidAddress */
  require(url: string): Queue {
    const [, accountId, name] = /^(?:https?:\/\/[^/]*)?\/(\d{12})\/([^/?#]+)\/?$/.exec(url) ?? []
    if (name === undefined) throw new SqsError('InvalidAddress', `The address ${url} is not valid for this endpoint.`)
    const queue = accountId === this.#owner.accountId ? this.#byName.get(name) : undefined
    if (queue === undefined) throw queueDoesNotExist()
    return queue
  }

  /** When a queue of that name was deleted, if within what `forgetDeletedBefore` left. */
  deletedAt(name: string): number | undefined {
    return this.#selectDeleted.first(name)?.deleted_at
  }

  forgetDeletedBefore(time: number): void {
    this.#forgetDeleted.run(time)
  }

  arnOf(name: string): string {
    return `arn:aws:sqs:${this.#owner.region}:${this.#owner.accountId}:${name}`
  }

  create(name: string, attributes: QueueAttributes, tags: Readonly<Record<string, string>>, now: number): Queue {
    const generation = this.#startGeneration()
    const { lastInsertRowid } = this.#insert.run(
      name,
      generation,
      now,
      now,
      JSON.stringify(attributes),
      JSON.stringify(tags),
    )
    const queue: Queue = {
      id: Number(lastInsertRowid),
      name,
      arn: this.arnOf(name),
      createdAt: now,
      generation,
      modifiedAt: now,
      purgedAt: null,
      attributes,
      settings: settingsOf(attributes),
      tags,
    }
    this.#remember(queue)
    return queue
  }

  setAttributes(queue: Queue, attributes: QueueAttributes, now: number): void {
    queue.attributes = attributes
    queue.settings = settingsOf(attributes)
    queue.modifiedAt = now
    this.#save(queue)
  }

  setTags(queue: Queue, tags: Readonly<Record<string, string>>): void {
    queue.tags = tags
    this.#save(queue)
  }

  /** Leaves every message behind with the old generation. */
  purge(queue: Queue, now: number): void {
    this.#discardGeneration.run(queue.generation)
    queue.generation = this.#startGeneration()
    queue.purgedAt = now
    this.#save(queue)
  }

  delete(queue: Queue, now: number): void {
    this.#discardGeneration.run(queue.generation)
    this.#deleteDeduplication.run(queue.id)
    this.#delete.run(queue.id)
    this.#insertDeleted.run(queue.name, now)
    this.#byName.delete(queue.name)
    this.#byId.delete(queue.id)
  }

  #startGeneration(): number {
    return Number(this.#insertGeneration.run().lastInsertRowid)
  }

  #save(queue: Queue): void {
    const attributes = JSON.stringify(queue.attributes)
    this.#update.run(
      queue.generation,
      queue.modifiedAt,
      queue.purgedAt,
      attributes,
      JSON.stringify(queue.tags),
      queue.id,
    )
  }

  #remember(queue: Queue): void {
    this.#byName.set(queue.name, queue)
    this.#byId.set(queue.id, queue)
  }

  #parseRow(row: QueueRow): Queue {
    const attributes: QueueAttributes = JSON.parse(row.attributes)
    return {
      id: row.id,
      name: row.name,
      arn: this.arnOf(row.name),
      createdAt: row.created_at,
      generation: row.generation,
      modifiedAt: row.modified_at,
      purgedAt: row.purged_at,
      attributes,
      settings: settingsOf(attributes),
      tags: JSON.parse(row.tags),
    }
  }
}

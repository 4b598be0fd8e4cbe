import { DatabaseSync, type StatementSync } from 'node:sqlite'

const SCHEMA_VERSION = 2

/**
 * A queue's messages belong to its current generation. Purging or deleting a queue only starts or ends a generation;
 * what an ended one holds is removed piecemeal, so no request waits for a million deletes.
 *
 * `messages` holds what changes while a message lives, `contents` what does not: a receive rewrites a small row however
 * large the body is. `seq` is the order of arrival and is never used twice (message-numbers.ts), so that an old receipt
 * handle cannot reach a newer message. `fifo_groups` has one row per group that holds messages; `ready_at` is when its
 * head may be received.
 *
 * A send changes as few pages as it can, since all of them are written for its commit. So nothing is counted here, and
 * `messages_by_age` leaves out those that are visible since they were sent: `messages_by_visibility` has them in that order.
 */
const SCHEMA = `
CREATE TABLE queues (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  name TEXT NOT NULL UNIQUE,
  generation INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  modified_at INTEGER NOT NULL,
  purged_at INTEGER,
  attributes TEXT NOT NULL,
  tags TEXT NOT NULL
) STRICT;

CREATE TABLE deleted_queues (name TEXT PRIMARY KEY, deleted_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE generations (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  discarded INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX generations_discarded ON generations (id) WHERE discarded = 1;

CREATE TABLE message_numbers (reserved INTEGER NOT NULL) STRICT;
INSERT INTO message_numbers VALUES (0);

CREATE TABLE messages (
  seq INTEGER PRIMARY KEY,
  generation INTEGER NOT NULL,
  visible_at INTEGER NOT NULL,
  receive_count INTEGER NOT NULL DEFAULT 0,
  receipt INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER,
  first_received_at INTEGER,
  sent_at INTEGER NOT NULL,
  fifo INTEGER NOT NULL,
  group_id TEXT
) STRICT;
CREATE INDEX messages_by_visibility ON messages (generation, visible_at, receive_count);
CREATE INDEX messages_by_age ON messages (generation, sent_at) WHERE visible_at > sent_at;
CREATE INDEX messages_by_group ON messages (generation, group_id, seq) WHERE fifo = 1;

CREATE TABLE contents (
  seq INTEGER PRIMARY KEY,
  message_id TEXT NOT NULL,
  body TEXT NOT NULL,
  attributes TEXT,
  dedup_id TEXT,
  trace_header TEXT,
  source_arn TEXT,
  prior_receive_count INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TRIGGER message_removed AFTER DELETE ON messages BEGIN
  DELETE FROM contents WHERE seq = OLD.seq;
END;

CREATE TABLE fifo_groups (
  generation INTEGER NOT NULL,
  group_id TEXT NOT NULL,
  ready_at INTEGER NOT NULL,
  head_seq INTEGER NOT NULL,
  PRIMARY KEY (generation, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX fifo_groups_by_readiness ON fifo_groups (generation, ready_at, head_seq);

CREATE TABLE deduplication (
  queue_id INTEGER NOT NULL,
  scope TEXT NOT NULL,
  dedup_id TEXT NOT NULL,
  expires_at INTEGER NOT NULL,
  message_id TEXT NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (queue_id, scope, dedup_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX deduplication_by_expiry ON deduplication (expires_at);

CREATE TABLE move_tasks (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  source_arn TEXT NOT NULL,
  destination_arn TEXT,
  rate INTEGER,
  status TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  moved INTEGER NOT NULL DEFAULT 0,
  to_move INTEGER NOT NULL,
  last_seq INTEGER NOT NULL,
  failure TEXT
) STRICT;
CREATE INDEX move_tasks_by_source ON move_tasks (source_arn, id);
CREATE INDEX move_tasks_running ON move_tasks (id) WHERE status = 'RUNNING';
`

/** SQLite's write-ahead log beside a database file. */
export const logFileOf = (file: string): string => `${file}-wal`

/**
 * Opens the store and creates its tables in a new file. Commits are durable until {@link leaveSyncToCaller}.
 *
 * `locking_mode=EXCLUSIVE` keeps a second process out of the file; the lock ends with the process, however it ends.
 *
 * @throws if another process holds the file, or a newer release wrote it.
 */
export function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file)
  try {
    database.exec(`
      PRAGMA locking_mode = EXCLUSIVE;
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -65536;
      PRAGMA temp_store = MEMORY;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA journal_size_limit = 67108864;
    `)
    createSchema(database, file)
    return database
  } catch (error) {
    database.close()
    throw new Error(`The SQS store ${file} cannot be opened: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    })
  }
}

/**
 * From now on a commit is written when it returns, and on disk once the log file is synced, which is the caller's to do. In
 * between it is as with `FULL`, without the waiting (sqlite.org/pragma.html#pragma_synchronous).
 */
export function leaveSyncToCaller(database: DatabaseSync): void {
  database.exec('PRAGMA synchronous = NORMAL')
}

function createSchema(database: DatabaseSync, file: string): void {
  const version = database.prepare('PRAGMA user_version').get()?.user_version
  if (version === SCHEMA_VERSION) return
  if (version !== 0) throw new Error(`${file} has format ${version}, this release reads format ${SCHEMA_VERSION}`)
  database.exec(`BEGIN IMMEDIATE; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
}

type SqlValue = string | number | null

export interface Rows<Row> {
  all(...values: SqlValue[]): Row[]
}

/** A prepared statement with the type of its rows; the schema is STRICT, so a column has the type its table gives it. */
export interface Query<Row> extends Rows<Row> {
  first(...values: SqlValue[]): Row | undefined
}

export function prepareQuery<Row>(database: DatabaseSync, sql: string): Query<Row> {
  const statement: StatementSync = database.prepare(sql)
  return {
    first: (...values) => statement.get(...values) as Row | undefined,
    all: (...values) => statement.all(...values) as Row[],
  }
}

/**
 * As {@link prepareQuery}, for rows that are read often: `toRow` makes them of their columns, in the order of the query. Node's
 * own rows are dictionaries to V8, and reading them again and again takes longer than the query.
 */
export function prepareRows<Columns extends SqlValue[], Row>(
  database: DatabaseSync,
  sql: string,
  toRow: (columns: Columns) => Row,
): Rows<Row> {
  const statement = database.prepare(sql)
  statement.setReturnArrays(true)
  // Node's types know rows as objects only, whatever a statement returns.
  return { all: (...values) => (statement.all(...values) as unknown as Columns[]).map(toRow) }
}

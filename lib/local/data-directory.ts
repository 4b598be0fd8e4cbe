import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { messageOf, StartError } from './start-error.ts'

/** What the embedded cloud keeps, and where. */
export interface DataDirectory {
  /** Absolute, without symbolic links. */
  readonly path: string
  readonly dynamoDbFile: string
  readonly dynamoDbPidFile: string
  readonly sqsFile: string
  /** `file:///…/`, as Config.blobs takes it. */
  readonly blobsUrl: string
  /** Lets another process have the directory. */
  release(): void
}

/**
 * Creates the directory if it is missing and takes it for this process alone. Messages are private: only the owner may
 * look into a directory that is created here.
 *
 * @throws StartError where another process has it, or where it cannot be used
 */
export function openDataDirectory(directory: string): DataDirectory {
  const path = createDirectory(directory)
  const lock = takeLock(path)
  return {
    path,
    dynamoDbFile: join(path, 'dynamodb.sqlite'),
    dynamoDbPidFile: join(path, 'dynamodb.pid'),
    sqsFile: join(path, 'sqs.sqlite'),
    blobsUrl: pathToFileURL(join(path, 'blobs/')).href,
    release: () => lock.close(),
  }
}

function createDirectory(directory: string): string {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    mkdirSync(join(directory, 'blobs'), { recursive: true })
    return realpathSync(directory)
  } catch (error) {
    throw unusable(directory, error)
  }
}

const SQLITE_BUSY = 5

/**
 * The lock is SQLite's on a database that stays empty: the operating system drops it with the process, however that
 * ends, so there is no stale lock to tell from a live one.
 */
function takeLock(path: string): DatabaseSync {
  const lock = openLock(path)
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return lock
  } catch (error) {
    lock.close()
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) {
      throw new StartError(
        `the data directory ${path} is in use by another process. Stop that one, or choose another directory with --data.`,
      )
    }
    throw unusable(path, error)
  }
}

function openLock(path: string): DatabaseSync {
  try {
    return new DatabaseSync(join(path, 'lock.sqlite'))
  } catch (error) {
    throw unusable(path, error)
  }
}

const unusable = (directory: string, error: unknown): StartError =>
  new StartError(
    `the data directory ${directory} cannot be used: ${messageOf(error)}. Choose another with --data, or correct its permissions.`,
  )

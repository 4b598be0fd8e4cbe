import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { ACTIONS } from '../../../lib/local/sqs/actions/index.ts'
import { openSqsEngine } from '../../../lib/local/sqs/engine.ts'

/** How often files were synced by us; SQLite's own syncs go another way. */
const syncs = vi.hoisted(() => ({ count: 0 }))
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  const fdatasyncSync: typeof fs.fdatasyncSync = (fd) => {
    fs.fdatasyncSync(fd)
    syncs.count += 1
  }
  return { ...fs, fdatasyncSync }
})

const directory = mkdtempSync(join(tmpdir(), 'leveret-sqs-'))
afterAll(() => rmSync(directory, { recursive: true }))

const QueueUrl = 'http://sqs/000000000000/queue'
const ResourceArn = 'arn:aws:sqs:us-east-1:000000000000:queue'
const Entries = [{ Id: '0', MessageBody: 'x', ReceiptHandle: '', VisibilityTimeout: 1 }]

/** By action, what it is asked: after it, something may be lost where the disk does not have it. */
const ON_DISK: Readonly<Record<string, object>> = {
  CreateQueue: { QueueName: 'other' },
  SendMessage: { QueueUrl, MessageBody: 'x' },
  SendMessageBatch: { QueueUrl, Entries },
  SetQueueAttributes: { QueueUrl, Attributes: { VisibilityTimeout: '5' } },
  TagQueue: { QueueUrl, Tags: { a: 'b' } },
  UntagQueue: { QueueUrl, TagKeys: ['a'] },
  StartMessageMoveTask: { SourceArn: ResourceArn },
  CancelMessageMoveTask: { TaskHandle: 'none' },
  PurgeQueue: { QueueUrl },
  DeleteQueue: { QueueUrl },
}
/** After it a message comes again at worst. */
const WRITTEN: Readonly<Record<string, object>> = {
  ReceiveMessage: { QueueUrl, VisibilityTimeout: 60 },
  ChangeMessageVisibility: { QueueUrl, VisibilityTimeout: 5 },
  ChangeMessageVisibilityBatch: { QueueUrl, Entries },
  DeleteMessage: { QueueUrl },
  DeleteMessageBatch: { QueueUrl, Entries },
  GetQueueAttributes: { QueueUrl, AttributeNames: ['All'] },
  GetQueueUrl: { QueueName: 'queue' },
  ListDeadLetterSourceQueues: { QueueUrl },
  ListMessageMoveTasks: { SourceArn: ResourceArn },
  ListQueueTags: { QueueUrl },
  ListQueues: {},
}

/** Answers how often the log was synced between the question and the answer. */
async function syncsFor(action: string, input: object): Promise<number> {
  const engine = openSqsEngine({ file: join(directory, action), endpoint: () => 'http://sqs' })
  const call = (name: string, body: object) =>
    engine.call(name, { ...body }, new AbortController().signal) as Promise<Record<string, unknown>>
  await call('CreateQueue', { QueueName: 'queue' })
  await call('SendMessage', { QueueUrl, MessageBody: 'x' })
  const received = action === 'ReceiveMessage' ? {} : await call('ReceiveMessage', { QueueUrl, VisibilityTimeout: 60 })
  const [message] = (received.Messages ?? []) as { ReceiptHandle: string }[]
  const handle = { ReceiptHandle: message?.ReceiptHandle }
  const before = syncs.count
  // Some are refused here, and wait like those that are not.
  const full = { ...handle, ...input, ...('Entries' in input && { Entries: [{ ...Entries[0], ...handle }] }) }
  await call(action, full).catch(() => undefined)
  const { count } = syncs
  engine.close()
  return count - before
}

describe('the engine', () => {
  test.each(Object.entries(ON_DISK))('answers %s when it is on disk', async (action, input) => {
    expect(await syncsFor(action, input)).toBe(1)
  })

  test.each(Object.entries(WRITTEN))('answers %s when it is written', async (action, input) => {
    expect(await syncsFor(action, input)).toBe(0)
  })

  test('has no other action', () => {
    expect([...ACTIONS.keys()].sort()).toEqual([...Object.keys(ON_DISK), ...Object.keys(WRITTEN)].sort())
  })

  test('refuses a file of another format, and says so', () => {
    const file = join(directory, 'old')
    const database = new DatabaseSync(file)
    database.exec('PRAGMA user_version = 1')
    database.close()
    expect(() => openSqsEngine({ file, endpoint: () => 'http://sqs' })).toThrow(/format 1, this release reads format 2/)
  })
})

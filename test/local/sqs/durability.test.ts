import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DeleteMessageBatchCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs'
import { afterAll, describe, expect, it } from 'vitest'
import { Sqs } from '../../conformance/sqs-queues/harness.ts'
import { createClient, startBackend } from './backend.ts'
import { DirectEngine } from './direct-engine.ts'

const FIFO = { FifoQueue: 'true' }
const SENDERS = 16
const ACKNOWLEDGED_BEFORE_KILL = 400

describe('the SQS store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'leveret-sqs-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('keeps messages, locks, delays and the deduplication window across a restart', async () => {
    const file = join(folder, 'restart.sqlite')
    let now = 1_700_000_000_000
    const open = () => new DirectEngine({ file, now: () => now })
    const ids = { MessageGroupId: 'g', MessageDeduplicationId: 'd' }

    let engine = open()
    const queue = await engine.createQueue('q', { VisibilityTimeout: '30' })
    const fifo = await engine.createQueue('q.fifo', FIFO)
    await engine.send(queue, 'in flight')
    const [held] = await engine.receive(queue)
    await engine.send(queue, 'visible')
    await engine.send(queue, 'delayed', { DelaySeconds: 60 })
    const { output: original } = await engine.send(fifo, 'first', ids)
    await engine.receive(fifo)
    engine.engine.close()

    engine = open()
    expect(await engine.counts(queue)).toEqual([1, 1, 1])
    expect((await engine.send(fifo, 'again', ids)).output.MessageId).toBe(original.MessageId)
    await engine.send(fifo, 'behind', { ...ids, MessageDeduplicationId: 'e' })
    expect(await engine.receiveBodies(fifo)).toEqual([])
    now += 29_000
    expect(await engine.receiveBodies(queue)).toEqual(['visible'])
    const input = { QueueUrl: queue, ReceiptHandle: held?.ReceiptHandle }
    expect((await engine.call('DeleteMessage', input)).status).toBe(200)
    now += 31_000
    expect((await engine.receiveBodies(queue)).toSorted()).toEqual(['delayed', 'visible'])
    expect(await engine.receiveBodies(fifo)).toEqual(['first', 'behind'])
    engine.engine.close()
  })

  it('keeps the block on a deleted name and the rest of a purge across a restart', async () => {
    const file = join(folder, 'purge.sqlite')
    let engine = new DirectEngine({ file })
    const queue = await engine.createQueue('purged')
    await engine.call('DeleteQueue', { QueueUrl: await engine.createQueue('gone') })
    await Promise.all(Array.from({ length: 1_200 }, (_, i) => engine.send(queue, `${i}`)))
    await engine.call('PurgeQueue', { QueueUrl: queue })
    engine.engine.close()
    engine = new DirectEngine({ file })
    expect(await engine.counts(queue)).toEqual([0, 0, 0])
    expect(await engine.receiveBodies(queue)).toEqual([])
    expect((await engine.call('CreateQueue', { QueueName: 'gone' })).output.__type).toMatch(/QueueDeletedRecently$/)
    expect((await engine.call('PurgeQueue', { QueueUrl: queue })).output.__type).toMatch(/PurgeQueueInProgress$/)
    // What a purge left behind is removed a little per turn of the event loop.
    for (let turn = 0; turn < 20; turn++) await engine.counts(queue)
    engine.engine.close()
    const database = new DatabaseSync(file)
    expect(database.prepare('SELECT count(*) AS left FROM messages').get()).toEqual({ left: 0 })
    expect(database.prepare('SELECT count(*) AS left FROM generations').get()).toEqual({ left: 1 })
    database.close()
  })

  it('refuses a file that is already open', () => {
    const file = join(folder, 'open.sqlite')
    const engine = new DirectEngine({ file })
    expect(() => new DirectEngine({ file })).toThrow(/locked/)
    engine.engine.close()
    new DirectEngine({ file }).engine.close()
  })

  it('loses no confirmed send and brings back no confirmed delete when the process is killed', async () => {
    const file = join(folder, 'killed.sqlite')
    const child = fork(join(import.meta.dirname, 'serve.ts'), [file])
    const [endpoint] = await once(child, 'message')
    const client = createClient(endpoint)
    const queueUrl = await new Sqs(client).createNamedQueue('q', { VisibilityTimeout: '0' })
    const sent = new Set<string>()
    const deleted = new Set<string>()
    const attempted = new Set<string>()
    const kill = () => sent.size >= ACKNOWLEDGED_BEFORE_KILL && child.kill('SIGKILL')
    await Promise.all([
      ...Array.from({ length: SENDERS }, (_, i) => untilKilled(() => sendOne(client, queueUrl, `s${i}`, sent, kill))),
      untilKilled(() => deleteSome(client, queueUrl, attempted, deleted)),
    ])
    client.destroy()

    const backend = await startBackend({ file })
    const survivors = await drain(new Sqs(backend.client), queueUrl)
    await backend.stop()
    expect([...sent].filter((body) => !survivors.has(body) && !attempted.has(body))).toEqual([])
    expect([...deleted].filter((body) => survivors.has(body))).toEqual([])
    expect(deleted.size).toBeGreaterThan(0)
    expect(sent.size).toBeGreaterThanOrEqual(ACKNOWLEDGED_BEFORE_KILL)
  }, 30_000)
})

/** Repeats a call until the server is gone. */
async function untilKilled(call: () => Promise<void>): Promise<void> {
  try {
    for (;;) await call()
  } catch (error) {
    // A killed server is a broken connection; an answer that is an error fails the test.
    if (error instanceof Error && '$fault' in error) throw error
  }
}

let bodies = 0

async function sendOne(
  client: SQSClient,
  queueUrl: string,
  prefix: string,
  sent: Set<string>,
  onSent: () => void,
): Promise<void> {
  bodies += 1
  const body = `${prefix}-${bodies}`
  await client.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }))
  sent.add(body)
  onSent()
}

async function deleteSome(
  client: SQSClient,
  queueUrl: string,
  attempted: Set<string>,
  deleted: Set<string>,
): Promise<void> {
  const messages = await new Sqs(client).receive(queueUrl, { WaitTimeSeconds: 1, MaxNumberOfMessages: 5 })
  if (messages.length === 0) return
  for (const message of messages) attempted.add(message.Body ?? '')
  const Entries = messages.map((message, i) => ({ Id: `${i}`, ReceiptHandle: message.ReceiptHandle }))
  await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries }))
  for (const message of messages) deleted.add(message.Body ?? '')
}

async function drain(sqs: Sqs, queueUrl: string): Promise<Set<string>> {
  const found = new Set<string>()
  for (;;) {
    const messages = await sqs.receive(queueUrl, { VisibilityTimeout: 600 })
    if (messages.length === 0) return found
    for (const message of messages) found.add(message.Body ?? '')
  }
}

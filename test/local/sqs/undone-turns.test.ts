import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { openSqsEngine, type SqsEngine } from '../../../lib/local/sqs/engine.ts'

const directory = mkdtempSync(join(tmpdir(), 'leveret-sqs-'))
afterAll(() => rmSync(directory, { recursive: true }))

const QueueUrl = 'http://sqs/000000000000/queue'
const open = (file: string): SqsEngine => openSqsEngine({ file, endpoint: () => 'http://sqs' })

const call = (engine: SqsEngine, name: string, input: object = {}, signal = new AbortController().signal) =>
  engine.call(name, { QueueUrl, ...input }, signal) as Promise<Record<string, Record<string, string>>>

/** A receive that fails after it has taken a message, and all that came in its turn with it. */
function failingReceive(engine: SqsEngine): Promise<unknown> {
  const { signal } = new AbortController()
  signal.addEventListener = () => {
    throw new Error('on purpose')
  }
  return call(engine, 'ReceiveMessage', {}, signal)
}

async function readyIn(engine: SqsEngine): Promise<string | undefined> {
  return (await call(engine, 'GetQueueAttributes', { AttributeNames: ['All'] })).Attributes?.ApproximateNumberOfMessages
}

const send = (engine: SqsEngine, times: number) =>
  Array.from({ length: times }, () => call(engine, 'SendMessage', { MessageBody: 'x' }))

describe('a turn that is undone', () => {
  test('leaves nothing of what was counted in it', async () => {
    const engine = open(':memory:')
    await call(engine, 'CreateQueue', { QueueName: 'queue' })
    expect(await readyIn(engine)).toBe('0')
    const outcomes = await Promise.allSettled([...send(engine, 3), failingReceive(engine)])
    expect(outcomes.every(({ status }) => status === 'rejected')).toBe(true)
    expect(await readyIn(engine)).toBe('0')
    engine.close()
  })

  test('takes no numbers with it that it had reserved: what follows has its own after a restart', async () => {
    const file = join(directory, 'numbers')
    let engine = open(file)
    await call(engine, 'CreateQueue', { QueueName: 'queue' })
    await Promise.allSettled([...send(engine, 25_000), failingReceive(engine)])
    await Promise.all(send(engine, 3_000))
    engine.close()
    engine = open(file)
    await Promise.all(send(engine, 6_000))
    expect(await readyIn(engine)).toBe('9000')
    engine.close()
  }, 60_000)
})

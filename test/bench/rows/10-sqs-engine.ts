import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openSqsEngine, type SqsEngine } from '../../../lib/local/sqs/engine.ts'
import { startChild } from '../child.ts'
import { HttpConnection } from '../http-client.ts'
import { atMost, faster, type Line } from '../line.ts'
import { peerModule } from '../peers.ts'
import type { Row } from '../row.ts'
import { interleaved, millisecondsOf } from '../samples.ts'

const ROUNDS = 7
const ROUND_MS = 1000
const CONNECTIONS = 16
const HELD = 1_000_000
const RESTARTS = 5

const BODY = JSON.stringify({ order: 4711, note: 'x'.repeat(180) })

/** The engine with every commit on disk, beside one that keeps everything in memory; both over the same raw connections. */
export const sqsEngine: Row = {
  number: 10,
  title: 'SQS engine',
  async measure(say) {
    const fauxqsModule = await peerModule('fauxqs')
    const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'))
    const [engine, fauxqs] = await Promise.all([
      startChild([fileURLToPath(new URL('../sqs-engine.ts', import.meta.url)), join(directory, 'sqs')]),
      startChild([fileURLToPath(new URL('../fauxqs.ts', import.meta.url)), fauxqsModule]),
    ])
    try {
      const lines = await compare(`http://127.0.0.1:${engine.firstLine}`, `http://127.0.0.1:${fauxqs.firstLine}`, say)
      say(`${HELD} messages`)
      return [...lines, await restart(join(directory, 'held'))]
    } finally {
      await Promise.all([engine.stop(), fauxqs.stop()])
      await rm(directory, { recursive: true, force: true })
    }
  },
}

async function compare(ours: string, theirs: string, say: (what: string) => void): Promise<Line[]> {
  const sides = { ours: await Side.open(ours), theirs: await Side.open(theirs) }
  const works = [
    { work: 'send, 1 connection', unit: 'messages/s', measure: (side: Side) => side.send(1) },
    { work: `send, ${CONNECTIONS} connections`, unit: 'messages/s', measure: (side: Side) => side.send(CONNECTIONS) },
    { work: 'send batches of 10', unit: 'messages/s', measure: (side: Side) => side.sendBatches() },
    { work: 'receive 10 and delete them', unit: 'messages/s', measure: (side: Side) => side.receive() },
  ]
  const lines: Line[] = []
  for (const { work, unit, measure } of works) {
    say(work)
    const samples = await interleaved(ROUNDS, { ours: () => measure(sides.ours), theirs: () => measure(sides.theirs) })
    lines.push(faster({ ...samples, work, unit, name: 'fauxqs' }, 1))
  }
  for (const side of Object.values(sides)) side.close()
  return lines
}

/** Connections to one server, each of which asks one thing at a time. */
class Side {
  readonly #connections: readonly HttpConnection[]
  #queueUrl = ''

  private constructor(origin: string) {
    this.#connections = Array.from({ length: CONNECTIONS }, () => new HttpConnection(origin))
  }

  static async open(origin: string): Promise<Side> {
    const side = new Side(origin)
    const [connection] = side.#connections as [HttpConnection]
    const { QueueUrl } = (await sqs(connection, 'CreateQueue', { QueueName: 'bench' })) as { QueueUrl: string }
    side.#queueUrl = QueueUrl
    return side
  }

  send(connections: number): Promise<number> {
    return this.#perSecond(connections, async (connection) => {
      await sqs(connection, 'SendMessage', { QueueUrl: this.#queueUrl, MessageBody: BODY })
      return 1
    })
  }

  sendBatches(): Promise<number> {
    const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: `${index}`, MessageBody: BODY }))
    return this.#perSecond(4, async (connection) => {
      await sqs(connection, 'SendMessageBatch', { QueueUrl: this.#queueUrl, Entries })
      return 10
    })
  }

  receive(): Promise<number> {
    return this.#perSecond(4, async (connection) => {
      const QueueUrl = this.#queueUrl
      const { Messages = [] } = (await sqs(connection, 'ReceiveMessage', { QueueUrl, MaxNumberOfMessages: 10 })) as {
        Messages?: readonly { ReceiptHandle: string }[]
      }
      if (Messages.length === 0) throw new Error('there is nothing to receive')
      const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: `${index}`, ReceiptHandle }))
      await sqs(connection, 'DeleteMessageBatch', { QueueUrl, Entries })
      return Messages.length
    })
  }

  close(): void {
    for (const connection of this.#connections) connection.close()
  }

  async #perSecond(count: number, work: (connection: HttpConnection) => Promise<number>): Promise<number> {
    let messages = 0
    const startMs = performance.now()
    const busy = this.#connections.slice(0, count).map(async (connection) => {
      while (performance.now() - startMs < ROUND_MS) {
        // In two steps: `+=` would add to what was counted before it waited, and forget what others have counted since.
        const done = await work(connection)
        messages += done
      }
    })
    await Promise.all(busy)
    return (messages * 1000) / (performance.now() - startMs)
  }
}

async function sqs(connection: HttpConnection, action: string, input: object): Promise<unknown> {
  const headers = { 'x-amz-target': `AmazonSQS.${action}`, 'content-type': 'application/x-amz-json-1.0' }
  const { status, body } = await connection.request('POST', '/', JSON.stringify(input), headers)
  if (status !== 200) throw new Error(`${action}: ${status} ${body}`)
  return JSON.parse(body)
}

/** From a file with so many messages to the first one received. */
async function restart(file: string): Promise<Line> {
  await fill(file)
  const times: number[] = []
  for (let round = 0; round < RESTARTS; round += 1) {
    let engine: SqsEngine | undefined
    times.push(
      await millisecondsOf(async () => {
        engine = open(file)
        const { Messages } = (await call(engine, 'ReceiveMessage', { QueueUrl })) as { Messages?: unknown[] }
        if (Messages?.length !== 1) throw new Error('the messages are gone')
      }),
    )
    engine?.close()
  }
  return atMost({ work: 'restart with 1,000,000 messages, to the first receive', unit: 'ms', ours: times }, 3000)
}

const QueueUrl = 'http://sqs/000000000000/held'
const open = (file: string): SqsEngine => openSqsEngine({ file, endpoint: () => 'http://sqs' })

async function fill(file: string): Promise<void> {
  const engine = open(file)
  await call(engine, 'CreateQueue', { QueueName: 'held' })
  const Entries = Array.from({ length: 10 }, (_, index) => ({ Id: `${index}`, MessageBody: BODY }))
  const AT_ONCE = 1000
  for (let sent = 0; sent < HELD; sent += 10 * AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => call(engine, 'SendMessageBatch', { QueueUrl, Entries })))
  }
  engine.close()
}

async function call(engine: SqsEngine, action: string, input: object): Promise<unknown> {
  const signal = new AbortController().signal
  const { status, body } = await engine.handle({ target: `AmazonSQS.${action}`, body: JSON.stringify(input), signal })
  if (status !== 200) throw new Error(`${action}: ${status} ${body}`)
  return JSON.parse(body)
}

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ChannelModel, connect } from 'amqplib'
import { freePort } from '../../support/free-port.ts'
import { startChild } from '../child.ts'
import { faster, type Line } from '../line.ts'
import { LEASE_MS } from '../publish-stage.ts'
import { type Row, Skipped } from '../row.ts'
import { interleaved, millisecondsOf } from '../samples.ts'

const ROUNDS = 7
const MESSAGES = 1_000
const PREFETCH = 100
const QUEUE = 'leveret-bench-amqp'
const MAIN = fileURLToPath(new URL('../../../lib/cli/main.ts', import.meta.url))
const PAYLOAD = Buffer.alloc(256, 'x')

/** The same client of the same broker, one connection: publishes that are confirmed, and deliveries that are acknowledged. */
export const amqp: Row = {
  number: 13,
  title: 'AMQP 0-9-1 with amqplib, 1 connection',
  async measure(say) {
    const url = process.env.RABBITMQ_AMQP
    if (!url) throw new Skipped('RABBITMQ_AMQP names no RabbitMQ')
    const resources = new AsyncDisposableStack()
    try {
      const theirs = await openClient(url, resources)
      return await compare(await openClient(await startLeveret(resources), resources), theirs, say)
    } finally {
      await resources.disposeAsync()
    }
  },
}

async function compare(ours: BenchClient, theirs: BenchClient, say: (progress: string) => void): Promise<Line[]> {
  const lines: Line[] = []
  const compareOne = async (work: string, perSecond: (client: BenchClient) => Promise<number>) => {
    say(work)
    const samples = await interleaved(ROUNDS, { ours: () => perSecond(ours), theirs: () => perSecond(theirs) })
    lines.push(faster({ work, unit: 'messages/s', ...samples, name: 'RabbitMQ' }))
  }
  await compareOne(`publish ${MESSAGES}, wait for all confirms`, async (client) => {
    const perSecond = await client.publish()
    await client.purge()
    return perSecond
  })
  await compareOne(`consume and ack, prefetch ${PREFETCH}`, async (client) => {
    await client.publish()
    return client.consume()
  })
  return lines
}

/** What is measured of a broker; each answers messages per second. */
interface BenchClient {
  publish(): Promise<number>
  /** Until as many have come as `publish` sends. */
  consume(): Promise<number>
  purge(): Promise<void>
}

async function openClient(url: string, resources: AsyncDisposableStack): Promise<BenchClient> {
  const connection: ChannelModel = await connect(url)
  resources.defer(() => connection.close())
  const channel = await connection.createConfirmChannel()
  await channel.assertQueue(QUEUE, { durable: true })
  await channel.prefetch(PREFETCH)
  resources.defer(() => channel.deleteQueue(QUEUE).then(() => undefined))
  return {
    publish: () =>
      perSecond(async () => {
        for (let index = 0; index < MESSAGES; index += 1) channel.sendToQueue(QUEUE, PAYLOAD, { persistent: true })
        await channel.waitForConfirms()
      }),
    consume: async () => {
      const { promise: allCame, resolve } = Promise.withResolvers<void>()
      let came = 0
      const consume = async () => {
        const { consumerTag } = await channel.consume(QUEUE, (message) => {
          if (message === null) throw new Error('the queue is gone')
          channel.ack(message)
          came += 1
          if (came === MESSAGES) resolve()
        })
        await allCame
        await channel.cancel(consumerTag)
      }
      return perSecond(consume)
    },
    purge: async () => {
      await channel.purgeQueue(QUEUE)
    },
  }
}

const perSecond = async (work: () => Promise<void>): Promise<number> => (MESSAGES * 1000) / (await millisecondsOf(work))

/** `npm start` in a process of its own; answers where it speaks AMQP. */
async function startLeveret(resources: AsyncDisposableStack): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'))
  resources.defer(() => rm(directory, { recursive: true, force: true }))
  const port = await freePort()
  const child = await startChild([MAIN, 'start', '--port', '0', '--amqp-port', `${port}`, '--data', directory], {
    LEVERET_LEASE_MS: `${LEASE_MS}`,
  })
  resources.defer(() => child.stop())
  return `amqp://guest:guest@127.0.0.1:${port}`
}

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import net from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Answer, Broker, type Call } from './broker.ts'

const run = promisify(execFile)
const rabbitmqUp = fileURLToPath(new URL('../../../../shared/rabbitmq/up', import.meta.url))
const rabbitmqDown = fileURLToPath(new URL('../../../../shared/rabbitmq/down', import.meta.url))
const leveretTesting = new URL('../../../lib/local/testing.ts', import.meta.url)
/** What reports call the reference. */
export const referenceName = 'RabbitMQ'

const guest = { name: 'guest', password: 'guest' }

/** The two brokers that must agree: the reference (a real RabbitMQ) and the subject (Leveret). */
export interface Pair {
  readonly reference: Broker
  readonly subject: Broker
  /** Where both speak AMQP; undefined where one of them is known by its management API alone. */
  readonly amqp?: { readonly reference: string; readonly subject: string }
  close(): Promise<void>
}

export interface AnswerPair {
  readonly reference: Answer
  readonly subject: Answer
}

/** A broker that runs: where `/api` begins, and how to end what was started for it. */
export interface Running {
  readonly url: string
  /** Where it speaks AMQP: `amqp://HOST:PORT`. */
  readonly amqpUrl?: string
  close(): Promise<void>
}

/**
 * Starts, or finds, both sides. The reference is `RABBITMQ_HTTP` if set, else a throw-away RabbitMQ of its own; the
 * subject is `LEVERET_HTTP` if set, else an embedded Leveret. Both must accept guest/guest. `RABBITMQ_AMQP` and
 * `LEVERET_AMQP` say where those that are set speak AMQP.
 */
export async function openPair(): Promise<Pair> {
  const subject = fromEnvironment('LEVERET') ?? (await startEmbeddedLeveret())
  const reference = await openReference().catch(async (error: unknown) => {
    await subject.close()
    throw error
  })
  return pairOf(reference, subject)
}

/** The reference alone, as in `openPair`. */
export async function openReference(): Promise<Running> {
  return fromEnvironment('RABBITMQ') ?? startRabbitmq()
}

/** A pair of two brokers that run already; closing it closes them. */
export function pairOf(reference: Running, subject: Running): Pair {
  const brokers = {
    reference: new Broker(referenceName, reference.url, guest),
    subject: new Broker('Leveret', subject.url, guest),
  }
  const amqp =
    reference.amqpUrl === undefined || subject.amqpUrl === undefined
      ? {}
      : { amqp: { reference: reference.amqpUrl, subject: subject.amqpUrl } }
  return {
    ...brokers,
    ...amqp,
    async close() {
      brokers.reference.close()
      brokers.subject.close()
      await Promise.all([reference.close(), subject.close()])
    },
  }
}

/** Sends the same call to both sides at the same time. */
export async function sendBoth(pair: Pair, call: Call): Promise<AnswerPair> {
  const [reference, subject] = await Promise.all([pair.reference.send(call), pair.subject.send(call)])
  return { reference, subject }
}

/** Runs the same work against both sides at the same time. */
export async function onBoth<T>(pair: Pair, work: (broker: Broker) => Promise<T>): Promise<[T, T]> {
  return Promise.all([work(pair.reference), work(pair.subject)])
}

function fromEnvironment(broker: 'RABBITMQ' | 'LEVERET'): Running | undefined {
  const { [`${broker}_HTTP`]: url = '', [`${broker}_AMQP`]: amqpUrl = '' } = process.env
  if (url === '') return undefined
  return { url, ...(amqpUrl === '' ? {} : { amqpUrl }), close: async () => {} }
}

async function startRabbitmq(): Promise<Running> {
  if (!existsSync(rabbitmqUp)) {
    throw new Error(
      'The differential tests need a RabbitMQ 3.10 to compare with: start one with the management, consistent-hash, ' +
        'random, sharding and recent-history plugins and set RABBITMQ_HTTP=http://HOST:PORT (user guest/guest).',
    )
  }
  const port = await findFreePorts()
  const env = {
    ...process.env,
    RABBIT_AMQP_PORT: String(port),
    RABBIT_MGMT_PORT: String(port + 10_000),
    // Queues tell their policies together with their statistics.
    RABBIT_STATS_MS: '500',
  }
  await run(rabbitmqUp, { env })
  return {
    url: `http://127.0.0.1:${port + 10_000}`,
    amqpUrl: `amqp://127.0.0.1:${port}`,
    async close() {
      await run(rabbitmqDown, { env })
    },
  }
}

/**
 * An AMQP port whose companions are free as well: the script derives the management port here and the distribution
 * and epmd ports itself, 20,000 and 30,000 above.
 */
async function findFreePorts(): Promise<number> {
  for (let port = 5700; port < 5800; port += 1) {
    const free = await Promise.all([port, port + 10_000, port + 20_000, port + 30_000].map(isFree))
    if (free.every(Boolean)) return port
  }
  throw new Error('No free ports for a RabbitMQ between 5700 and 5800; set RABBITMQ_HTTP instead.')
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer()
  try {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return true
  } catch {
    return false
  } finally {
    server.close()
  }
}

async function startEmbeddedLeveret(): Promise<Running> {
  if (!existsSync(leveretTesting)) {
    throw new Error('There is no embedded Leveret to start: set LEVERET_HTTP=http://HOST:PORT (user guest/guest).')
  }
  const module: unknown = await import(leveretTesting.href)
  if (!isStarter(module)) throw new Error('lib/local/testing.ts does not export startLeveret().')
  return module.startLeveret()
}

function isStarter(module: unknown): module is { startLeveret(): Promise<Running> } {
  return typeof module === 'object' && module !== null && 'startLeveret' in module
}

import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { readLocalEnvironment } from '../../config.ts'
import type { EmbeddedCloud } from '../../local/embedded-cloud.ts'
import type { Command, CommandInput } from '../command.ts'
import { UsageError } from '../errors.ts'
import type { Terminal } from '../terminal.ts'

/** RabbitMQ's management port. */
export const DEFAULT_PORT = 15_672
const MAX_PORT = 65_535

/** Modules that were compiled once start in half the time. Where the folder cannot be written, nothing is cached. */
const COMPILE_CACHE = new URL('../../../node_modules/.cache/leveret/', import.meta.url)

/** `npm start`: exit code 0 after a stop that was asked for, 1 where it could not start or go on. */
export const startCommand: Command = {
  name: 'start',
  summary: "Run the embedded cloud: RabbitMQ's management API and SQS on this machine, nothing else needed",
  operands: [],
  options: [
    {
      name: 'port',
      value: 'N',
      default: String(DEFAULT_PORT),
      help: 'listen on 127.0.0.1:N; 0 takes a free port',
    },
    { name: 'data', value: 'DIR', default: '.leveret', help: 'keep everything in DIR' },
  ],
  details: `Environment:
  AWS_ENDPOINT_URL   embed nothing: use DynamoDB and SQS at this address (LocalStack, for one)
  DYNOXIDE_BIN       the dynoxide program to use for DynamoDB
  LEVERET_LEASE_MS   for how long a state of the topology serves, as in a deployed broker; 0 by default`,
  run: start,
}

async function start(input: CommandInput, terminal: Terminal): Promise<number> {
  const stopRequested = stopSignal()
  const port = parsePort(input.text('port'))
  const dataDir = input.text('data')
  // Loaded only now: a mistyped option is answered at once, and what is loaded comes from the cache.
  enableCompileCache(fileURLToPath(COMPILE_CACHE))
  const { startEmbeddedCloud } = await import('../../local/embedded-cloud.ts')
  const environment = readLocalEnvironment()
  const cloud = await startEmbeddedCloud({ ...environment, port, dataDir })
  await terminal.print(greeting(cloud, environment.awsEndpointUrl))
  const failure = await Promise.race([stopRequested, cloud.failure])
  await cloud.close()
  if (failure === undefined) return 0
  terminal.tell(`${failure}\nWhat was confirmed is safe in ${cloud.dataDir}. Start again.`)
  return 1
}

function parsePort(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port <= MAX_PORT) return port
  throw new UsageError(`--port takes a number from 0 to ${MAX_PORT}, not '${text}'`)
}

/**
 * Further signals change nothing, for the stop is bounded in time: npm hands on a Ctrl-C that the terminal has already
 * sent to everybody.
 */
function stopSignal(): Promise<undefined> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve(undefined))
  })
}

function greeting({ url, dataDir }: EmbeddedCloud, awsEndpointUrl: string | undefined): string {
  const json = "-H 'content-type: application/json'"
  return `Leveret listens on ${url} (user guest, password guest).
${awsEndpointUrl === undefined ? `SQS is at the same address. Data: ${dataDir}` : `DynamoDB and SQS: ${awsEndpointUrl}. Blobs: ${dataDir}`}

Declare a queue, publish to it, get the message:
  curl -u guest:guest -X PUT ${json} -d '{"durable":true}' ${url}/api/queues/%2F/first
  curl -u guest:guest ${json} -d '{"properties":{},"routing_key":"first","payload":"hello","payload_encoding":"string"}' ${url}/api/exchanges/%2F/amq.default/publish
  curl -u guest:guest ${json} -d '{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}' ${url}/api/queues/%2F/first/get

Stop with Ctrl-C.
`
}

import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { AMQP_PORT, readLocalEnvironment } from '../../config.ts'
import type { AmqpDoorOptions } from '../../local/amqp-door.ts'
import type { EmbeddedCloud } from '../../local/embedded-cloud.ts'
import type { Command, CommandInput } from '../command.ts'
import { parsePort } from '../port.ts'
import { stopSignal } from '../stop-signal.ts'
import type { Terminal } from '../terminal.ts'

/** RabbitMQ's management port. */
export const DEFAULT_PORT = 15_672

/** Modules that were compiled once start in half the time. Where the folder cannot be written, nothing is cached. */
const COMPILE_CACHE = new URL('../../../node_modules/.cache/leveret/', import.meta.url)

/** `npm start`: exit code 0 after a stop that was asked for, 1 where it could not start or go on. */
export const startCommand: Command = {
  name: 'start',
  summary: "Run the embedded cloud: AMQP, RabbitMQ's management API and SQS on this machine, nothing else needed",
  operands: [],
  options: [
    {
      name: 'port',
      value: 'N',
      default: String(DEFAULT_PORT),
      help: 'listen on 127.0.0.1:N; 0 takes a free port',
    },
    {
      name: 'amqp-port',
      value: 'N',
      help: `speak AMQP on port N of this machine; 0 does not (default ${AMQP_PORT}, or not at all where it is taken)`,
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
  const port = parsePort('port', input.text('port'))
  const amqp = parseAmqp(input.optionalText('amqp-port'))
  const dataDir = input.text('data')
  // Loaded only now: a mistyped option is answered at once, and what is loaded comes from the cache.
  enableCompileCache(fileURLToPath(COMPILE_CACHE))
  const { startEmbeddedCloud } = await import('../../local/embedded-cloud.ts')
  const environment = readLocalEnvironment()
  const cloud = await startEmbeddedCloud({ ...environment, port, amqp, dataDir })
  await terminal.print(greeting(cloud, amqp, environment.awsEndpointUrl))
  const failure = await Promise.race([stopRequested, cloud.failure])
  await cloud.close()
  if (failure === undefined) return 0
  terminal.tell(`${failure}\nWhat was confirmed is safe in ${cloud.dataDir}. Start again.`)
  return 1
}

/** Who names a port wants that one; 0 is for none. Where nobody does, a port that is taken leaves the rest to be had. */
function parseAmqp(text: string | undefined): AmqpDoorOptions | undefined {
  if (text === undefined) return { port: AMQP_PORT, ifTaken: 'do-without' }
  const port = parsePort('amqp-port', text)
  return port === 0 ? undefined : { port, ifTaken: 'fail' }
}

function greeting(
  { url, dataDir, amqpPort }: EmbeddedCloud,
  amqp: AmqpDoorOptions | undefined,
  awsEndpointUrl: string | undefined,
): string {
  const json = "-H 'content-type: application/json'"
  return `Leveret listens on ${url} (user guest, password guest).
${amqpLine(amqpPort, amqp)}
${awsEndpointUrl === undefined ? `SQS is at the same address. Data: ${dataDir}` : `DynamoDB and SQS: ${awsEndpointUrl}. Blobs: ${dataDir}`}

Declare a queue, publish to it, get the message:
  curl -u guest:guest -X PUT ${json} -d '{"durable":true}' ${url}/api/queues/%2F/first
  curl -u guest:guest ${json} -d '{"properties":{},"routing_key":"first","payload":"hello","payload_encoding":"string"}' ${url}/api/exchanges/%2F/amq.default/publish
  curl -u guest:guest ${json} -d '{"count":1,"ackmode":"ack_requeue_false","encoding":"auto"}' ${url}/api/queues/%2F/first/get

Stop with Ctrl-C.
`
}

function amqpLine(amqpPort: number | undefined, asked: AmqpDoorOptions | undefined): string {
  if (amqpPort !== undefined) return `AMQP 0-9-1: amqp://guest:guest@localhost:${amqpPort}`
  return asked === undefined
    ? 'AMQP 0-9-1: off.'
    : `AMQP 0-9-1: off, because port ${asked.port} is taken, perhaps by RabbitMQ. --amqp-port N chooses another one.`
}

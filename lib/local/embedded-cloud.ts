import { type Config, FED_QUEUES, fedQueues, internalQueueName } from '../config.ts'
import { openSqs, type SqsApi } from '../delivery/sqs-client.ts'
import { logError } from '../log.ts'
import type { AmqpDoorOptions } from './amqp-door.ts'
import { type Backends, EXTERNAL_BACKENDS, startEmbeddedBackends } from './backends.ts'
import { type DataDirectory, openDataDirectory } from './data-directory.ts'
import type { DynoxideSearch } from './dynoxide-binary.ts'
import { startEventSource } from './event-source.ts'
import { FrontDoor } from './front-door.ts'
import type { Handlers, HandlersOptions } from './handlers.ts'
import { type HttpServer, listen } from './http-server.ts'
import { createResources } from './resources.ts'
import { openSqsEngine, type SqsEngine } from './sqs/engine.ts'
import { messageOf, StartError } from './start-error.ts'
import { startTicker } from './ticker.ts'

/** Every stack has an id in its prefix; this is the one broker of a machine, or of the endpoint that is used instead. */
const NAMES = {
  namePrefix: 'leveret-local',
  topologyTable: 'leveret-local-topology',
  messagesTable: 'leveret-local-messages',
} as const
/** Every answer here is exact and costs nothing, so nothing is leased unless asked for, awaited or shown from memory. */
const LOCAL_TIMES = { leaseMs: 0, fullPollWaitS: 0, countsCacheMs: 0, statisticsLagMs: 0 } as const
const CLOCK_INTERVAL_MS = 60_000
const DRAIN_MS = 5_000
const END_WAITS_MS = 50

const WELCOME = `Leveret: RabbitMQ's model with no servers. This is its embedded cloud, on your machine.

/api   RabbitMQ's management HTTP API (user guest, password guest)
/      SQS, for any AWS SDK that has this address as its endpoint

Documentation: README.md and docs/ of the project.
`

export interface EmbeddedCloudOptions extends DynoxideSearch {
  /** 0 takes a free port. */
  readonly port: number
  /** Made where it is missing. */
  readonly dataDir: string
  /** Where set, nothing is embedded; only blobs are kept in the data directory. */
  readonly awsEndpointUrl?: string | undefined
  /** 0 by default. With leases the broker is as fast as a deployed one, and changes of the topology take as long as there. */
  readonly leaseMs?: number | undefined
  /** By default all of them over one broker, with its first vhost and administrator. */
  readonly openHandlers?: (config: Config, options: HandlersOptions) => Promise<Handlers>
  /** Left out, AMQP is not spoken. */
  readonly amqp?: AmqpDoorOptions | undefined
}

export interface EmbeddedCloud {
  readonly url: string
  readonly port: number
  /** Where AMQP is spoken, if it is. */
  readonly amqpPort: number | undefined
  /** Absolute. */
  readonly dataDir: string
  /** Settles when it cannot go on, with the reason; `close` is still to be called. */
  readonly failure: Promise<string>
  /** Lets requests in flight finish, for five seconds at most, then ends all that was started. */
  close(): Promise<void>
}

/**
 * The deployed handlers in this process, behind one HTTP server on the loopback interface, and AMQP beside it.
 * @throws StartError where the person who started it has to do something
 */
export async function startEmbeddedCloud(options: EmbeddedCloudOptions): Promise<EmbeddedCloud> {
  const resources = new AsyncDisposableStack()
  try {
    const { server, directory, backends, amqpPort } = await start(options, resources)
    return {
      url: server.url,
      port: server.port,
      amqpPort,
      dataDir: directory.path,
      failure: backends.failure,
      close: () => resources.disposeAsync(),
    }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}

interface Closable {
  close(): Promise<void>
}

interface Started {
  readonly server: HttpServer
  readonly directory: DataDirectory
  readonly backends: Backends
  readonly amqpPort: number | undefined
}

/** What is deferred to `resources` ends in the opposite order: first what calls, then what is called. */
async function start(options: EmbeddedCloudOptions, resources: AsyncDisposableStack): Promise<Started> {
  const directory = openDataDirectory(options.dataDir)
  resources.defer(() => directory.release())
  const handlers = Promise.withResolvers<Handlers>()
  // A failed start is reported by this function; requests that wait for handlers end with their connections.
  handlers.promise.catch(() => undefined)
  // Loading the handlers takes longer than anything else, so it begins before they are needed.
  const loading = import('./handlers.ts')
  loading.catch(() => undefined)

  const isEmbedded = options.awsEndpointUrl === undefined
  let url = ''
  const sqsEngine = isEmbedded ? openEngine(directory, () => url) : undefined
  resources.defer(() => sqsEngine?.close())
  const door = new FrontDoor({ handlers: handlers.promise, sqs: sqsEngine, welcome: WELCOME })
  const server = await listen(options.port, (request, response) => door.serve(request, response))
  url = server.url
  resources.defer(() => server.close())
  // Workers' waiting receives end before the server does, which still sends their answers.
  resources.defer(() => sqsEngine?.endWaits())
  try {
    const backends = sqsEngine ? await startEmbeddedBackends(directory, options, url, sqsEngine) : EXTERNAL_BACKENDS
    resources.defer(() => backends.close())
    const config = await createConfig(directory, backends, options)
    const { openHandlers = (await loading).openHandlers } = options
    const amqp = options.amqp && { ...options.amqp, isAlone: isEmbedded }
    const opened = await openHandlers(config, { amqp, sqs: backends.sqs })
    resources.defer(() => opened.close())
    const sqs = backends.sqs ?? openSqs(backends.aws)
    resources.defer(() => sqs.close())
    const callers = startCallers(config, sqs, opened)
    resources.defer(() => finish(door, callers, sqsEngine))
    handlers.resolve(opened)
    return { server, directory, backends, amqpPort: opened.amqpPort }
  } catch (error) {
    handlers.reject(error)
    throw error
  }
}

const openEngine = (directory: DataDirectory, endpoint: () => string): SqsEngine =>
  openSqsEngine({
    file: directory.sqsFile,
    endpoint,
    onInternalError: (error) => logError('the SQS engine failed', error),
  })

async function createConfig(
  directory: DataDirectory,
  { aws }: Backends,
  { awsEndpointUrl, leaseMs = LOCAL_TIMES.leaseMs }: EmbeddedCloudOptions,
): Promise<Config> {
  try {
    const queues = await createResources({ ...NAMES, aws })
    return { ...NAMES, ...queues, ...LOCAL_TIMES, leaseMs, auth: 'basic', aws, blobs: directory.blobsUrl }
  } catch (error) {
    if (awsEndpointUrl === undefined) throw error
    throw new StartError(
      `AWS_ENDPOINT_URL is ${awsEndpointUrl}, where a table and a queue could not be made: ${messageOf(error)}\n` +
        'Is it running, and are AWS_REGION, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY set? Unset AWS_ENDPOINT_URL to embed all.',
      { cause: error },
    )
  }
}

/** What calls handlers, beside the front door: the internal queues' event sources, and the clock. */
function startCallers(config: Config, sqs: SqsApi, handlers: Handlers): Closable[] {
  const sources = fedQueues().map((queue) => {
    const name = internalQueueName(config, queue)
    return startEventSource({
      sqs,
      queueUrl: `${config.sqsQueueUrlBase}/${name}`,
      queueArn: `${config.sqsQueueArnBase}${name}`,
      handler: handlers.fed[FED_QUEUES[queue]],
    })
  })
  const clock = startTicker(CLOCK_INTERVAL_MS, handlers.clock, (error) => logError('the clock failed', error))
  return [...sources, clock]
}

/** Lets what runs finish, in bounded time. Nothing is left to wait for meanwhile: a waiting receive ends empty-handed. */
async function finish(door: FrontDoor, callers: readonly Closable[], sqsEngine: SqsEngine | undefined): Promise<void> {
  const endingWaits = setInterval(() => sqsEngine?.endWaits(), END_WAITS_MS)
  const deadline = Promise.withResolvers<void>()
  const timer = setTimeout(deadline.resolve, DRAIN_MS)
  await Promise.race([Promise.allSettled([door.drain(), ...callers.map((caller) => caller.close())]), deadline.promise])
  clearTimeout(timer)
  clearInterval(endingWaits)
}

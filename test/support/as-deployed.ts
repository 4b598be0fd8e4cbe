import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createHandler as createBootstrap } from '../../functions/bootstrap.ts'
import type { Broker } from '../../lib/broker/broker.ts'
import { openBroker } from '../../lib/broker/open-broker.ts'
import { type Config, readLocalEnvironment } from '../../lib/config.ts'
import type { Blobs } from '../../lib/journal/blobs.ts'
import { openBlobs } from '../../lib/journal/open-blobs.ts'
import { type AmqpDoor, openAmqpDoor } from '../../lib/local/amqp-door.ts'
import { startEmbeddedCloud } from '../../lib/local/embedded-cloud.ts'
import { ADMINISTRATOR, createHandlers, type Handlers, type HandlersOptions } from '../../lib/local/handlers.ts'
import type { LeveretOptions, RunningLeveret } from '../../lib/local/testing.ts'
import { recorded } from '../privileges/recorder.ts'
import { type AwsStubs, startAwsStubs } from './aws-stubs.ts'
import { withoutAmqp } from './deployed.ts'

const BUCKET = 'leveret-local-blobs'
const SECRET_ARN = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:leveret-local-administrator'

export interface AsDeployedOptions extends LeveretOptions {
  /** Where custom resources do nothing, the broker is set up by the first request. */
  readonly hasCustomResources?: boolean
  /** Between the bucket and the directory that it is kept in. */
  readonly wrapBlobs?: (blobs: Blobs) => Blobs
}

export interface LeveretAsDeployed extends RunningLeveret {
  readonly config: Config
  readonly clock: Handlers['clock']
  /** Has a new environment of a function do something. */
  coldly<Result>(functionName: string, work: (broker: Broker) => Promise<Result>): Promise<Result>
  /** What CloudFormation asks of a custom resource, the broker's own unless said otherwise; resolves with what it is answered. */
  changeStack(
    RequestType: 'Create' | 'Update' | 'Delete',
    properties?: Readonly<Record<string, string>>,
    ResourceType?: 'Custom::LeveretBootstrap' | 'Custom::LeveretDefinitions',
  ): Promise<AwsStubs['answers'][number] | undefined>
}

/**
 * The embedded cloud, with AMQP where it is given a port for it, and with what it leaves out for the sake of speed: each
 * function has a broker of its own, as it has in an environment of Lambda, and asks SQS through the SDK, blobs are in S3, and
 * a custom resource makes the administrator that a secret names. What the functions ask of AWS is recorded.
 */
export async function startAsDeployed(options: AsDeployedOptions = {}): Promise<LeveretAsDeployed> {
  const { port = 0, amqpPort, hasCustomResources = true, wrapBlobs = (blobs) => blobs } = options
  const resources = new AsyncDisposableStack()
  try {
    const dataDir = options.dataDir ?? (await temporaryDirectory(resources))
    let opened: Functions | undefined
    const { dynoxideBin, searchPath } = readLocalEnvironment()
    const openHandlers = async (config: Config, { amqp }: HandlersOptions): Promise<Handlers> => {
      opened = await openFunctions(config, wrapBlobs)
      if (hasCustomResources) await opened.changeStack('Create')
      return amqp ? withGateway(opened, amqp) : opened.handlers
    }
    const amqp = amqpPort === undefined ? undefined : ({ port: amqpPort, ifTaken: 'fail' } as const)
    const cloud = await startEmbeddedCloud({ port, amqp, dataDir, dynoxideBin, searchPath, openHandlers })
    resources.defer(() => cloud.close())
    if (opened === undefined) throw new Error('the embedded cloud opened no handlers')
    const { handlers, ...functions } = opened
    const { user: username, password } = ADMINISTRATOR
    const running = {
      url: cloud.url,
      username,
      password,
      sqsEndpoint: cloud.url,
      ...functions,
      clock: handlers.clock,
      close: () => resources.disposeAsync(),
    }
    if (cloud.amqpPort === undefined) return withoutAmqp(running)
    return { ...running, amqpUrl: `amqp://${username}:${password}@127.0.0.1:${cloud.amqpPort}` }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}

/** The gateway has a broker of its own, as each function has. */
async function withGateway({ handlers, config }: Functions, amqp: AmqpDoor): Promise<Handlers> {
  const broker = openBroker(recorded(config, 'gateway'))
  const gateway = await openAmqpDoor(broker, amqp)
  const close = async (): Promise<void> => {
    await gateway?.close()
    await broker.close()
    await handlers.close()
  }
  return { ...handlers, amqpPort: gateway?.port, close }
}

async function temporaryDirectory(resources: AsyncDisposableStack): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'leveret-'))
  resources.defer(() => rm(path, { recursive: true, force: true }))
  return path
}

type DeploymentEvent = Parameters<ReturnType<typeof createBootstrap>>[0]

interface Functions extends Pick<LeveretAsDeployed, 'config' | 'coldly' | 'changeStack'> {
  readonly handlers: Handlers
}

async function openFunctions(local: Config, wrapBlobs: (blobs: Blobs) => Blobs): Promise<Functions> {
  const { user: username, password } = ADMINISTRATOR
  const stubs = await startAwsStubs({
    blobs: wrapBlobs(openBlobs(local)),
    secret: JSON.stringify({ username, password }),
  })
  const endpoints = { ...local.aws.endpoints, s3: stubs.url, secretsmanager: stubs.url }
  const aws = { ...local.aws, endpoints }
  const config: Config = { ...local, aws, blobs: `s3://${BUCKET}`, administratorSecret: SECRET_ARN }
  const brokers: Broker[] = []
  const handlers = createHandlers((functionName) => {
    const broker = openBroker(recorded(config, functionName))
    brokers.push(broker)
    return broker
  })
  const close = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => broker.close()))
    await stubs.close()
  }
  const coldly: LeveretAsDeployed['coldly'] = async (functionName, work) => {
    const broker = openBroker(recorded(config, functionName))
    try {
      return await work(broker)
    } finally {
      await broker.close()
    }
  }
  const changeStack: LeveretAsDeployed['changeStack'] = async (
    RequestType,
    ResourceProperties = {},
    ResourceType = 'Custom::LeveretBootstrap',
  ) => {
    const ResponseURL = `${stubs.url}/cloudformation`
    const event = { RequestType, ResourceType, ResourceProperties, OldResourceProperties: {}, ResponseURL }
    await coldly('bootstrap', (broker) => createBootstrap(broker)(event as unknown as DeploymentEvent))
    return stubs.answers.at(-1)
  }
  return { config, coldly, changeStack, handlers: { ...handlers, amqpPort: undefined, close } }
}

import type { APIGatewayProxyEvent, APIGatewayProxyResult, SQSBatchResponse, SQSEvent } from 'aws-lambda'
import { createHandler as createClock } from '../../functions/clock.ts'
import { createHandler as createConsume } from '../../functions/consume.ts'
import { createHandler as createDeadLetter } from '../../functions/dead-letter.ts'
import { createHandler as createDelay } from '../../functions/delay.ts'
import { createHandler as createManage } from '../../functions/manage.ts'
import { createHandler as createPublish } from '../../functions/publish.ts'
import { createHandler as createRelay } from '../../functions/relay.ts'
import { createHandler as createSweep } from '../../functions/sweep.ts'
import { ensureBootstrapped } from '../broker/bootstrap.ts'
import type { Broker } from '../broker/broker.ts'
import { openBroker } from '../broker/open-broker.ts'
import { writeStatistics } from '../broker/write-statistics.ts'
import type { Config, FedFunction } from '../config.ts'
import type { SqsApi } from '../delivery/sqs-client.ts'
import { type AmqpDoor, openAmqpDoor } from './amqp-door.ts'

export type ApiHandler = (event: APIGatewayProxyEvent) => Promise<APIGatewayProxyResult>
export type SqsHandler = (event: SQSEvent) => Promise<SQSBatchResponse>

/** The handlers of the API, by the route that leads to each (docs/architecture.md). */
export interface ApiHandlers {
  readonly publish: ApiHandler
  readonly consume: ApiHandler
  readonly manage: ApiHandler
}

/** All that is deployed and called again and again. */
export interface Handlers extends ApiHandlers {
  /** Those that internal queues feed. */
  readonly fed: Readonly<Record<FedFunction, SqsHandler>>
  readonly clock: () => Promise<void>
  /** Where AMQP is spoken over the same broker, if it is. */
  readonly amqpPort: number | undefined
  close(): Promise<void>
}

export const ADMINISTRATOR = { user: 'guest', password: 'guest' } as const

/** What handlers are opened with beside their configuration. */
export interface HandlersOptions {
  /** Left out, AMQP is not spoken. */
  readonly amqp?: AmqpDoor | undefined
  /** SQS where it is in this process; else it is where the configuration says. */
  readonly sqs?: SqsApi | undefined
}

/**
 * The deployed handlers on a broker of this configuration, which has its first vhost and administrator afterwards, and AMQP
 * beside them where it is asked for.
 * @throws StartError where the port of AMQP cannot be had
 */
export async function openHandlers(config: Config, { amqp, sqs }: HandlersOptions = {}): Promise<Handlers> {
  const broker = openBroker(config, sqs)
  const resources = new AsyncDisposableStack()
  resources.defer(() => broker.close())
  resources.defer(() => writeStatistics(broker))
  try {
    await ensureBootstrapped(broker, ADMINISTRATOR)
    const gateway = amqp && (await openAmqpDoor(broker, amqp))
    resources.defer(() => gateway?.close())
    const announced = announcing(broker, gateway?.port)
    const handlers = createHandlers(() => announced)
    return { ...handlers, amqpPort: gateway?.port, close: () => resources.disposeAsync() }
  } catch (error) {
    await resources.disposeAsync()
    throw error
  }
}

/** The broker whose API tells where AMQP is spoken, which is known only once it is. */
export const announcing = (broker: Broker, port: number | undefined): Broker =>
  port === undefined ? broker : { ...broker, config: { ...broker.config, amqpListener: { port, tls: false } } }

/** The handlers over the broker that each function has, by the name of its file in `functions/`. */
export const createHandlers = (brokerOf: (name: string) => Broker): Omit<Handlers, 'close' | 'amqpPort'> => ({
  publish: createPublish(brokerOf('publish')),
  consume: createConsume(brokerOf('consume')),
  manage: createManage(brokerOf('manage')),
  fed: {
    relay: createRelay(brokerOf('relay')),
    'dead-letter': createDeadLetter(brokerOf('dead-letter')),
    delay: createDelay(brokerOf('delay')),
    sweep: createSweep(brokerOf('sweep')),
  },
  clock: createClock(brokerOf('clock')),
})

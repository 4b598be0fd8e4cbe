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
  close(): Promise<void>
}

export const ADMINISTRATOR = { user: 'guest', password: 'guest' } as const

/** The deployed handlers on a broker of this configuration, which has its first vhost and administrator afterwards. */
export async function openHandlers(config: Config): Promise<Handlers> {
  const broker = openBroker(config)
  try {
    await ensureBootstrapped(broker, ADMINISTRATOR)
  } catch (error) {
    await broker.close()
    throw error
  }
  const close = async (): Promise<void> => {
    await writeStatistics(broker)
    await broker.close()
  }
  return { ...createHandlers(() => broker), close }
}

/** The handlers over the broker that each function has, by the name of its file in `functions/`. */
export const createHandlers = (brokerOf: (name: string) => Broker): Omit<Handlers, 'close'> => ({
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

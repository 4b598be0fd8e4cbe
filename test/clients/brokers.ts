import { afterAll, beforeAll, describe, expect } from 'vitest'
import { startLeveret } from '../../lib/local/testing.ts'
import { unique } from '../integration/story.ts'
import { callApi } from '../support/embedded.ts'

/** A broker that clients connect to. */
export interface ClientBroker {
  /** Of a new vhost, in which nothing is declared. */
  newVhost(): Promise<string>
}

interface Running {
  readonly amqpUrl: string
  readonly httpUrl: string
  close(): Promise<void>
}

const START_DEADLINE_MS = 30_000
const { RABBITMQ_AMQP, RABBITMQ_HTTP } = process.env

/** The same tests for Leveret and, where RABBITMQ_AMQP and RABBITMQ_HTTP name one, for a real RabbitMQ. */
export function describeBrokers(tests: (broker: ClientBroker) => void): void {
  describe('Leveret', () => tests(useBroker(startEmbedded)))
  describe.skipIf(!RABBITMQ_AMQP || !RABBITMQ_HTTP)('RabbitMQ', () => tests(useBroker(findRabbitmq)))
}

function useBroker(open: () => Promise<Running>): ClientBroker {
  let running: Running
  const vhosts: string[] = []
  const call = (method: string, vhost: string) =>
    callApi({ url: running.httpUrl, username: 'guest', password: 'guest' }, method, `/api/vhosts/${vhost}`)
  beforeAll(async () => {
    running = await open()
  }, START_DEADLINE_MS)
  afterAll(async () => {
    for (const vhost of vhosts) await call('DELETE', vhost)
    await running.close()
  }, START_DEADLINE_MS)
  return {
    newVhost: async () => {
      const vhost = unique('clients')
      expect((await call('PUT', vhost)).status).toBe(201)
      vhosts.push(vhost)
      return new URL(vhost, running.amqpUrl).href
    },
  }
}

async function startEmbedded(): Promise<Running> {
  const { url, amqpUrl, close } = await startLeveret()
  return { amqpUrl, httpUrl: url, close }
}

const findRabbitmq = async (): Promise<Running> => ({
  amqpUrl: RABBITMQ_AMQP ?? '',
  httpUrl: RABBITMQ_HTTP ?? '',
  close: async () => {},
})

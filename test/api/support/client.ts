import type { APIGatewayProxyEvent } from 'aws-lambda'
import { afterAll, beforeAll } from 'vitest'
import { createHandler as createConsume } from '../../../functions/consume.ts'
import { createHandler as createManage } from '../../../functions/manage.ts'
import { createHandler as createPublish } from '../../../functions/publish.ts'
import type { Broker } from '../../../lib/broker/broker.ts'
import type { Config } from '../../../lib/config.ts'
import { toProxyEvent } from '../../../lib/local/gateway-event.ts'
import { openMemoryBroker } from './memory-broker.ts'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  readonly text: string
  /** Parsed where there is any. */
  readonly body: unknown
}

export interface Options {
  /** `name:password`; null sends no credentials. */
  readonly as?: string | null
  readonly headers?: Readonly<Record<string, string>>
  /** The IAM principal whose signature the gateway has verified. */
  readonly principal?: string
}

export interface Client {
  /** Only while tests run. */
  readonly broker: Broker
  /** `path` is what follows `/api`, with its query; a body that is no string goes as JSON. */
  call(method: string, path: string, body?: unknown, options?: Options): Promise<Answer>
}

/**
 * A broker in memory behind the handlers of the three functions, each for the requests that the gateway gives it. Settings
 * that are known only when tests run are a function, asked before it is opened.
 */
export function useApi(settings: Partial<Config> | (() => Promise<Partial<Config>>) = {}): Client {
  let opened: { broker: Broker; handle: (event: APIGatewayProxyEvent) => ReturnType<ReturnType<typeof createManage>> }
  beforeAll(async () => {
    const broker = await openMemoryBroker(typeof settings === 'function' ? await settings() : settings)
    const [publish, consume, manage] = [createPublish(broker), createConsume(broker), createManage(broker)]
    opened = { broker, handle: (event) => functionFor(event, { publish, consume, manage })(event) }
  })
  afterAll(() => opened.broker.close())
  return {
    get broker() {
      return opened.broker
    },
    call: async (method, path, body, options = {}) => {
      const result = await opened.handle(eventFor(method, path, body, options))
      const isJson = String(result.headers?.['content-type']).startsWith('application/json')
      const parsed = isJson && result.body !== '' ? JSON.parse(result.body) : undefined
      return { status: result.statusCode, headers: result.headers ?? {}, text: result.body, body: parsed }
    },
  }
}

/** As API Gateway's greedy resources choose (docs/architecture.md). */
function functionFor<Handler>(
  { httpMethod, path }: APIGatewayProxyEvent,
  handlers: { publish: Handler; consume: Handler; manage: Handler },
): Handler {
  if (httpMethod !== 'POST') return handlers.manage
  if (path.startsWith('/api/exchanges/')) return handlers.publish
  return path.startsWith('/api/queues/') ? handlers.consume : handlers.manage
}

export function eventFor(
  method: string,
  path: string,
  body: unknown,
  { as, headers, principal }: Options,
): APIGatewayProxyEvent {
  const credentials = as === undefined ? 'guest:guest' : as
  const authorization = credentials === null ? {} : { authorization: basic(credentials) }
  const event = toProxyEvent({
    method,
    target: `/api${path}`,
    rawHeaders: Object.entries({ ...authorization, ...headers }).flat(),
    body: Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)),
    sourceIp: '127.0.0.1',
    requestId: 'request',
    receivedAtMs: 0,
  })
  const { requestContext } = event
  const identity = { ...requestContext.identity, userArn: principal ?? null }
  return { ...event, requestContext: { ...requestContext, identity } }
}

export const basic = (credentials: string): string => `Basic ${Buffer.from(credentials).toString('base64')}`

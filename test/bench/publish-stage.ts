import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdtemp, rm } from 'node:fs/promises'
import type { ClientRequest } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import type { APIGatewayProxyEvent, APIGatewayProxyResult } from 'aws-lambda'
import { createHandler as createPublish } from '../../functions/publish.ts'
import { createBroker } from '../../lib/broker/open-broker.ts'
import { type Config, readLocalEnvironment } from '../../lib/config.ts'
import { openDelivery } from '../../lib/delivery/delivery.ts'
import { openSqs, type SqsApi } from '../../lib/delivery/sqs-client.ts'
import { systemClock } from '../../lib/journal/clock.ts'
import { openDynamoDbStore } from '../../lib/journal/dynamodb-store.ts'
import { openBlobs } from '../../lib/journal/open-blobs.ts'
import { startDynamoDb } from '../../lib/local/dynamodb.ts'
import { findDynoxide } from '../../lib/local/dynoxide-binary.ts'
import { toProxyEvent } from '../../lib/local/gateway-event.ts'
import { type ApiHandler, type Handlers, openHandlers } from '../../lib/local/handlers.ts'
import { createResources } from '../../lib/local/resources.ts'
import { newCounters } from '../../lib/metrics.ts'
import { startChild } from './child.ts'

export const LEASE_MS = 1000

const NAMES = {
  namePrefix: 'leveret-bench',
  topologyTable: 'leveret-bench-topology',
  messagesTable: 'leveret-bench-messages',
}
const AUTHORIZATION = `Basic ${Buffer.from('guest:guest').toString('base64')}`

/** The deployed handlers in this process, with a real DynamoDB beside and an endpoint that swallows messages. */
export interface Stage {
  readonly config: Config
  readonly handlers: Handlers
  close(): Promise<void>
}

export async function openStage({ delayMs = 0 } = {}): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'))
  const dynamoDb = await startDynamoDb({
    binary: findDynoxide(readLocalEnvironment()),
    file: join(directory, 'dynamodb'),
    pidFile: join(directory, 'dynamodb.pid'),
  })
  const program = fileURLToPath(new URL('sqs-endpoint.ts', import.meta.url))
  const sqs = await startChild([program, '--delay-ms', String(delayMs)])
  const aws = {
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    endpoints: { dynamodb: dynamoDb.endpoint, sqs: `http://127.0.0.1:${sqs.firstLine}` },
  }
  const where = await createResources({ ...NAMES, aws })
  const config: Config = {
    ...NAMES,
    ...where,
    leaseMs: LEASE_MS,
    fullPollWaitS: 1,
    countsCacheMs: 5000,
    statisticsLagMs: 65_000,
    auth: 'basic',
    blobs: pathToFileURL(`${directory}/`).href,
    aws,
  }
  const handlers = await openHandlers(config)
  return {
    config,
    handlers,
    async close() {
      await handlers.close()
      await Promise.all([sqs.stop(), dynamoDb.close()])
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The publish handler with everything but the SDK's sends, which are answered at once: what is left is Leveret's own. */
export function withoutSdk(config: Config): ApiHandler {
  const clock = systemClock
  const blobs = openBlobs(config)
  const store = openDynamoDbStore(config, newCounters())
  const sendMessageBatch: SqsApi['sendMessageBatch'] = async ({ Entries = [] }) => ({ Successful: Entries })
  const sqs = { ...openSqs(config.aws), sendMessageBatch }
  return createPublish(createBroker({ config, clock, store, blobs, delivery: openDelivery(config, blobs, clock, sqs) }))
}

/** What API Gateway hands over for a request of the administrator. */
export const eventOf = (method: string, target: string, body?: unknown): APIGatewayProxyEvent =>
  toProxyEvent({
    method,
    target,
    rawHeaders: [
      ...['Host', 'abcdefghij.execute-api.us-east-1.amazonaws.com', 'Authorization', AUTHORIZATION],
      ...['Content-Type', 'application/json', 'User-Agent', 'bench', 'Accept', '*/*', 'X-Forwarded-Proto', 'https'],
    ],
    body: body === undefined ? Buffer.alloc(0) : Buffer.from(JSON.stringify(body)),
    sourceIp: '127.0.0.1',
    requestId: '00000000-0000-0000-0000-000000000000',
    receivedAtMs: 0,
  })

/** A message as programs publish them: a topic key, some properties, a payload of 200 bytes. */
export const message = (routingKey: string) => ({
  properties: { delivery_mode: 2, content_type: 'application/json', headers: { tenant: 'acme' } },
  routing_key: routingKey,
  payload: JSON.stringify({ order: 4711, note: 'x'.repeat(180) }),
  payload_encoding: 'string',
})

/** A topic exchange `shop`, and `queues` queues that all its messages below `orders` reach. */
export async function declareShop({ handlers }: Pick<Stage, 'handlers'>, queues: number): Promise<void> {
  const call = async (method: string, path: string, body: unknown): Promise<void> => {
    accepted(await handlers.manage(eventOf(method, path, body)))
  }
  await call('PUT', '/api/exchanges/%2F/shop', { type: 'topic', durable: true })
  for (let index = 0; index < queues; index += 1) {
    await call('PUT', `/api/queues/%2F/orders-${index}`, { durable: true })
    await call('POST', `/api/bindings/%2F/e/shop/q/orders-${index}`, { routing_key: 'orders.#', arguments: {} })
  }
}

/** Throws for an answer that is not a success. */
export function accepted(result: APIGatewayProxyResult): APIGatewayProxyResult {
  if (result.statusCode >= 300) throw new Error(`${result.statusCode} ${result.body}`)
  return result
}

/** Counts what this process sends to AWS while `work` runs: requests by service, as the network sees them. */
export async function countAwsCalls(work: () => Promise<unknown>): Promise<{ sqs: number; dynamodb: number }> {
  const counts = { sqs: 0, dynamodb: 0 }
  const count = (event: unknown): void => {
    const target = String((event as { request: ClientRequest }).request.getHeader('x-amz-target'))
    if (target.startsWith('AmazonSQS')) counts.sqs += 1
    if (target.startsWith('DynamoDB')) counts.dynamodb += 1
  }
  subscribe('http.client.request.start', count)
  try {
    await work()
  } finally {
    unsubscribe('http.client.request.start', count)
  }
  return counts
}

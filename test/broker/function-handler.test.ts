import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { ClientRequest } from 'node:http'
import { afterAll, afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import type { Broker } from '../../lib/broker/broker.ts'
import { functionHandler } from '../../lib/broker/function-handler.ts'
import { openBroker } from '../../lib/broker/open-broker.ts'
import { readAhead } from '../../lib/broker/read-ahead.ts'
import { ENV } from '../../lib/config.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())

const brokers: Broker[] = []
afterEach(async () => {
  vi.unstubAllEnvs()
  for (const broker of brokers.splice(0)) await broker.close()
})

/** The environment of a function whose lease is long enough for a test. */
function stubEnvironment(): void {
  const { config } = faulty
  const variables = {
    [ENV.namePrefix]: config.namePrefix,
    [ENV.topologyTable]: config.topologyTable,
    [ENV.messagesTable]: config.messagesTable,
    [ENV.blobs]: 's3://bucket',
    [ENV.relayQueueUrl]: `${config.sqsQueueUrlBase}/${config.namePrefix}-relay`,
    [ENV.relayQueueArn]: `${config.sqsQueueArnBase}${config.namePrefix}-relay`,
    [ENV.leaseMs]: '5000',
    [ENV.auth]: 'basic',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_DYNAMODB: config.aws.endpoints?.dynamodb ?? '',
  }
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value)
}

/** What the handlers of a function do; what it answers is how often heads were read before. */
const createHandler = (broker: Broker) => {
  brokers.push(broker)
  return async (vhost: string): Promise<number> => {
    const { TopologyReads } = broker.counters
    const { journals } = broker
    const view = await journals.view(journals.arrival(), { vhost: (access) => access.vhosts.get(vhost)?.id })
    expect(view.vhost?.vhost).toBe(vhost)
    return TopologyReads
  }
}

test('on Lambda the broker is opened as the function is loaded, and what it reads ahead spares the first request', async () => {
  await faulty.broker.journals.bootstrap({ leaseMs: 5000, commitId: 'longer', initialAccessEvents: () => [] })
  stubEnvironment()
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'publish')
  const handle = functionHandler(createHandler, readAhead)
  expect(brokers).toHaveLength(1)
  expect(await handle('/')).toBe(2)
  expect(brokers[0]?.counters.TopologyReads).toBe(2)
})

test.each(['publish', 'consume'])('function %s reads ahead as it is loaded', async (name) => {
  stubEnvironment()
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', name)
  vi.resetModules()
  const sent: ClientRequest[] = []
  const note = (message: unknown) => void sent.push((message as { request: ClientRequest }).request)
  subscribe('http.client.request.start', note)
  onTestFinished(() => void unsubscribe('http.client.request.start', note))
  await import(`../../functions/${name}.ts`)
  await vi.waitFor(() => expect(sent.filter(readsHeads)).toHaveLength(2))
})

const readsHeads = (request: ClientRequest): boolean =>
  String(request.getHeader('x-amz-target')).endsWith('.BatchGetItem')

test('the clients of DynamoDB share connections', async () => {
  const broker = openBroker(faulty.config)
  brokers.push(broker)
  const sockets: unknown[] = []
  const note = (message: unknown) => void sockets.push(message)
  subscribe('net.client.socket', note)
  onTestFinished(() => void unsubscribe('net.client.socket', note))
  await broker.journals.view(broker.journals.arrival())
  await broker.delivery.items.get({ partition: 'none', sort: 'none' })
  expect(sockets).toHaveLength(1)
})

test('elsewhere the broker is opened by the first request', async () => {
  stubEnvironment()
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', undefined)
  const handle = functionHandler(createHandler)
  expect(brokers).toHaveLength(0)
  expect(await handle('/')).toBe(0)
  await handle('/')
  expect(brokers).toHaveLength(1)
})

test('a request is served although nothing could be read ahead', async () => {
  stubEnvironment()
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'publish')
  const handle = functionHandler(createHandler, () => Promise.reject(new Error('no connection')))
  expect(await handle('/')).toBe(0)
})

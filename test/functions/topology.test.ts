import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { createHandler } from '../../functions/bootstrap.ts'
import { deleteAllQueues } from '../../lib/broker/delete-all-queues.ts'
import { deployTopology } from '../../lib/broker/deployment.ts'
import { useApi } from '../api/support/client.ts'
import { catchErrorLog } from '../local/expected-errors.ts'
import { Deployer, type Deployment } from './deployer.ts'

const deployer = new Deployer()
const api = useApi(() => deployer.start())
afterAll(() => deployer.stop())
afterEach(() => vi.restoreAllMocks())

type Properties = NonNullable<Deployment['properties']>

const ARN_BASE = 'arn:aws:sqs:us-east-1:000000000000:'

interface Declared {
  readonly exchanges?: readonly string[]
  /** Each on the SQS queue `Shop-NAME`, unless it says another. */
  readonly queues?: Readonly<Record<string, string>>
  readonly bindings?: readonly (readonly [source: string, queue: string])[]
  readonly vhost?: string
  readonly users?: readonly string[]
}

/** The properties that the construct makes (test/cdk/topology.test.ts). */
function declared({ exchanges = [], queues = {}, bindings = [], vhost = '/', users = [] }: Declared): Properties {
  return {
    Topology: JSON.stringify({
      exchanges: exchanges.map((name) => ({ vhost, name, type: 'fanout', durable: true })),
      queues: Object.keys(queues).map((name) => ({ vhost, name, durable: true, type: 'classic' })),
      bindings: bindings.map(([source, destination]) => ({
        ...{ vhost, source, destination, destination_type: 'queue', routing_key: '' },
      })),
      permissions: users.map((user) => ({ user, vhost, configure: '', write: '^orders$', read: '' })),
    }),
    SqsQueues: Object.entries(queues).map(([Queue, name]) => ({ Vhost: vhost, Queue, Arn: ARN_BASE + name })),
    Users: users.map((Name) => ({ Name, SecretArn: `arn:of:${Name}`, Tags: ['management'] })),
  }
}

const deploy = (properties: Properties, former?: Properties) =>
  deployer.send(createHandler(api.broker), {
    type: former === undefined ? 'Create' : 'Update',
    properties,
    ...(former && { former }),
  })

const succeeded = { Status: 'SUCCESS', PhysicalResourceId: 'leveret' }
const refused = (reason: RegExp) => ({ Status: 'FAILED', Reason: expect.stringMatching(reason) })

/** The SQS queue of the app, as CloudFormation makes it. */
const makeSqsQueue = (name: string) => api.broker.delivery.queues.create(name)
const sqsQueueExists = async (name: string) => (await api.broker.delivery.queues.attributes(name)) !== undefined

const publish = async (exchange: string, payload: string, as = 'guest:guest') => {
  const message = { properties: {}, routing_key: '', payload, payload_encoding: 'string' }
  return (await api.call('POST', `/exchanges/%2F/${exchange}/publish`, message, { as })).body
}
const payloadsIn = async (queue: string) => {
  const options = { count: 10, ackmode: 'ack_requeue_false', encoding: 'auto' }
  const { body } = await api.call('POST', `/queues/%2F/${queue}/get`, options)
  return (body as { payload: string }[]).map(({ payload }) => payload)
}
const statusOf = async (path: string) => (await api.call('GET', path)).status

const SHOP: Declared = {
  exchanges: ['orders'],
  queues: { invoices: 'Shop-invoices' },
  bindings: [['orders', 'invoices']],
}

describe('what an app declares', () => {
  beforeAll(() => makeSqsQueue('Shop-invoices'))

  test('is in the broker when the deployment ends, with the SQS queue of the app behind the queue', async () => {
    expect(await deploy(declared(SHOP))).toMatchObject(succeeded)
    expect((await api.call('GET', '/queues/%2F/invoices')).body).toMatchObject({
      sqs_arns: [`${ARN_BASE}Shop-invoices`],
    })
    expect(await publish('orders', 'placed')).toEqual({ routed: true })
    expect(await payloadsIn('invoices')).toEqual(['placed'])
  })

  test('is declared again by clients with the same arguments, and by no other', async () => {
    const declare = (args: object) => api.call('PUT', '/queues/%2F/invoices', { durable: true, arguments: args })
    expect((await declare({})).status).toBe(204)
    expect((await declare({ 'x-message-ttl': 5 })).status).toBe(400)
  })

  test('changes nothing when it is deployed again', async () => {
    const version = async () =>
      (await api.broker.journals.view(api.broker.journals.arrival(), { confirm: true })).versions
    const before = await version()
    expect(await deploy(declared(SHOP), declared(SHOP))).toMatchObject(succeeded)
    expect(await version()).toEqual(before)
  })

  test('goes when it is taken out of the app; its SQS queue stays for CloudFormation, and what others declared stays', async () => {
    await api.call('PUT', '/exchanges/%2F/theirs', { type: 'direct', durable: true })
    await api.call('PUT', '/queues/%2F/their-queue', { durable: true })
    expect(await deploy(declared({}), declared(SHOP))).toMatchObject(succeeded)
    expect(await statusOf('/queues/%2F/invoices')).toBe(404)
    expect(await statusOf('/exchanges/%2F/orders')).toBe(404)
    expect(await sqsQueueExists('Shop-invoices')).toBe(true)
    expect(await statusOf('/exchanges/%2F/theirs')).toBe(200)
    expect(await statusOf('/queues/%2F/their-queue')).toBe(200)
  })

  test('may be in a vhost that is not there yet', async () => {
    const elsewhere = { ...SHOP, vhost: 'shop' }
    expect(await deploy(declared(elsewhere), declared({}))).toMatchObject(succeeded)
    expect(await statusOf('/queues/shop/invoices')).toBe(200)
    expect(await deploy(declared({}), declared(elsewhere))).toMatchObject(succeeded)
    expect(await statusOf('/queues/shop/invoices')).toBe(404)
    expect(await statusOf('/vhosts/shop')).toBe(200)
  })
})

describe('an adopted SQS queue', () => {
  beforeAll(async () => {
    for (const name of ['Shop-kept', 'Shop-replaced']) await makeSqsQueue(name)
    await deploy(declared({ queues: { kept: 'Shop-kept' } }))
  })

  test('stays when a client deletes the queue, and when a vhost or a broker goes', async () => {
    expect((await api.call('DELETE', '/queues/%2F/kept')).status).toBe(204)
    expect(await sqsQueueExists('Shop-kept')).toBe(true)
    await deploy(declared({ queues: { kept: 'Shop-kept' }, vhost: 'short-lived' }))
    expect((await api.call('DELETE', '/vhosts/short-lived')).status).toBe(204)
    expect(await sqsQueueExists('Shop-kept')).toBe(true)
    await deploy(declared({ queues: { kept: 'Shop-kept' } }))
    await deleteAllQueues(api.broker)
    expect(await sqsQueueExists('Shop-kept')).toBe(true)
  })

  test('keeps the attributes that the app gives it, whatever policies say', async () => {
    await makeSqsQueue('Shop-invoices')
    await deploy(declared(SHOP))
    const before = await api.broker.delivery.queues.attributes('Shop-invoices')
    const policy = {
      pattern: '^invoices$',
      'apply-to': 'queues',
      definition: { 'message-ttl': 1, 'delivery-limit': 3 },
    }
    expect((await api.call('PUT', '/policies/%2F/short', policy)).status).toBe(201)
    expect(await api.broker.delivery.queues.attributes('Shop-invoices')).toEqual(before)
    expect((await api.call('DELETE', '/policies/%2F/short')).status).toBe(204)
  })

  test('may be replaced by another, to which messages go from then on', async () => {
    const before = declared({ exchanges: ['all'], queues: { kept: 'Shop-kept' }, bindings: [['all', 'kept']] })
    const after = declared({ exchanges: ['all'], queues: { kept: 'Shop-replaced' }, bindings: [['all', 'kept']] })
    await deploy(before)
    await publish('all', 'old')
    expect(await deploy(after, before)).toMatchObject(succeeded)
    await publish('all', 'new')
    expect(await payloadsIn('kept')).toEqual(['new'])
  })
})

describe('a deployment that is refused', () => {
  test.each<[string, Properties, RegExp]>([
    [
      'its queue is there already',
      declared({ queues: { taken: 'Shop-taken' } }),
      /queue 'taken' in vhost '\/' exists with an SQS queue of its own/,
    ],
    [
      'its SQS queue is in another region',
      {
        ...declared({ queues: { far: 'x' } }),
        SqsQueues: [{ Vhost: '/', Queue: 'far', Arn: 'arn:aws:sqs:eu-west-1:1:x' }],
      },
      /arn:aws:sqs:eu-west-1:1:x is not in the account and region of the broker/,
    ],
    ['its user is there already', declared({ users: ['guest'] }), /user 'guest' exists and is not the app's/],
    [
      'it binds to what is not there',
      declared({ queues: { q: 'Shop-q' }, bindings: [['missing', 'q']] }),
      /no exchange 'missing' in vhost/,
    ],
  ])('because %s changes nothing, says why, and the next one works', async (_why, properties, reason) => {
    catchErrorLog()
    await api.call('PUT', '/queues/%2F/taken', { durable: true })
    const before = declared({ exchanges: ['steady'] })
    await deploy(before)
    const failing = { ...properties, Topology: withExchange(properties, 'steady') }
    expect(await deploy(failing, before)).toMatchObject(refused(reason))
    // CloudFormation takes it back.
    expect(await deploy(before, failing)).toMatchObject(succeeded)
    expect(await statusOf('/exchanges/%2F/steady')).toBe(200)
    expect(await statusOf('/queues/%2F/taken')).toBe(200)
    expect(await statusOf('/queues/%2F/q')).toBe(404)
    expect(await statusOf('/users/guest')).toBe(200)
  })
})

function withExchange({ Topology = '' }: Properties, name: string): string {
  const file = JSON.parse(Topology) as { exchanges: object[] }
  return JSON.stringify({ ...file, exchanges: [...file.exchanges, { vhost: '/', name, type: 'fanout' }] })
}

describe('a user of the app', () => {
  beforeAll(async () => {
    deployer.secret = JSON.stringify({ username: 'shop', password: 'made by AWS' })
    await deploy(declared({ exchanges: ['orders', 'others'], users: ['shop'] }))
  })

  test('logs in with the password of its secret, and publishes where it may', async () => {
    expect(await publish('orders', 'x', 'shop:made by AWS')).toEqual({ routed: false })
    expect(await publish('others', 'x', 'shop:made by AWS')).toMatchObject({ error: 'not_authorised' })
    expect(await publish('orders', 'x', 'shop:guessed')).toMatchObject({ error: 'not_authorized' })
  })

  test('is made though the permission to read its secret takes a while to be known', async () => {
    const { secret } = deployer
    deployer.secret = undefined
    const sleep = async () => {
      deployer.secret = secret
    }
    const patient = { ...api.broker, clock: { ...api.broker.clock, sleep } }
    await deployTopology(patient, declared({ exchanges: ['orders'], users: ['shop'] }), {})
    expect(await statusOf('/users/shop')).toBe(200)
  })

  test('goes when it is taken out of the app', async () => {
    await deploy(declared({ exchanges: ['orders'] }))
    expect(await statusOf('/users/shop')).toBe(404)
    expect(await statusOf('/users/guest')).toBe(200)
  })
})

describe('a definitions file', () => {
  let directory = ''
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'leveret-definitions-'))
  })
  afterAll(() => rm(directory, { recursive: true }))

  async function deployFile(file: unknown, more: Properties = {}) {
    await writeFile(join(directory, 'file.json'), typeof file === 'string' ? file : JSON.stringify(file))
    return deployer.send(createHandler(api.broker), {
      type: 'Create',
      resource: 'Custom::LeveretDefinitions',
      properties: { Store: `file://${directory}/`, Key: 'file.json', ...more },
    })
  }

  test('is imported, of a whole broker or of one vhost, and stays when the stack does not name it any more', async () => {
    const imported = { Status: 'SUCCESS', PhysicalResourceId: 'leveret-definitions' }
    const queue = { name: 'from-file', durable: true, auto_delete: false, arguments: {} }
    expect(await deployFile({ vhosts: [{ name: 'filed' }], queues: [{ ...queue, vhost: 'filed' }] })).toMatchObject(
      imported,
    )
    expect(await deployFile({ queues: [queue] }, { Vhost: '/' })).toMatchObject(imported)
    const deletion = { type: 'Delete', resource: 'Custom::LeveretDefinitions' } as const
    expect(await deployer.send(createHandler(api.broker), deletion)).toMatchObject(imported)
    expect(await statusOf('/queues/filed/from-file')).toBe(200)
    expect(await statusOf('/queues/%2F/from-file')).toBe(200)
    // What is imported is not the app's to take away.
    await deploy(declared({}))
    expect(await statusOf('/queues/%2F/from-file')).toBe(200)
  })

  test.each<[unknown, RegExp]>([
    ['{', /failed_to_parse_json/],
    [{ queues: [{ name: 'q', vhost: 'nowhere' }] }, /create virtual host "nowhere"/],
  ])('that is refused fails the deployment with the reason: %j', async (file, reason) => {
    catchErrorLog()
    expect(await deployFile(file)).toMatchObject(refused(reason))
  })
})

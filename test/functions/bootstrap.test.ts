import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHandler } from '../../functions/bootstrap.ts'
import type { Broker } from '../../lib/broker/broker.ts'
import { setUpOnce } from '../../lib/broker/set-up.ts'
import { openEmptyMemoryBroker } from '../api/support/memory-broker.ts'
import { catchErrorLog } from '../local/expected-errors.ts'

const ARN = 'arn:aws:secretsmanager:us-east-1:000000000000:secret:administrator'
const SECRET = JSON.stringify({ username: 'admin', password: 'from the secret' })

/** Secrets Manager, which answers every call with one secret or fails, and CloudFormation, which takes answers. */
let secret: string | undefined
let secretReads = 0
const answers: Record<string, unknown>[] = []
let server: Server
let url = ''
let broker: Broker

beforeEach(async () => {
  secret = SECRET
  secretReads = 0
  answers.length = 0
  server = createServer(async (request, response) => {
    const body = await bodyOf(request)
    if (request.method === 'PUT') answers.push(JSON.parse(body))
    else secretReads += 1
    const isRefused = request.method === 'POST' && secret === undefined
    response.writeHead(isRefused ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify(isRefused ? { __type: 'AccessDeniedException' } : { SecretString: secret }))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  broker = openEmptyMemoryBroker({
    administratorSecret: ARN,
    aws: {
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      endpoints: { secretsmanager: url },
    },
  })
})
afterEach(async () => {
  await broker.close()
  server.closeAllConnections()
  server.close()
  vi.restoreAllMocks()
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString()
}

async function send(RequestType: 'Create' | 'Update' | 'Delete', DeleteQueues = 'false') {
  await createHandler(broker)({
    RequestType,
    ServiceToken: 'arn',
    ResponseURL: `${url}/answer?signature=s`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'SetUp',
    PhysicalResourceId: 'leveret',
    ResourceType: 'Custom::LeveretBootstrap',
    ResourceProperties: { ServiceToken: 'arn', DeleteQueues },
    OldResourceProperties: {},
  } as Parameters<ReturnType<typeof createHandler>>[0])
  return answers.at(-1)
}

const access = async () => (await broker.journals.view(broker.journals.arrival())).access

describe('the custom resource', () => {
  test('makes the administrator that the secret names, with vhost / to administer', async () => {
    expect(await send('Create')).toEqual({
      Status: 'SUCCESS',
      RequestId: 'request',
      StackId: 'stack',
      LogicalResourceId: 'SetUp',
      PhysicalResourceId: 'leveret',
    })
    const { users, vhosts } = await access()
    expect([...users.keys()]).toEqual(['admin'])
    expect([...vhosts.keys()]).toEqual(['/'])
  })

  test('updated, leaves users as they are', async () => {
    await send('Create')
    secret = JSON.stringify({ username: 'another', password: 'x' })
    expect(await send('Update')).toMatchObject({ Status: 'SUCCESS' })
    expect([...(await access()).users.keys()]).toEqual(['admin'])
  })

  test.each([
    ['{}', /must hold JSON with username and password/],
    ['swordfish', /must hold JSON with username and password/],
    [undefined, /AccessDenied|Unknown/],
  ])('fails the deployment with the reason, and without the secret, where the secret is %s', async (text, reason) => {
    const errors = catchErrorLog()
    secret = text
    const answer = await send('Create')
    expect(answer).toMatchObject({ Status: 'FAILED', Reason: expect.stringMatching(reason) })
    expect(JSON.stringify([answer, errors.mock.calls])).not.toContain('swordfish')
    expect(await broker.journals.isSetUp()).toBe(false)
  })

  test('deleted before anything was set up, has nothing to do', async () => {
    expect(await send('Delete', 'true')).toMatchObject({ Status: 'SUCCESS' })
  })
})

describe('with IAM', () => {
  const ROLE = 'arn:aws:iam::123456789012:role/admins'
  const USER = 'arn:aws:iam::123456789012:user/people/ann'
  const reopen = async (administrators: readonly string[]) => {
    Object.assign(broker, { config: { ...broker.config, auth: 'iam', administrators } })
  }

  test('the administrators are the principals that are named, roles without their paths, and no secret is read', async () => {
    await reopen(['arn:aws:iam::123456789012:role/some/path/admins', USER, ROLE])
    expect(await send('Create')).toMatchObject({ Status: 'SUCCESS' })
    const { users, permission } = await access()
    expect([...users.values()].map(({ name, tags, passwordHash }) => [name, tags, passwordHash])).toEqual([
      [ROLE, ['administrator'], ''],
      [USER, ['administrator'], ''],
    ])
    for (const name of users.keys()) expect(permission.call(await access(), name, '/')).toMatchObject({ write: '.*' })
    expect(secretReads).toBe(0)
  })

  test('an update makes whom it names now an administrator, and takes nothing from anybody', async () => {
    await send('Create')
    await reopen([USER])
    expect(await send('Update')).toMatchObject({ Status: 'SUCCESS' })
    expect([...(await access()).users.keys()]).toEqual(['admin', USER])
  })

  test('a name that is no principal fails the deployment', async () => {
    const errors = catchErrorLog()
    await reopen(['admins'])
    expect(await send('Create')).toMatchObject({ Status: 'FAILED', Reason: expect.stringContaining("'admins'") })
    expect(errors).toHaveBeenCalled()
  })

  test('the first request to manage makes them where the deployment did not', async () => {
    await reopen([USER])
    await setUpOnce(broker)()
    expect([...(await access()).users.keys()]).toEqual([USER])
  })
})

describe('the first request to manage', () => {
  test('sets up a broker that nobody has set up, once', async () => {
    const ensureSetUp = setUpOnce(broker)
    await Promise.all([ensureSetUp(), ensureSetUp(), ensureSetUp()])
    await ensureSetUp()
    expect([...(await access()).users.keys()]).toEqual(['admin'])
    expect(secretReads).toBe(1)
  })

  test('reads no secret where the broker is set up', async () => {
    await send('Create')
    secretReads = 0
    await setUpOnce(broker)()
    expect(secretReads).toBe(0)
  })

  test('is served though the secret cannot be read, and the next one tries again', async () => {
    const errors = catchErrorLog()
    secret = undefined
    const ensureSetUp = setUpOnce(broker)
    await ensureSetUp()
    expect(errors).toHaveBeenCalledOnce()
    secret = SECRET
    await ensureSetUp()
    expect([...(await access()).users.keys()]).toEqual(['admin'])
  })
})

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createHandler } from '../../functions/bootstrap.ts'
import type { Broker } from '../../lib/broker/broker.ts'
import { setUpOnce } from '../../lib/broker/set-up.ts'
import { openEmptyMemoryBroker } from '../api/support/memory-broker.ts'
import { catchErrorLog } from '../local/expected-errors.ts'
import { Deployer } from './deployer.ts'

let deployer: Deployer
let broker: Broker

beforeEach(async () => {
  deployer = new Deployer()
  broker = openEmptyMemoryBroker(await deployer.start())
})
afterEach(async () => {
  await broker.close()
  deployer.stop()
  vi.restoreAllMocks()
})

const send = (type: 'Create' | 'Update' | 'Delete', DeleteQueues = 'false') =>
  deployer.send(createHandler(broker), { type, properties: { DeleteQueues } })

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
    deployer.secret = JSON.stringify({ username: 'another', password: 'x' })
    expect(await send('Update')).toMatchObject({ Status: 'SUCCESS' })
    expect([...(await access()).users.keys()]).toEqual(['admin'])
  })

  test.each([
    ['{}', /must hold JSON with username and password/],
    ['swordfish', /must hold JSON with username and password/],
    [undefined, /AccessDenied|Unknown/],
  ])('fails the deployment with the reason, and without the secret, where the secret is %s', async (text, reason) => {
    const errors = catchErrorLog()
    deployer.secret = text
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
    expect(deployer.secretReads).toBe(0)
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
    expect(deployer.secretReads).toBe(1)
  })

  test('reads no secret where the broker is set up', async () => {
    await send('Create')
    deployer.secretReads = 0
    await setUpOnce(broker)()
    expect(deployer.secretReads).toBe(0)
  })

  test('is served though the secret cannot be read, and the next one tries again', async () => {
    const errors = catchErrorLog()
    const { secret } = deployer
    deployer.secret = undefined
    const ensureSetUp = setUpOnce(broker)
    await ensureSetUp()
    expect(errors).toHaveBeenCalledOnce()
    deployer.secret = secret
    await ensureSetUp()
    expect([...(await access()).users.keys()]).toEqual(['admin'])
  })
})

import { describe, expect, test } from 'vitest'
import { hashPassword } from '../../lib/access/password.ts'
import { changeAccess } from '../../lib/broker/change.ts'
import { openSession } from '../../lib/broker/session.ts'
import type { User } from '../../lib/model/user.ts'
import { useApi } from './support/client.ts'

const client = useApi()
const CHALLENGE = 'Basic realm="RabbitMQ Management"'

/** Makes a user whose password is the name. */
async function addUser(name: string, tags: readonly string[], permission?: string): Promise<void> {
  const { broker } = client
  const session = await openSession(broker, {
    arrival: broker.journals.arrival(),
    confirm: true,
    authenticate: (access) => access.users.get('guest') as User,
  })
  const hashingAlgorithm = 'rabbit_password_hashing_sha256'
  const passwordHash = hashPassword(name, Buffer.alloc(4), hashingAlgorithm)
  await changeAccess(session, { type: 'set-user', user: { name, passwordHash, hashingAlgorithm, tags } })
  if (permission === undefined) return
  const patterns = { configure: permission, write: permission, read: permission }
  await changeAccess(session, { type: 'set-permission', permission: { user: name, vhost: '/', ...patterns } })
}

const refused = (reason: string) => ({ status: 401, body: { error: 'not_authorised', reason } })

describe('who asks', () => {
  test('without credentials gets a challenge and no body', async () => {
    const answer = await client.call('GET', '/whoami', undefined, { as: null })
    expect(answer).toMatchObject({ status: 401, text: '', headers: { 'www-authenticate': CHALLENGE } })
  })

  test('with bad credentials is told so', async () => {
    for (const as of ['guest:bad', 'nobody:guest', 'guest:']) {
      expect(await client.call('GET', '/whoami', undefined, { as })).toMatchObject({
        status: 401,
        body: { error: 'not_authorized', reason: 'Login failed' },
        headers: { 'www-authenticate': CHALLENGE },
      })
    }
  })

  test('with a header that cannot be read gets 400 and no body', async () => {
    const headers = { authorization: 'Basic !!!' }
    expect(await client.call('GET', '/whoami', undefined, { as: null, headers })).toMatchObject({
      status: 400,
      text: '',
    })
  })

  test('is shown with tags', async () => {
    expect((await client.call('GET', '/whoami')).body).toEqual({
      name: 'guest',
      tags: ['administrator'],
      is_internal_user: true,
    })
  })

  test('without a tag may use nothing', async () => {
    await addUser('untagged', [], '.*')
    for (const path of ['/whoami', '/queues/%2F', '/overview']) {
      expect(await client.call('GET', path, undefined, { as: 'untagged:untagged' })).toMatchObject(
        refused('Not management user'),
      )
    }
  })

  test('without the tag that a resource asks for is refused in its words', async () => {
    await addUser('manager', ['management'], '.*')
    const as = 'manager:manager'
    expect(await client.call('PUT', '/vhosts/zz', {}, { as })).toMatchObject(refused('Not administrator user'))
    expect(await client.call('GET', '/vhosts/%2F', undefined, { as })).toMatchObject(refused('Not administrator user'))
    expect(await client.call('GET', '/nodes', undefined, { as })).toMatchObject(refused('Not monitor user'))
    expect(await client.call('GET', '/journal/%2F', undefined, { as })).toMatchObject(refused('Not administrator user'))
  })

  test('without an entry in a vhost does not enter it', async () => {
    await client.call('PUT', '/vhosts/closed', {})
    await addUser('stranger', ['monitoring'])
    const as = 'stranger:stranger'
    const noEntry = refused('User not authorised to access virtual host')
    expect(await client.call('GET', '/queues/closed', undefined, { as })).toMatchObject(noEntry)
    expect(await client.call('GET', '/queues/closed/missing', undefined, { as })).toMatchObject(noEntry)
    expect(await client.call('POST', '/exchanges/closed/x/publish', {}, { as })).toMatchObject(noEntry)
    expect(await client.call('GET', '/queues/missing', undefined, { as })).toMatchObject({ status: 404 })
  })

  test('as an administrator without an entry in a vhost looks into it and sets policies, and touches nothing else', async () => {
    await client.call('PUT', '/vhosts/looked-into', {})
    await client.call('PUT', '/queues/looked-into/q', {})
    await addUser('onlooker', ['administrator'])
    const as = 'onlooker:onlooker'
    expect(await client.call('GET', '/queues/looked-into/q', undefined, { as })).toMatchObject({ status: 200 })
    const policy = { pattern: '', definition: { 'max-length': 1 } }
    expect(await client.call('PUT', '/policies/looked-into/p', policy, { as })).toMatchObject({ status: 201 })
    const message = { routing_key: 'q', properties: {}, payload: '', payload_encoding: 'string' }
    const taking = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    for (const [method, path, body] of [
      ['PUT', '/queues/looked-into/other', {}],
      ['DELETE', '/queues/looked-into/q', undefined],
      ['DELETE', '/queues/looked-into/q/contents', undefined],
      ['POST', '/bindings/looked-into/e/amq.topic/q/q', {}],
      ['POST', '/exchanges/looked-into/amq.default/publish', message],
      ['POST', '/exchanges/looked-into/amq.default/publish/batch', [message]],
      ['POST', '/queues/looked-into/q/get', taking],
    ] as const) {
      expect(await client.call(method, path, body, { as })).toMatchObject(refused('Access refused.'))
    }
  })

  test('sees in lists over all vhosts those that may be entered, and all their names with the tag monitoring', async () => {
    await client.call('PUT', '/vhosts/hidden', {})
    await addUser('visitor', ['management'], '.*')
    await addUser('watcher', ['monitoring'])
    const vhostsOf = async (path: string, as: string, headers = {}) => {
      const { body } = await client.call('GET', path, undefined, { as, headers })
      return new Set((body as { vhost?: string; name: string }[]).map(({ vhost, name }) => vhost ?? name))
    }
    for (const path of ['/exchanges', '/vhosts']) {
      expect(await vhostsOf(path, 'visitor:visitor')).toEqual(new Set(['/']))
      expect(await vhostsOf(path, 'guest:guest')).toContain('hidden')
    }
    expect(await vhostsOf('/vhosts', 'watcher:watcher')).toContain('hidden')
    expect(await vhostsOf('/exchanges', 'watcher:watcher')).toEqual(new Set())
    expect(await vhostsOf('/exchanges', 'guest:guest', { 'X-Vhost': 'hidden' })).toEqual(new Set(['hidden']))
    const denied = await client.call('GET', '/exchanges', undefined, {
      as: 'visitor:visitor',
      headers: { 'x-vhost': 'hidden' },
    })
    expect(denied).toMatchObject(refused('User not authorised to access virtual host'))
    expect(await client.call('GET', '/queues', undefined, { headers: { 'x-vhost': 'nope' } })).toMatchObject({
      status: 404,
    })
  })

  test('without the permission of an object is refused, and told only whether it is there', async () => {
    await addUser('limited', ['management'], '^ok')
    const as = 'limited:limited'
    expect(await client.call('PUT', '/exchanges/%2F/other', {}, { as })).toMatchObject(refused('Access refused.'))
    expect(await client.call('DELETE', '/exchanges/%2F/other', undefined, { as })).toMatchObject({ status: 404 })
    expect(await client.call('DELETE', '/exchanges/%2F/amq.topic', undefined, { as })).toMatchObject(
      refused('Access refused.'),
    )
    expect(await client.call('PUT', '/exchanges/%2F/okay', {}, { as })).toMatchObject({ status: 201 })
  })
})

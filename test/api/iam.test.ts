import { beforeAll, describe, expect, test } from 'vitest'
import { createHandler as createPublish } from '../../functions/publish.ts'
import { ensureAdministrators } from '../../lib/broker/administrators.ts'
import { useApi } from './support/client.ts'
import { publishUrlEvent } from './support/url-events.ts'

const ADMIN = 'arn:aws:iam::123456789012:role/admins'
const WORKER = 'arn:aws:iam::123456789012:role/worker'
const session = (role: string) => `${role.replace(':iam:', ':sts:').replace(':role/', ':assumed-role/')}/session`

const client = useApi({ auth: 'iam' })
const as = (role: string) => ({ as: null, principal: session(role) })
const MESSAGE = { routing_key: 'jobs', properties: {}, payload: 'x', payload_encoding: 'string' }

beforeAll(() => ensureAdministrators(client.broker, [ADMIN]))

describe('with IAM', () => {
  test('a session of a role is the user of the role', async () => {
    expect(await client.call('GET', '/whoami', undefined, as(ADMIN))).toMatchObject({
      status: 200,
      body: { name: ADMIN, tags: ['administrator'] },
    })
  })

  test('name and password let nobody in, whether or not they are right', async () => {
    for (const credentials of ['guest:guest', 'guest:bad']) {
      expect(await client.call('GET', '/whoami', undefined, { as: credentials })).toMatchObject({
        status: 401,
        text: '',
        headers: { 'www-authenticate': 'AWS4-HMAC-SHA256' },
      })
    }
  })

  test('a principal that is no user is refused, with the name of the user to make', async () => {
    expect(await client.call('GET', '/whoami', undefined, as(WORKER))).toMatchObject({
      status: 401,
      body: { error: 'not_authorized', reason: `there is no user '${WORKER}': ask an administrator to add it` },
    })
  })

  test('an administrator makes other principals users like any other, with tags and permissions', async () => {
    const name = encodeURIComponent(WORKER)
    const made = await client.call('PUT', `/users/${name}`, { tags: 'management' }, as(ADMIN))
    expect(made).toMatchObject({ status: 201 })
    const refused = await client.call('POST', '/exchanges/%2F/amq.default/publish', MESSAGE, as(WORKER))
    expect(refused).toMatchObject({ status: 401, body: { error: 'not_authorised' } })
    const permission = { configure: '', write: '.*', read: '' }
    await client.call('PUT', `/permissions/%2F/${name}`, permission, as(ADMIN))
    const answer = await client.call('POST', '/exchanges/%2F/amq.default/publish', MESSAGE, as(WORKER))
    expect(answer).toMatchObject({ status: 200, body: { routed: false } })
    expect(await client.call('PUT', '/queues/%2F/jobs', {}, as(WORKER))).toMatchObject({ status: 401 })
  })

  test('the function URL knows principals as the API does', async () => {
    const publish = createPublish(client.broker)
    const body = JSON.stringify(MESSAGE)
    const path = '/api/exchanges/%2F/amq.default/publish'
    expect(await publish(publishUrlEvent({ path, body, principal: session(ADMIN) }))).toMatchObject({ statusCode: 200 })
    expect(await publish(publishUrlEvent({ path, body, as: 'guest:guest' }))).toMatchObject({ statusCode: 401 })
  })

  test('whoever asks for life or for the description needs to be nobody', async () => {
    for (const path of ['/healthz', '/openapi.json']) {
      expect(await client.call('GET', path, undefined, { as: null })).toMatchObject({ status: 200 })
    }
  })
})

describe('without IAM', () => {
  const basic = useApi()

  test('a principal is nobody, though there is a user of its name', async () => {
    await ensureAdministrators(basic.broker, [ADMIN])
    expect(await basic.call('GET', '/whoami', undefined, as(ADMIN))).toMatchObject({ status: 401, text: '' })
  })
})

import { describe, expect, test } from 'vitest'
import { PATIENCE_MS } from '../support/deployed.ts'
import { callApi, useLeveret } from '../support/embedded.ts'
import { type Login, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const ALL = { configure: '.*', write: '.*', read: '.*' }
const LOGIN_FAILED = { status: 401, body: { error: 'not_authorized', reason: 'Login failed' } }
const CHALLENGE = 'Basic realm="RabbitMQ Management"'

const whoami = (login: Login | undefined) => leveret.call('GET', '/api/whoami', undefined, { login })
const putUser = (name: string, body: object) => story.call('PUT', `/api/users/${encodeURIComponent(name)}`, body)
const refused = (reason: string) => ({ status: 401, body: { error: 'not_authorised', reason } })

describe('logging in', () => {
  test('without credentials is answered with a challenge and no body', async () => {
    const answer = await whoami(undefined)
    expect(answer).toMatchObject({ status: 401, body: undefined })
    expect(answer.headers['www-authenticate']).toBe(CHALLENGE)
  })

  test.each(['Bearer abc', 'basic', 'Basic !!!', 'Basic Z3Vlc3Q=', 'Basic /////w=='])(
    'with the header %j fails and is no error of ours',
    async (authorization) => {
      const answer = await leveret.call('GET', '/api/whoami', undefined, {
        login: undefined,
        headers: { authorization },
      })
      expect([400, 401]).toContain(answer.status)
    },
  )

  test('fails alike for a wrong password and for a user that is not there', async () => {
    const { username } = await story.user('management')
    const wrong = await whoami({ username, password: 'wrong' })
    const unknown = await whoami({ username: unique('nobody'), password: 'wrong' })
    expect(wrong).toMatchObject(LOGIN_FAILED)
    expect(unknown).toMatchObject(LOGIN_FAILED)
    expect(wrong.headers['www-authenticate']).toBe(CHALLENGE)
  })

  // Salt 908DC60A and the password test12, hashed by RabbitMQ (contract §4.3).
  test('succeeds with the password behind a hash from RabbitMQ, which reads back unchanged', async () => {
    const username = unique('imported')
    const hash = 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR'
    expect((await putUser(username, { password_hash: hash, tags: 'management' })).status).toBe(201)
    expect(await whoami({ username, password: 'test12' })).toMatchObject({ status: 200, body: { name: username } })
    expect(await whoami({ username, password: 'test13' })).toMatchObject(LOGIN_FAILED)
    expect((await story.call('GET', `/api/users/${username}`)).body).toMatchObject({ password_hash: hash })
  })

  test.each([
    ['neither password nor hash', {}],
    ['an empty hash', { password_hash: '' }],
  ])('never succeeds for a user made with %s', async (_what, credentials) => {
    const username = unique('passwordless')
    expect((await putUser(username, { ...credentials, tags: 'administrator' })).status).toBe(201)
    for (const password of ['', ' ', username]) expect(await whoami({ username, password })).toMatchObject(LOGIN_FAILED)
  })

  test('takes any name and password that HTTP Basic can carry', async () => {
    const login = { username: unique('Jürgen @/%20'), password: 'a:b ☃ %3A' }
    expect((await putUser(login.username, { password: login.password, tags: ['management'] })).status).toBe(201)
    expect(await whoami(login)).toMatchObject({ status: 200, body: { name: login.username, tags: ['management'] } })
  })

  test('goes on for a service whose password is changed by way of a second user', async () => {
    const first = await story.user('management', ALL)
    const second = await story.user('management', ALL)
    const queue = await story.queue(unique('rotated'))
    for (const login of [first, second, first, second]) {
      expect(await story.as(login).publish('amq.default', { routing_key: queue })).toBe(true)
    }
    expect((await story.call('DELETE', `/api/users/${first.username}`)).status).toBe(204)
    expect(await whoami(first)).toMatchObject(LOGIN_FAILED)
    expect(await story.as(second).publish('amq.default', { routing_key: queue })).toBe(true)
  })

  test('counts with the new password, and no longer with the old one, from the answer on', async () => {
    const { username, password } = await story.user('management')
    expect((await whoami({ username, password })).status).toBe(200)
    expect((await putUser(username, { password: 'new', tags: 'management' })).status).toBe(204)
    expect((await whoami({ username, password })).status).toBe(401)
    expect((await whoami({ username, password: 'new' })).status).toBe(200)
    expect((await story.call('DELETE', `/api/users/${username}`)).status).toBe(204)
    expect((await whoami({ username, password: 'new' })).status).toBe(401)
  })
})

describe('a user', () => {
  test.each([
    [{ password: 'x' }, 'tags'],
    [{ password: 'x', password_hash: 'kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR', tags: '' }, 'password'],
    [{ password_hash: 's3krE7-s3t-v!a-4A$h', tags: '' }, 'not_base64'],
    [{ password: 7, tags: '' }, 'password'],
    [{ password: 'x', tags: 7 }, 'tags'],
    [{ password_hash: 'AAAA', hashing_algorithm: 'rot13', tags: '' }, 'hashing_algorithm'],
  ])('made of %j is refused with 400 that names %s, and not there', async (body, named) => {
    const name = unique('bad')
    const answer = await putUser(name, body)
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(JSON.stringify(answer.body)).toContain(named)
    expect((await story.call('GET', `/api/users/${name}`)).status).toBe(404)
  })

  test('keeps the order of its tags', async () => {
    const { username } = await story.user('policymaker, custom,management')
    const { body } = await story.call('GET', `/api/users/${username}`)
    expect(body).toMatchObject({ name: username, tags: ['policymaker', 'custom', 'management'], limits: {} })
  })

  test('that is deleted takes its permissions along, and does not get them back', async () => {
    const login = await story.user('management', ALL)
    await story.call('PUT', story.path('topic-permissions', login.username), {
      exchange: 'amq.topic',
      write: '',
      read: '',
    })
    expect((await story.call('POST', '/api/users/bulk-delete', { users: [login.username] })).status).toBe(204)
    await putUser(login.username, { password: login.password, tags: 'management' })
    for (const list of ['permissions', 'topic-permissions']) {
      expect((await story.call('GET', `/api/users/${login.username}/${list}`)).body).toEqual([])
    }
    expect((await story.call('GET', '/api/users/without-permissions')).body).toContainEqual(
      expect.objectContaining({ name: login.username }),
    )
  })
})

describe('tags', () => {
  test('none: the API is closed, whatever the permissions', async () => {
    const nobody = story.as(await story.user('', ALL))
    expect(await nobody.call('GET', '/api/whoami')).toMatchObject(refused('Not management user'))
    expect(await nobody.call('GET', nobody.path('queues'))).toMatchObject(refused('Not management user'))
  })

  test.each([
    ['GET', '/api/users', undefined, 'Not administrator user'],
    ['PUT', '/api/users/other', { tags: '' }, 'Not administrator user'],
    ['PUT', '/api/vhosts/other', {}, 'Not administrator user'],
    ['GET', '/api/definitions', undefined, 'Not administrator user'],
    ['POST', '/api/definitions', {}, 'Not administrator user'],
    ['GET', '/api/permissions', undefined, 'Not administrator user'],
    ['GET', '/api/journal/%2F', undefined, 'Not administrator user'],
    ['GET', '/api/nodes', undefined, 'Not monitor user'],
    [
      'PUT',
      '/api/policies/%2F/mine',
      { pattern: '.', definition: { 'max-length': 1 } },
      'User not authorised to access object',
    ],
  ])('management only: %s %s is refused', async (method, path, body, reason) => {
    const manager = story.as(await story.user('management', ALL))
    expect(await manager.call(method, path, body)).toMatchObject(refused(reason))
    expect((await manager.call('GET', '/api/overview')).status).toBe(200)
  })

  test('policymaker: policies, where there is a permission for the vhost', async () => {
    const inVhost = await story.inVhost(unique('policies'))
    const login = await inVhost.user('policymaker')
    const policy = { pattern: '.', definition: { 'max-length': 1 } }
    const path = inVhost.path('policies', 'mine')
    expect(await inVhost.as(login).call('PUT', path, policy)).toMatchObject({ status: 401 })
    await inVhost.permit(login.username, { configure: '', write: '', read: '' })
    expect(await inVhost.as(login).call('PUT', path, policy)).toMatchObject({ status: 201 })
  })

  test('administrator: everything outside vhosts, and a look into each; what is in one needs a permission there', async () => {
    const inVhost = await story.inVhost(unique('closed'))
    await inVhost.queue('queue')
    const administrator = inVhost.as(await story.user('administrator'))
    expect((await administrator.call('GET', '/api/users')).status).toBe(200)
    expect((await administrator.call('GET', inVhost.path('queues'))).body).toHaveLength(1)
    const message = { properties: {}, routing_key: 'queue', payload: 'x', payload_encoding: 'string' }
    const attempts: [string, string, object?][] = [
      ['PUT', inVhost.path('queues', 'mine'), {}],
      ['DELETE', inVhost.path('queues', 'queue')],
      ['POST', `${inVhost.path('exchanges', 'amq.default')}/publish`, message],
    ]
    for (const [method, path, body] of attempts) {
      expect(await administrator.call(method, path, body), path).toMatchObject(refused('Access refused.'))
    }
  })
})

describe('permissions', () => {
  test('of a user for ^ok open what begins so, and nothing else', async () => {
    const inVhost = await story.inVhost(unique('limited'))
    const limited = inVhost.as(await inVhost.user('management', { configure: '^ok', write: '^ok', read: '^ok' }))
    for (const name of ['no-queue', 'not-ok']) await inVhost.queue(name)
    await inVhost.exchange('no-exchange', 'topic')
    await limited.queue('ok-queue')
    await limited.exchange('ok-exchange', 'topic')
    await limited.bind('ok-exchange', 'ok-queue', '#')
    expect(await limited.publish('ok-exchange', { routing_key: 'k' })).toBe(true)
    expect(await limited.get('ok-queue')).toHaveLength(1)
    const getBody = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const message = { properties: {}, routing_key: 'ok-queue', payload: 'x', payload_encoding: 'string' }
    const attempts: [string, string, object?][] = [
      ['PUT', limited.path('queues', 'mine'), {}],
      ['PUT', limited.path('queues', 'ok-dlx'), { arguments: { 'x-dead-letter-exchange': 'no-exchange' } }],
      ['PUT', limited.path('exchanges', 'mine'), { type: 'fanout' }],
      [
        'PUT',
        limited.path('exchanges', 'ok-ae'),
        { type: 'fanout', arguments: { 'alternate-exchange': 'no-exchange' } },
      ],
      ['DELETE', limited.path('queues', 'not-ok')],
      ['DELETE', limited.path('exchanges', 'no-exchange')],
      ['DELETE', `${limited.path('queues', 'not-ok')}/contents`],
      ['POST', limited.bindingPath('ok-exchange', 'q', 'not-ok'), {}],
      ['POST', limited.bindingPath('no-exchange', 'q', 'ok-queue'), {}],
      ['POST', `${limited.path('exchanges', 'no-exchange')}/publish`, message],
      ['POST', `${limited.path('exchanges', 'amq.default')}/publish`, message],
      ['POST', `${limited.path('queues', 'not-ok')}/get`, getBody],
    ]
    const before = (await story.call('GET', `/api/definitions/${inVhost.vhost}`)).body
    for (const [method, path, body] of attempts) {
      const answer = await limited.call(method, path, body)
      expect(answer, `${method} ${path}`).toMatchObject({ status: 401, body: { error: 'not_authorised' } })
    }
    expect((await story.call('GET', `/api/definitions/${inVhost.vhost}`)).body).toEqual(before)
    const names = ((await limited.call('GET', '/api/queues')).body as { name: string; vhost: string }[]).map(
      ({ vhost, name }) => `${vhost} ${name}`,
    )
    expect(names.sort()).toEqual(['no-queue', 'not-ok', 'ok-queue'].map((name) => `${inVhost.vhost} ${name}`))
  })

  test('count as soon as they are given, changed and taken away', async () => {
    const inVhost = await story.inVhost(unique('revoked'))
    const login = await inVhost.user('management')
    const user = inVhost.as(login)
    await inVhost.queue('queue')
    const message = { properties: {}, routing_key: 'queue', payload: 'x', payload_encoding: 'string' }
    const publish = () => user.call('POST', `${inVhost.path('exchanges', 'amq.default')}/publish`, message)
    for (let round = 0; round < 10; round += 1) {
      expect((await publish()).status).toBe(401)
      expect((await inVhost.permit(login.username, ALL)).status).toBe(201)
      expect((await publish()).status).toBe(200)
      expect((await inVhost.permit(login.username, { ...ALL, write: '^other' })).status).toBe(204)
      expect((await publish()).status).toBe(401)
      expect((await story.call('DELETE', inVhost.path('permissions', login.username))).status).toBe(204)
    }
    expect(await inVhost.get('queue')).toHaveLength(10)
  })

  test.each([
    [{ configure: '(', write: '', read: '' }, '('],
    [{ configure: '', write: '' }, 'read'],
    [{ configure: '', write: '', read: 7 }, 'read'],
    [{ configure: '', write: '', read: '(?=ahead)' }, '(?='],
  ])('%j are refused with 400 that names %j', async (permissions, named) => {
    const { username } = await story.user('management')
    const answer = await story.call('PUT', story.path('permissions', username), permissions)
    expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
    expect(JSON.stringify(answer.body)).toContain(named)
    expect((await story.call('GET', story.path('permissions', username))).status).toBe(404)
  })

  test('need a user and a vhost', async () => {
    const { username } = await story.user('management')
    for (const path of ['/api/permissions/%2F/nobody', `/api/permissions/nowhere/${username}`]) {
      expect(await story.call('PUT', path, ALL)).toMatchObject({
        status: 400,
        body: { reason: 'vhost_or_user_not_found' },
      })
    }
  })

  test('with a catastrophic pattern answer as fast as any', async () => {
    const inVhost = await story.inVhost(unique('slow'))
    const login = await inVhost.user('management', { configure: '^(a+)+$', write: '(x|x)*y', read: '(.*)*$' })
    const startedMs = performance.now()
    const answer = await inVhost.as(login).call('PUT', inVhost.path('queues', `${'a'.repeat(200)}!`), {})
    expect(answer.status).toBe(401)
    expect(performance.now() - startedMs).toBeLessThan(PATIENCE_MS / 10)
  })
})

describe('topic permissions', () => {
  test('narrow what may be published and bound, by the keys and the name of the user', async () => {
    const inVhost = await story.inVhost(unique('topic'))
    const login = await inVhost.user('management', ALL)
    const user = inVhost.as(login)
    const path = inVhost.path('topic-permissions', login.username)
    const permission = { exchange: 'amq.topic', write: '^{username}\\.', read: '^(orders|{username})\\.' }
    await inVhost.queue('queue')
    expect((await story.call('PUT', path, permission)).status).toBe(201)
    expect(await story.call('GET', path)).toMatchObject({
      status: 200,
      body: [{ user: login.username, ...permission }],
    })

    const publish = (exchange: string, key: string) =>
      user.call('POST', `${user.path('exchanges', exchange)}/publish`, {
        properties: {},
        routing_key: key,
        payload: 'x',
        payload_encoding: 'string',
      })
    const bind = (key: string) => user.call('POST', user.bindingPath('amq.topic', 'q', 'queue'), { routing_key: key })
    expect((await bind('orders.#')).status).toBe(201)
    expect(await bind('payments.#')).toMatchObject({ status: 401, body: { error: 'not_authorised' } })
    expect((await publish('amq.topic', `${login.username}.created`)).status).toBe(200)
    expect(await publish('amq.topic', 'orders.created')).toMatchObject({
      status: 401,
      body: { error: 'not_authorised' },
    })
    expect((await publish('amq.direct', 'orders.created')).status).toBe(200)

    expect((await story.call('DELETE', `${path}/amq.topic`)).status).toBe(204)
    expect((await story.call('GET', path)).status).toBe(404)
    expect((await publish('amq.topic', 'orders.created')).status).toBe(200)
    expect((await bind('payments.#')).status).toBe(201)
  })
})

test('the property user_id is the name of who publishes, unless that is an impersonator', async () => {
  const queue = await story.queue(unique('user-id'))
  const [plain, impersonator] = [await story.user('management', ALL), await story.user('management,impersonator', ALL)]
  const publish = (login: Login, userId: string) =>
    story.as(login).call('POST', `${story.path('exchanges', 'amq.default')}/publish`, {
      properties: { user_id: userId },
      routing_key: queue,
      payload: 'x',
      payload_encoding: 'string',
    })
  expect((await publish(plain, plain.username)).status).toBe(200)
  expect(await publish(plain, 'somebody')).toMatchObject({ status: 400, body: { error: 'bad_request' } })
  expect((await publish(impersonator, 'somebody')).status).toBe(200)
  const ids = (await story.get(queue)).map(({ properties }) => properties.user_id)
  expect(ids.sort()).toEqual([plain.username, 'somebody'].sort())
})

test('a request that is not for this machine is refused before anybody is asked who they are', async () => {
  const answer = await callApi(leveret.running, 'GET', '/api/overview', undefined, {
    headers: { host: 'evil.example' },
  })
  expect(answer).toMatchObject({ status: 400, body: { error: 'bad_request' } })
})

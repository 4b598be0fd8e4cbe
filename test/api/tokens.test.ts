import { generateKeyPairSync, sign } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHandler } from '../../functions/manage.ts'
import { openKeySource, PublishedKeys } from '../../lib/api/published-keys.ts'
import type { Broker } from '../../lib/broker/broker.ts'
import { eventFor } from './support/client.ts'
import { openMemoryBroker } from './support/memory-broker.ts'

const JWT = { issuer: 'https://issuer', audience: 'rabbitmq', jwksUri: 'https://issuer/keys' }
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const KEYS = { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k' }] }

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenWith(scope: string): string {
  const claims = { iss: JWT.issuer, aud: JWT.audience, sub: 'guest', exp: Date.now() / 1000 + 60, scope }
  const signed = `${encode({ alg: 'ES256', kid: 'k' })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

const answering = (answers: readonly (() => Response)[]) => {
  let calls = 0
  const fetcher = (async () => {
    calls += 1
    const answer = answers[Math.min(calls, answers.length) - 1]
    if (!answer) throw new Error('nothing to answer')
    return answer()
  }) as typeof fetch
  return { fetcher, calls: () => calls }
}

describe('a bearer token', () => {
  let broker: Broker
  const realFetch = globalThis.fetch

  beforeAll(async () => {
    globalThis.fetch = (async () => Response.json(KEYS)) as typeof fetch
    broker = await openMemoryBroker({ jwt: JWT })
  })
  afterAll(async () => {
    globalThis.fetch = realFetch
    await broker.close()
  })

  async function call(method: string, path: string, scope: string, body?: object) {
    const event = eventFor(method, path, body, { as: null, headers: { authorization: `Bearer ${tokenWith(scope)}` } })
    const result = await createHandler(broker)(event)
    return { status: result.statusCode, body: result.body === '' ? undefined : JSON.parse(result.body) }
  }

  test('has the tags and the rights of its scopes, and none of the user of its name', async () => {
    expect((await call('GET', '/whoami', 'rabbitmq.tag:management')).body).toMatchObject({
      name: 'guest',
      tags: ['management'],
    })
    expect(await call('GET', '/whoami', '')).toMatchObject({ status: 401 })
    expect(await call('GET', '/queues/%2F', 'rabbitmq.tag:management')).toMatchObject({ status: 401 })
    const declaring = 'rabbitmq.tag:management rabbitmq.configure:%2F/mine-*'
    expect(await call('PUT', '/queues/%2F/mine-1', declaring, { durable: true })).toMatchObject({ status: 201 })
    expect(await call('PUT', '/queues/%2F/other', declaring, { durable: true })).toMatchObject({ status: 401 })
    expect((await call('GET', '/queues', declaring)).body).toMatchObject([{ name: 'mine-1' }])
    expect(await call('GET', '/users', declaring)).toMatchObject({ status: 401 })
    expect(await call('GET', '/users', 'rabbitmq.tag:administrator')).toMatchObject({ status: 200 })
  })

  test('that is none is a failed login; names and passwords go on', async () => {
    const handle = createHandler(broker)
    const headers = { authorization: 'Bearer a.b.c' }
    expect(await handle(eventFor('GET', '/whoami', undefined, { as: null, headers }))).toMatchObject({
      statusCode: 401,
    })
    expect(await handle(eventFor('GET', '/whoami', undefined, {}))).toMatchObject({ statusCode: 200 })
  })
})

describe('an issuer’s keys', () => {
  let nowMs = 0
  const clock = { monotonicMs: () => nowMs }
  const MINUTE_MS = 60_000

  test('are read once, and again after ten minutes or for an unknown key, at most twice a minute', async () => {
    nowMs = 0
    const issuer = answering([() => Response.json(KEYS)])
    const keys = new PublishedKeys(JWT.jwksUri, clock, issuer.fetcher)
    expect(await Promise.all([keys.keysFor('k'), keys.keysFor('k')])).toEqual([KEYS.keys, KEYS.keys])
    await keys.keysFor('unknown')
    expect(issuer.calls()).toBe(1)
    nowMs = 30_000
    await keys.keysFor('unknown')
    await keys.keysFor('unknown')
    await keys.keysFor('k')
    expect(issuer.calls()).toBe(2)
    nowMs += 10 * MINUTE_MS
    await keys.keysFor('k')
    expect(issuer.calls()).toBe(3)
  })

  test('are those of the configuration where it has them', async () => {
    const { issuer, audience } = JWT
    const source = openKeySource({ issuer, audience, jwks: JSON.stringify(KEYS) }, clock)
    expect(await source.keysFor('unknown')).toEqual(KEYS.keys)
    expect(() => openKeySource({ issuer, audience, jwks: '{}' }, clock)).toThrow(/array of keys/)
  })

  test('stay in use for a day where the issuer fails, in whatever way', async () => {
    nowMs = 0
    const failures = [
      () => new Response('', { status: 500 }),
      () => new Response('{'),
      () => Response.json({}),
      () => new Response(' '.repeat(300_000)),
    ]
    const issuer = answering([() => Response.json(KEYS), ...failures])
    const keys = new PublishedKeys(JWT.jwksUri, clock, issuer.fetcher)
    for (let reading = 0; reading < 5; reading += 1) {
      expect(await keys.keysFor('k')).toEqual(KEYS.keys)
      nowMs += 11 * MINUTE_MS
    }
    nowMs += 24 * 60 * MINUTE_MS
    await expect(keys.keysFor('k')).rejects.toMatchObject({ kind: 'unavailable' })
    expect(issuer.calls()).toBe(6)
  })
})

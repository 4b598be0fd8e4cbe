import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ensureBootstrapped } from '../../lib/broker/bootstrap.ts'
import { openBroker } from '../../lib/broker/open-broker.ts'
import { type Config, readLocalEnvironment } from '../../lib/config.ts'
import { type EmbeddedCloud, startEmbeddedCloud } from '../../lib/local/embedded-cloud.ts'
import { ADMINISTRATOR, createHandlers, type Handlers } from '../../lib/local/handlers.ts'
import { type ApiAnswer, callApi } from '../support/embedded.ts'

const AUDIENCE = 'rabbitmq'
const MINUTE_MS = 60_000

interface SigningKey {
  readonly kid: string
  readonly privateKey: KeyObject
  readonly published: object
}

function newKey(kid: string): SigningKey {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return { kid, privateKey, published: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } }
}

/** An issuer of tokens that publishes its keys where a broker on this machine reads them. */
async function startIssuer() {
  const issuer = { keys: [newKey('first')], reads: 0 }
  const server: Server = createServer((_request, response) => {
    issuer.reads += 1
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ keys: issuer.keys.map(({ published }) => published) }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return Object.assign(issuer, { url, close: () => server.close() })
}

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

function tokenOf(issuer: string, { kid, privateKey }: SigningKey, scope: string): string {
  const claims = { iss: issuer, aud: AUDIENCE, sub: 'service', exp: Date.now() / 1000 + 3600, scope }
  const signed = `${encode({ alg: 'ES256', kid })}.${encode(claims)}`
  const signature = sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${signed}.${signature.toString('base64url')}`
}

const dataDir = mkdtempSync(join(tmpdir(), 'leveret-tokens-'))
let issuer: Awaited<ReturnType<typeof startIssuer>>
let cloud: EmbeddedCloud
/** How far the broker's monotonic clock is ahead: keys are read again after a while. */
let aheadMs = 0

beforeAll(async () => {
  issuer = await startIssuer()
  const openHandlers = async (config: Config): Promise<Handlers> => {
    const jwt = { issuer: issuer.url, audience: AUDIENCE, jwksUri: `${issuer.url}/keys` }
    const opened = openBroker({ ...config, jwt })
    const clock = { ...opened.clock, monotonicMs: () => opened.clock.monotonicMs() + aheadMs }
    const broker = { ...opened, clock }
    await ensureBootstrapped(broker, ADMINISTRATOR)
    return { ...createHandlers(() => broker), amqpPort: undefined, close: () => broker.close() }
  }
  const { dynoxideBin, searchPath } = readLocalEnvironment()
  cloud = await startEmbeddedCloud({ port: 0, dataDir, dynoxideBin, searchPath, openHandlers })
}, 30_000)
afterAll(async () => {
  await cloud.close()
  issuer.close()
  rmSync(dataDir, { recursive: true, force: true })
})

const login = { username: ADMINISTRATOR.user, password: ADMINISTRATOR.password }

function call(method: string, path: string, authorization: string, body?: object): Promise<ApiAnswer> {
  const options = { login: undefined, headers: { authorization } }
  return callApi({ url: cloud.url, ...login }, method, `/api${path}`, body, options)
}

const SCOPES = [
  'tag:management',
  'configure:%2F/orders-*',
  'write:%2F/orders-*',
  'write:%2F/amq.default',
  'read:%2F/orders-*',
]
const SCOPE = SCOPES.map((scope) => `${AUDIENCE}.${scope}`).join(' ')
const bearer = (key: SigningKey | undefined, scope = SCOPE) => `Bearer ${tokenOf(issuer.url, key as SigningKey, scope)}`

describe('A broker that takes tokens of an issuer', () => {
  test('lets them declare, publish and get what their scopes name, and nothing else', async () => {
    const token = bearer(issuer.keys[0])
    expect(await call('PUT', '/queues/%2F/orders-1', token, { durable: true })).toMatchObject({ status: 201 })
    const message = { routing_key: 'orders-1', properties: {}, payload: 'x', payload_encoding: 'string' }
    expect(await call('POST', '/exchanges/%2F//publish', token, message)).toMatchObject({ body: { routed: true } })
    const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
    expect(await call('POST', '/queues/%2F/orders-1/get', token, get)).toMatchObject({ body: [{ payload: 'x' }] })
    expect(await call('PUT', '/queues/%2F/others', token, { durable: true })).toMatchObject({ status: 401 })
    expect(await call('GET', '/users', token)).toMatchObject({ status: 401 })
    expect(await call('GET', '/whoami', bearer(issuer.keys[0], ''))).toMatchObject({ status: 401 })
    expect(await call('GET', '/whoami', bearer(newKey('first')))).toMatchObject({ status: 401 })
  })

  test('takes one in place of a password, from clients that know names and passwords only', async () => {
    const token = tokenOf(issuer.url, issuer.keys[0] as SigningKey, SCOPE)
    const basic = (password: string) => `Basic ${Buffer.from(`whoever:${password}`).toString('base64')}`
    expect(await call('GET', '/whoami', basic(token))).toMatchObject({ status: 200, body: { name: 'service' } })
    expect(await call('GET', '/whoami', basic(`${token}x`))).toMatchObject({ status: 401 })
    expect(await callApi({ url: cloud.url, ...login }, 'GET', '/api/whoami')).toMatchObject({ body: { name: 'guest' } })
  })

  test('follows its keys with no downtime, and does not ask for them with each token', async () => {
    const [first] = issuer.keys
    expect(await call('GET', '/whoami', bearer(first))).toMatchObject({ status: 200 })
    const second = newKey('second')
    issuer.keys = [...issuer.keys, second]
    aheadMs += MINUTE_MS
    const before = issuer.reads
    expect(await call('GET', '/whoami', bearer(second))).toMatchObject({ status: 200 })
    expect(await call('GET', '/whoami', bearer(first))).toMatchObject({ status: 200 })
    for (let guess = 0; guess < 5; guess += 1) {
      expect(await call('GET', '/whoami', bearer(newKey(`guess-${guess}`)))).toMatchObject({ status: 401 })
    }
    // One function served all of it.
    expect(issuer.reads).toBe(before + 1)
    issuer.keys = [second]
    aheadMs += 11 * MINUTE_MS
    expect(await call('GET', '/whoami', bearer(second))).toMatchObject({ status: 200 })
    expect(await call('GET', '/whoami', bearer(first))).toMatchObject({ status: 401 })
  })
})

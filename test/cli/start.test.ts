import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { AMQP_PORT } from '../../lib/config.ts'
import { type Spawned, spawnNode } from '../local/spawned.ts'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import { callApi } from '../support/embedded.ts'
import { freePort } from '../support/free-port.ts'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
const PREFLIGHT = fileURLToPath(new URL('../../lib/local/preflight.js', import.meta.url))

/** Without AMQP, whose usual port belongs to whoever else is tested on this machine. */
const run = (args: readonly string[], env?: Record<string, string>): Spawned =>
  spawnNode([MAIN, 'start', '--amqp-port', '0', ...args], env)

/** A port that somebody listens on until the test ends. */
async function takenPort(): Promise<number> {
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  return (other.address() as AddressInfo).port
}

interface Running {
  readonly process: Spawned
  readonly leveret: { readonly url: string; readonly username: string; readonly password: string }
}

async function start(dataDir: string): Promise<Running> {
  const process = run(['--port', '0', '--data', dataDir])
  const [, url = ''] = await process.seen(/listens on (http:\S+)/)
  return { process, leveret: { url, username: 'guest', password: 'guest' } }
}

const publishHello = ({ leveret }: Running, routingKey: string) =>
  callApi(leveret, 'POST', '/api/exchanges/%2F/amq.default/publish', {
    properties: {},
    routing_key: routingKey,
    payload: 'hello',
    payload_encoding: 'string',
  })

const getOne = ({ leveret }: Running, queue: string) =>
  callApi(leveret, 'POST', `/api/queues/%2F/${queue}/get`, { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' })

describe('leveret start', { timeout: 60_000 }, () => {
  it('prints how it is used and ends with code 0', async () => {
    const process = run(['--help'])
    expect(await process.ended).toBe(0)
    expect(process.output()).toMatch(/--port N.*--data DIR.*AWS_ENDPOINT_URL/s)
  })

  it('names an option that it does not know, and ends with code 2', async () => {
    const process = run(['--prot', '1'])
    expect(await process.ended).toBe(2)
    expect(process.output()).toMatch(/--prot.*--help/s)
  })

  it('names a port that is taken, and ends with code 1', async () => {
    const port = await takenPort()
    const process = run(['--port', String(port), '--data', temporaryDirectory()])
    expect(await process.ended).toBe(1)
    expect(process.output()).toMatch(new RegExp(`^port ${port} is taken.*--port`))
    expect(process.output()).not.toMatch(/ at /)
  })

  it('names a port of AMQP that is taken, if it was asked for, and ends with code 1', async () => {
    const port = await takenPort()
    const process = run(['--port', '0', '--amqp-port', String(port), '--data', temporaryDirectory()])
    expect(await process.ended).toBe(1)
    expect(process.output()).toMatch(new RegExp(`^port ${port} is taken.*--amqp-port`))
  })

  it('does without AMQP where nobody asked for its port and somebody has it', async () => {
    const other = createServer().listen(AMQP_PORT, '127.0.0.1')
    onTestFinished(() => void other.close())
    // Whoever has it already will do as well.
    await Promise.race([once(other, 'listening'), once(other, 'error')]).catch(() => undefined)
    const process = spawnNode([MAIN, 'start', '--port', '0', '--data', temporaryDirectory()])
    await process.seen(/AMQP 0-9-1: off, because port 5672 is taken.*--amqp-port/)
    const [, url = ''] = await process.seen(/listens on (http:\S+)/)
    const leveret = { url, username: 'guest', password: 'guest' }
    expect(await callApi(leveret, 'GET', '/api/overview')).toMatchObject({
      body: { listeners: [{ protocol: 'http' }] },
    })
  })

  it('speaks AMQP at the port that it was asked for, and says so', async () => {
    const port = await freePort()
    const process = run(['--port', '0', '--amqp-port', String(port), '--data', temporaryDirectory()])
    const [, url = ''] = await process.seen(/listens on (http:\S+)/)
    await process.seen(new RegExp(`amqp://guest:guest@localhost:${port}\n`))
    const leveret = { url, username: 'guest', password: 'guest' }
    expect(await callApi(leveret, 'GET', '/api/overview')).toMatchObject({
      body: { listeners: [{ protocol: 'amqp', port }, { protocol: 'http' }] },
    })
    const check = `/api/health/checks/port-listener/${port}`
    expect((await callApi(leveret, 'GET', check)).body).toEqual({ status: 'ok', port })
    expect((await callApi(leveret, 'GET', '/api/health/checks/protocol-listener/amqp')).status).toBe(200)
  })

  it('names a data directory that cannot be used, and ends with code 1', async () => {
    const file = join(temporaryDirectory(), 'file')
    writeFileSync(file, '')
    const process = run(['--port', '0', '--data', file])
    expect(await process.ended).toBe(1)
    expect(process.output()).toMatch(/^the data directory .*file cannot be used/)
  })

  it('names a dynoxide that cannot be run, and leaves the directory free', async () => {
    const dataDir = temporaryDirectory()
    const process = run(['--port', '0', '--data', dataDir], {
      DYNOXIDE_BIN: join(dataDir, 'missing'),
    })
    expect(await process.ended).toBe(1)
    expect(process.output()).toMatch(/^DYNOXIDE_BIN/)
  })

  it('names an endpoint that does not answer, and starts no DynamoDB of its own', async () => {
    const dataDir = temporaryDirectory()
    const process = run(['--port', '0', '--data', dataDir], {
      AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    })
    expect(await process.ended).toBe(1)
    expect(process.output()).toMatch(/^AWS_ENDPOINT_URL is http:\/\/127.0.0.1:1/)
    expect(existsSync(join(dataDir, 'dynamodb.sqlite'))).toBe(false)
  })

  it('lets a second process on the same directory know that it is in use', async () => {
    const dataDir = temporaryDirectory()
    await start(dataDir)
    const second = run(['--port', '0', '--data', dataDir])
    expect(await second.ended).toBe(1)
    expect(second.output()).toMatch(/in use by another process/)
  })

  it('tells where it listens, how to log in, what to try, and where data is', async () => {
    const dataDir = temporaryDirectory()
    const { process, leveret } = await start(dataDir)
    await process.seen(/Ctrl-C/)
    expect(process.output()).toContain(dataDir)
    expect(process.output()).toMatch(/user guest, password guest/)
    expect(process.output()).toContain(`${leveret.url}/api/queues/%2F/first`)
    expect(await callApi(leveret, 'GET', '/api/whoami')).toMatchObject({ status: 200, body: { name: 'guest' } })
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('stops with code 0 on %s, its DynamoDB with it', async (signal) => {
    const dataDir = temporaryDirectory()
    const { process: leveret } = await start(dataDir)
    const dynamoDb = Number(readFileSync(join(dataDir, 'dynamodb.pid'), 'utf8'))
    leveret.kill(signal)
    leveret.kill(signal)
    expect(await leveret.ended).toBe(0)
    expect(() => process.kill(dynamoDb, 0)).toThrow(/ESRCH/)
  })

  it('keeps a confirmed message over kill -9 and starts again at once', async () => {
    const dataDir = temporaryDirectory()
    const first = await start(dataDir)
    expect((await callApi(first.leveret, 'PUT', '/api/queues/%2F/kept', { durable: true })).status).toBe(201)
    expect(await publishHello(first, 'kept')).toMatchObject({ status: 200, body: { routed: true } })
    first.process.kill('SIGKILL')
    await first.process.ended
    const second = await start(dataDir)
    expect(await getOne(second, 'kept')).toMatchObject({ status: 200, body: [{ payload: 'hello' }] })
  })

  it('ends with code 1 and a reason when its DynamoDB is gone', async () => {
    const dataDir = temporaryDirectory()
    const { process: leveret } = await start(dataDir)
    process.kill(Number(readFileSync(join(dataDir, 'dynamodb.pid'), 'utf8')), 'SIGKILL')
    expect(await leveret.ended).toBe(1)
    expect(leveret.output()).toMatch(/DynamoDB failed/)
  })

  it('answers a waiting get, empty-handed, when it is stopped', async () => {
    const running = await start(temporaryDirectory())
    await callApi(running.leveret, 'PUT', '/api/queues/%2F/empty', { durable: true })
    const waiting = callApi(running.leveret, 'POST', '/api/queues/%2F/empty/get', {
      count: 1,
      ackmode: 'ack_requeue_false',
      encoding: 'auto',
      wait: 20,
    })
    // The call is in flight once a later one has been answered on another connection.
    await callApi(running.leveret, 'GET', '/api/whoami')
    const stoppingAtMs = performance.now()
    running.process.kill('SIGTERM')
    expect((await waiting).status).toBe(200)
    expect(await running.process.ended).toBe(0)
    expect(performance.now() - stoppingAtMs).toBeLessThan(4_000)
  })
})

describe('the preflight', () => {
  it('lets a Node that is new enough pass', async () => {
    expect(await spawnNode([PREFLIGHT]).ended).toBe(0)
  })

  it('tells an old Node what to install, and ends with code 1', async () => {
    const pretend = "Object.defineProperty(process.versions, 'node', { value: '20.20.2' })"
    const process = spawnNode(['--import', `data:text/javascript,${encodeURIComponent(pretend)}`, PREFLIGHT])
    expect(await process.ended).toBe(1)
    expect(process.output()).toMatch(/needs Node.js 24.0 or newer; this is 20.20.2.*npm ci.*install/s)
  })
})

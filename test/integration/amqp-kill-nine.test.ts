import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { VISIBILITY_S } from '../../lib/amqp/consuming/visibility.ts'
import { startService } from '../../lib/cli/amqp/service.ts'
import { openClient } from '../amqp/client.ts'
import { spawnModule } from '../local/spawned.ts'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import { startAsDeployed } from '../support/as-deployed.ts'
import { type ApiAnswer, callApi } from '../support/embedded.ts'
import { freePort } from '../support/free-port.ts'
import { type Known, loadUntilGone, QUEUE } from './amqp-load.ts'
import { start } from './killed-broker.ts'

const LEAST_SETTLED = 100
const MOST_MORE_SETTLED = 150
/** The time that SQS hides what is delivered, and one for a machine with much to do. */
const EMPTY_AFTER_MS = 1000 * VISIBILITY_S + 30_000

/** Where a gateway is, and who goes on for it. */
interface Gateway {
  readonly port: number
  /** Kills it with signal 9. */
  kill(): Promise<void>
}

interface Next {
  readonly port: number
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>
}

/** At a moment that nothing in the gateway chose. */
async function crash({ port, kill }: Gateway): Promise<Known> {
  const killAfter = LEAST_SETTLED + Math.floor(Math.random() * MOST_MORE_SETTLED)
  const enough = Promise.withResolvers<void>()
  let count = 0
  const loaded = loadUntilGone(port, () => {
    count += 1
    if (count === killAfter) enough.resolve()
  })
  await Promise.race([enough.promise, loaded])
  await kill()
  return loaded
}

/** Consumes until the queue is empty; what was held by consumers comes back once SQS hides it no longer. */
async function takeAll({ port, call }: Next): Promise<Set<string>> {
  const got = new Set<string>()
  const channel = await (await openClient({ port })).openChannel()
  channel.watch(({ method, payload }) => {
    if (method.name !== 'basic.deliver') return
    got.add(String(payload))
    channel.send('basic.ack', { deliveryTag: method.deliveryTag })
  })
  await channel.call('basic.qos', { prefetchCount: 100 })
  await channel.call('basic.consume', { queue: QUEUE })
  const look = async () => expect((await call('GET', `/api/queues/%2F/${QUEUE}`)).body).toMatchObject({ messages: 0 })
  await vi.waitFor(look, { timeout: EMPTY_AFTER_MS, interval: 500 })
  return got
}

function expectPromises({ confirmed, settled, asked }: Known, got: ReadonlySet<string>): void {
  expect(settled.size).toBeGreaterThanOrEqual(LEAST_SETTLED)
  expect([...settled].filter((payload) => got.has(payload))).toEqual([])
  expect([...confirmed].filter((payload) => !got.has(payload) && !asked.has(payload))).toEqual([])
  // Consumers held some when the gateway died.
  expect([...confirmed].filter((payload) => !asked.has(payload)).length).toBeGreaterThan(0)
}

const declare = { durable: true }

describe('a gateway that is killed with signal 9 under load: what is acknowledged is gone, and nothing else', () => {
  const timeout = 180_000

  test('with the whole broker, which starts again', { timeout }, async () => {
    const [dataDir, port] = [temporaryDirectory(), await freePort()]
    const broker = await start(dataDir, port)
    expect((await broker.call('PUT', `/api/queues/%2F/${QUEUE}`, declare)).status).toBe(201)
    const known = await crash({ port, kill: broker.kill })
    const { call } = await start(dataDir, port)
    expectPromises(known, await takeAll({ port, call }))
  })

  test('alone, beside another one of the same broker', { timeout }, async () => {
    const leveret = await startAsDeployed()
    onTestFinished(() => leveret.close())
    const service = await startService(leveret.config, { hosts: ['127.0.0.1'], port: 0 })
    onTestFinished(() => service.stop())
    const call: Next['call'] = (method, path, body) => callApi(leveret, method, path, body)
    expect((await call('PUT', `/api/queues/%2F/${QUEUE}`, declare)).status).toBe(201)
    // In another process SQS is behind HTTP, as it is for any other.
    const { transports: _, ...aws } = leveret.config.aws
    const config = JSON.stringify({ ...leveret.config, aws })
    const beside = spawnModule(`
      import { startService } from '${new URL('../../lib/cli/amqp/service.ts', import.meta.url)}'
      const { port } = await startService(${config}, { hosts: ['127.0.0.1'], port: 0 })
      console.log('port', port)
    `)
    const [, port] = await beside.seen(/^port (\d+)$/m)
    const kill = async () => {
      beside.kill('SIGKILL')
      await beside.ended
    }
    const known = await crash({ port: Number(port), kill })
    expectPromises(known, await takeAll({ port: service.port ?? 0, call }))
  })
})

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, onTestFinished } from 'vitest'
import { readLocalEnvironment } from '../../lib/config.ts'
import { type EmbeddedCloud, type EmbeddedCloudOptions, startEmbeddedCloud } from '../../lib/local/embedded-cloud.ts'
import { type RunningLeveret, startLeveret } from '../../lib/local/testing.ts'
import { recordingsDirectory } from '../privileges/recorder.ts'
import { startAsDeployed } from '../support/as-deployed.ts'
import { type ApiAnswer, callApi } from '../support/embedded.ts'
import { type Client, type Login, openClient } from './client.ts'

const START_DEADLINE_MS = 30_000

export interface AmqpLeveret {
  /** Only while tests run. */
  readonly running: RunningLeveret
  readonly port: number
  /** A client that is logged in; it is cut off after the test unless it has ended. */
  connect(login?: Login): Promise<Client>
  /** Calls the HTTP API as guest. */
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>
}

/** An embedded cloud of their own, as a test wants it, for the tests of a file; answers how clients connect to it. */
export function useCloud(
  options: Pick<EmbeddedCloudOptions, 'leaseMs' | 'openHandlers'>,
): (login?: Login) => Promise<Client> {
  let cloud: EmbeddedCloud | undefined
  const dataDir = mkdtempSync(join(tmpdir(), 'leveret-amqp-'))
  beforeAll(async () => {
    const { dynoxideBin, searchPath } = readLocalEnvironment()
    const amqp = { port: 0, ifTaken: 'fail' } as const
    cloud = await startEmbeddedCloud({ dynoxideBin, searchPath, port: 0, amqp, dataDir, ...options })
  }, START_DEADLINE_MS)
  afterAll(async () => {
    await cloud?.close()
    rmSync(dataDir, { recursive: true, force: true })
  }, START_DEADLINE_MS)
  return async (login) => {
    const client = await openClient({ port: cloud?.amqpPort ?? 0 }, login)
    onTestFinished(() => client.destroy())
    return client
  }
}

/** An embedded broker of their own, with its AMQP gateway, for the tests of a file. */
export function useAmqp(): AmqpLeveret {
  let started: RunningLeveret | undefined
  const clients: Client[] = []
  beforeAll(async () => {
    // Where calls are recorded, it is the gateway, with the role of its own, that makes them.
    started = await (recordingsDirectory() === undefined ? startLeveret() : startAsDeployed({ amqpPort: 0 }))
  }, START_DEADLINE_MS)
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy()
  })
  afterAll(() => started?.close(), START_DEADLINE_MS)
  const running = (): RunningLeveret => {
    if (started === undefined) throw new Error('Leveret runs only while tests do')
    return started
  }
  const port = (): number => Number(new URL(running().amqpUrl).port)
  return {
    get running() {
      return running()
    },
    get port() {
      return port()
    },
    connect: async (login) => {
      const client = await openClient({ port: port() }, login)
      clients.push(client)
      return client
    },
    call: (method, path, body) => callApi(running(), method, path, body),
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readLocalEnvironment } from '../../lib/config.ts'
import { type EmbeddedCloud, startEmbeddedCloud } from '../../lib/local/embedded-cloud.ts'
import { openClient } from './client.ts'

/** A deletion is answered this long after it was decided: the gateway has looked for queues that are gone by then, twice. */
const LEASE_MS = 2_500

let cloud: EmbeddedCloud | undefined
const dataDir = mkdtempSync(join(tmpdir(), 'leveret-deletion-'))
beforeAll(async () => {
  cloud = await startEmbeddedCloud({
    ...readLocalEnvironment({ PATH: process.env.PATH, DYNOXIDE_BIN: process.env.DYNOXIDE_BIN }),
    port: 0,
    amqp: { port: 0, ifTaken: 'fail' },
    dataDir,
    leaseMs: LEASE_MS,
  })
})
afterAll(async () => {
  await cloud?.close()
  rmSync(dataDir, { recursive: true, force: true })
})

test('consumers hear that their queue is deleted behind the answer, however long that one waits', {
  timeout: 60_000,
}, async () => {
  const client = await openClient({ port: cloud?.amqpPort ?? 0 })
  const channel = await client.openChannel()
  await channel.call('queue.declare', { queue: 'going' })
  const { consumerTag } = await channel.call('basic.consume', { queue: 'going' })
  const seen: string[] = []
  channel.watch(({ method }) => seen.push(method.name))
  await channel.call('queue.delete', { queue: 'going' })
  expect((await channel.event('basic.cancel')).method).toMatchObject({ consumerTag, nowait: true })
  expect(seen).toEqual(['queue.delete-ok', 'basic.cancel'])
  client.destroy()
})

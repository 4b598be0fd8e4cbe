import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startChild } from './child.ts'
import { HttpConnection } from './http-client.ts'
import { LEASE_MS } from './publish-stage.ts'
import { Skipped } from './row.ts'

/** A broker with a management API, and connections to it. */
export interface Bench {
  readonly clients: readonly HttpConnection[]
  close(): Promise<void>
}

const CLIENTS = 16
export const QUEUE = 'leveret-bench'

/** What `npm start` runs, with leases as a deployed broker has them, in a process of its own. */
export async function startLeveret(): Promise<Bench & { readonly pid: number }> {
  const directory = await mkdtemp(join(tmpdir(), 'leveret-bench-'))
  const main = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))
  const child = await startChild([main, 'start', '--port', '0', '--data', directory], {
    LEVERET_LEASE_MS: `${LEASE_MS}`,
  })
  const clients = await connections(/http:\S+/.exec(child.firstLine)?.[0] ?? '')
  return {
    clients,
    pid: child.pid,
    async close() {
      for (const client of clients) client.close()
      await child.stop()
      await rm(directory, { recursive: true, force: true })
    },
  }
}

/** The RabbitMQ that RABBITMQ_HTTP names. Throws {@link Skipped} where it names none. */
export async function connectRabbitMq(): Promise<Bench> {
  const url = process.env.RABBITMQ_HTTP
  if (!url) throw new Skipped('RABBITMQ_HTTP names no RabbitMQ')
  const clients = await connections(url)
  return {
    clients,
    async close() {
      await clients[0]?.call('DELETE', `/api/queues/%2F/${QUEUE}`)
      for (const client of clients) client.close()
    },
  }
}

async function connections(url: string): Promise<HttpConnection[]> {
  const clients = Array.from({ length: CLIENTS }, () => new HttpConnection(url))
  await clients[0]?.call('PUT', `/api/queues/%2F/${QUEUE}`, { durable: true, arguments: { 'x-queue-type': 'classic' } })
  return clients
}

/** How often per second each of the first `count` clients does something, all together, measured for `forMs`. */
export async function perSecond(
  { clients }: Bench,
  count: number,
  forMs: number,
  work: (client: HttpConnection) => Promise<unknown>,
): Promise<number> {
  let done = 0
  const startMs = performance.now()
  const busy = clients.slice(0, count).map(async (client) => {
    while (performance.now() - startMs < forMs) {
      await work(client)
      done += 1
    }
  })
  await Promise.all(busy)
  return (done * 1000) / (performance.now() - startMs)
}

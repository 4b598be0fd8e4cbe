import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { spawnNode } from '../local/spawned.ts'
import { type ApiAnswer, callApi } from '../support/embedded.ts'
import type { GotMessage } from './story.ts'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))

/** An embedded broker in a process of its own, to be killed. */
export interface Broker {
  call(method: string, path: string, body?: unknown): Promise<ApiAnswer>
  kill(): Promise<void>
}

/** Serves what is in the directory; speaks AMQP where a port for it is named. */
export async function start(dataDir: string, amqpPort = 0): Promise<Broker> {
  const process = spawnNode([MAIN, 'start', '--port', '0', '--amqp-port', `${amqpPort}`, '--data', dataDir])
  const [, url = ''] = await process.seen(/listens on (http:\S+)/)
  const leveret = { url, username: 'guest', password: 'guest' }
  return {
    call: (method, path, body) => callApi(leveret, method, path, body),
    kill: async () => {
      process.kill('SIGKILL')
      expect(await process.ended).toBe('SIGKILL')
    },
  }
}

/** The broker's death, as its callers see it: the connection breaks, or nobody listens any more. */
const isGone = (error: unknown): boolean =>
  error instanceof Error &&
  /ECONNRESET|ECONNREFUSED|EPIPE|socket hang up|aborted/.test(`${error.message} ${'code' in error ? error.code : ''}`)

/** Repeats a step until the broker is gone. */
export async function untilGone(step: (index: number) => Promise<void>): Promise<void> {
  for (let index = 0; ; index += 1) {
    try {
      await step(index)
    } catch (error) {
      if (isGone(error)) return
      throw error
    }
  }
}

/** Takes everything out of a queue that is there; answers the payloads. */
export async function drain({ call }: Broker, queue: string): Promise<string[]> {
  const payloads: string[] = []
  const take = async (): Promise<number> => {
    const body = { count: 1000, ackmode: 'ack_requeue_false', encoding: 'auto' }
    const answer = await call('POST', `/api/queues/%2F/${queue}/get`, body)
    expect(answer.status).toBe(200)
    const messages = answer.body as GotMessage[]
    payloads.push(...messages.map(({ payload }) => payload))
    return messages.length
  }
  while ((await take()) > 0);
  return payloads
}

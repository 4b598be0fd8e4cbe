import { ListQueuesCommand } from '@aws-sdk/client-sqs'
import { expect, onTestFinished } from 'vitest'
import { startEndpoint } from '../local/aws-endpoint.ts'
import { createClient } from '../local/sqs/backend.ts'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import { callApi } from '../support/embedded.ts'
import { runLeveret, spawnLeveret } from './spawn-leveret.ts'

export const TABLE = 'leveret-local-topology'
export const PREFIX = 'leveret-local'

/** A broker over an endpoint that the doctor can reach as well. */
export async function startPatient() {
  let aheadMs = 0
  const endpoint = await startEndpoint(() => Date.now() + aheadMs)
  const env = {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  const spawned = spawnLeveret(['start', '--port', '0', '--amqp-port', '0', '--data', temporaryDirectory()], env)
  const [, url = ''] = await spawned.seen(/listens on (http:\S+)/)
  const sqs = createClient(endpoint)
  onTestFinished(() => sqs.destroy())
  const call = (method: string, path: string, body?: unknown) =>
    callApi({ url, username: 'guest', password: 'guest' }, method, path, body)
  return {
    endpoint,
    call,
    sqs,
    /** Lets SQS's clock run ahead. */
    advance: (ms: number) => {
      aheadMs += ms
    },
    leveret: (...args: string[]) => runLeveret(args, env),
    spawnLeveret: (...args: string[]) => spawnLeveret(args, env),
    doctor: (...args: string[]) => runLeveret(['doctor', '--table', TABLE, ...args], env),
    urls: async () => (await sqs.send(new ListQueuesCommand({ QueueNamePrefix: PREFIX }))).QueueUrls ?? [],
    declare: async (name: string, args: object = {}): Promise<string> => {
      expect((await call('PUT', `/api/queues/%2F/${name}`, { durable: true, arguments: args })).status).toBe(201)
      const { body } = await call('GET', `/api/queues/%2F/${name}`)
      return (body as { sqs_urls: string[] }).sqs_urls[0] ?? ''
    },
  }
}

export type Patient = Awaited<ReturnType<typeof startPatient>>

export const nameOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1)

import { SQSClient } from '@aws-sdk/client-sqs'
import type { SqsServer, SqsServerOptions } from '../../../lib/local/sqs/server.ts'
import { startSqsServer } from '../../../lib/local/sqs/server.ts'
import type { SqsBackend } from '../../conformance/sqs-queues.ts'

export function createClient(endpoint: string): SQSClient {
  return new SQSClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  })
}

export interface LocalBackend extends SqsBackend {
  readonly server: SqsServer
  advance(ms: number): void
}

/** Our own server with a client on it, and a clock that can be moved forward. An internal error fails the test run. */
export async function startBackend(options: SqsServerOptions): Promise<LocalBackend> {
  let aheadMs = 0
  const internalErrors: unknown[] = []
  const server = await startSqsServer({
    now: () => Date.now() + aheadMs,
    onInternalError: (error) => internalErrors.push(error),
    ...options,
  })
  const client = createClient(server.endpoint)
  return {
    client,
    server,
    advance: (ms) => {
      aheadMs += ms
    },
    stop: async () => {
      client.destroy()
      await server.close()
      if (internalErrors.length > 0) throw internalErrors[0]
    },
  }
}

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startEndpoint } from './aws-endpoint.ts'
import { ask } from './served.ts'
import { spawnNode } from './spawned.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const MAIN = fileURLToPath(new URL('../../lib/cli/main.ts', import.meta.url))

describe('an endpoint that AWS_ENDPOINT_URL names', { timeout: 60_000 }, () => {
  it('is used for DynamoDB and SQS, and nothing is embedded', async () => {
    const endpoint = await startEndpoint()
    const dataDir = temporaryDirectory()
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
    const leveret = spawnNode([MAIN, 'start', '--port', '0', '--data', dataDir], {
      AWS_ENDPOINT_URL: endpoint,
      AWS_REGION: 'us-east-1',
      ...credentials,
    })
    const [, port] = await leveret.seen(/listens on http:\/\/127.0.0.1:(\d+)/)
    expect((await ask(Number(port), { path: '/' })).status).toBe(200)
    expect(existsSync(join(dataDir, 'dynamodb.sqlite'))).toBe(false)
    expect(existsSync(join(dataDir, 'sqs.sqlite'))).toBe(false)

    const client = new DynamoDBClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    })
    onTestFinished(() => client.destroy())
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual([
      'leveret-local-messages',
      'leveret-local-topology',
    ])
    leveret.kill('SIGTERM')
    expect(await leveret.ended).toBe(0)
    expect(leveret.output()).not.toMatch(/differs from/)
  })
})

import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, it, onTestFinished } from 'vitest'
import { startDynamoDb } from '../../lib/local/dynamodb.ts'
import { findDynoxide } from '../../lib/local/dynoxide-binary.ts'
import { ask, serve, TELLING } from './served.ts'
import { spawnNode } from './spawned.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const MAIN = fileURLToPath(new URL('../../lib/local/main.ts', import.meta.url))

/** DynamoDB and SQS behind one address, as LocalStack has them. */
async function startEndpoint(): Promise<string> {
  const directory = temporaryDirectory()
  const dynamoDb = await startDynamoDb({
    binary: findDynoxide({ dynoxideBin: process.env.DYNOXIDE_BIN, searchPath: process.env.PATH }),
    file: join(directory, 'dynamodb.sqlite'),
    pidFile: join(directory, 'dynamodb.pid'),
  })
  const { door } = await serve(TELLING)
  const server = createServer((incoming, response) => {
    const isSqs = String(incoming.headers['x-amz-target']).startsWith('AmazonSQS.')
    if (isSqs) door.serve(incoming, response).catch(() => response.destroy())
    else pass(dynamoDb.endpoint, incoming, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    server.close()
    server.closeAllConnections()
    await dynamoDb.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function pass(endpoint: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method, headers, url } = incoming
  const outgoing = request(`${endpoint}${url}`, { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers)
    answer.pipe(response)
  })
  outgoing.on('error', () => response.destroy())
  incoming.pipe(outgoing)
}

describe('an endpoint that AWS_ENDPOINT_URL names', { timeout: 60_000 }, () => {
  it('is used for DynamoDB and SQS, and nothing is embedded', async () => {
    const endpoint = await startEndpoint()
    const dataDir = temporaryDirectory()
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' }
    const leveret = spawnNode([MAIN, '--port', '0', '--data', dataDir], {
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
    expect((await client.send(new ListTablesCommand({}))).TableNames).toEqual(['leveret-local-topology'])
    leveret.kill('SIGTERM')
    expect(await leveret.ended).toBe(0)
    expect(leveret.output()).not.toMatch(/differs from/)
  })
})

import { once } from 'node:events'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { startDynamoDb } from '../../lib/local/dynamodb.ts'
import { findDynoxide } from '../../lib/local/dynoxide-binary.ts'
import { serve, TELLING } from './served.ts'
import { temporaryDirectory } from './temporary-directory.ts'

/** DynamoDB and SQS behind one address, as LocalStack has them, until the test ends; `now` is SQS's clock. */
export async function startEndpoint(now?: () => number): Promise<string> {
  const directory = temporaryDirectory()
  const dynamoDb = await startDynamoDb({
    binary: findDynoxide({ dynoxideBin: process.env.DYNOXIDE_BIN, searchPath: process.env.PATH }),
    file: join(directory, 'dynamodb.sqlite'),
    pidFile: join(directory, 'dynamodb.pid'),
  })
  const { door } = await serve(TELLING, now)
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

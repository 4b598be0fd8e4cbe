import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Blobs } from '../../lib/journal/blobs.ts'

export interface AwsStubs {
  readonly url: string
  /** What CloudFormation was answered at `url` + `/cloudformation`, in the order of the answers. */
  readonly answers: readonly { readonly Status: string; readonly Reason?: string }[]
  close(): Promise<void>
}

export interface StubbedAws {
  /** The objects of the one bucket there is. */
  readonly blobs: Blobs
  /** The text of the one secret there is. */
  readonly secret: string
}

/** What the embedded cloud has no S3, Secrets Manager and CloudFormation for: as much of them as the functions use. */
export async function startAwsStubs({ blobs, secret }: StubbedAws): Promise<AwsStubs> {
  const answers: { Status: string }[] = []
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request)
    const { pathname } = new URL(request.url ?? '', 'http://stub')
    if (request.headers['x-amz-target'] === 'secretsmanager.GetSecretValue') {
      response.setHeader('content-type', 'application/x-amz-json-1.1').end(JSON.stringify({ SecretString: secret }))
    } else if (pathname === '/cloudformation') {
      answers.push(JSON.parse(body.toString()))
      response.end()
    } else {
      await serveObject(blobs, keyIn(pathname), { method: request.method, body }, response)
    }
  }
  const server = createServer((request, response) => {
    serve(request, response).catch((error) => response.destroy(error))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answers,
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** `/bucket/key` */
const keyIn = (pathname: string): string => decodeURIComponent(pathname.split('/').slice(2).join('/'))

const NO_SUCH_KEY = '<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>'

async function serveObject(
  blobs: Blobs,
  key: string,
  { method, body }: { method: string | undefined; body: Buffer },
  response: ServerResponse,
): Promise<void> {
  if (method === 'PUT') {
    await blobs.put(key, body)
    response.end()
    return
  }
  const bytes = method === 'GET' ? await blobs.get(key) : undefined
  if (bytes) response.end(bytes)
  else response.writeHead(404, { 'content-type': 'application/xml' }).end(NO_SUCH_KEY)
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}

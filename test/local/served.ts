import { once } from 'node:events'
import { type IncomingHttpHeaders, type IncomingMessage, request } from 'node:http'
import type { APIGatewayProxyEvent } from 'aws-lambda'
import { onTestFinished } from 'vitest'
import { FrontDoor } from '../../lib/local/front-door.ts'
import type { ApiHandler, ApiHandlers } from '../../lib/local/handlers.ts'
import { type HttpServer, listen } from '../../lib/local/http-server.ts'
import { openSqsEngine } from '../../lib/local/sqs/engine.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface RawRequest {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

/** One request with its path exactly as it is given, which fetch does not do. */
export async function ask(port: number, { method = 'GET', path, headers = {}, body }: RawRequest): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers: { ...headers }, agent: false })
  outgoing.end(body)
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk)
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }
}

/** Each handler answers with its own name and the event. */
export const TELLING: ApiHandlers = {
  publish: tell('publish'),
  consume: tell('consume'),
  manage: tell('manage'),
}

function tell(name: keyof ApiHandlers): ApiHandler {
  return async (event) => ({ statusCode: 200, body: JSON.stringify({ name, event }) })
}

export const told = ({ body }: Answer): { name: keyof ApiHandlers; event: APIGatewayProxyEvent } => JSON.parse(body)

/** The front door on a free port, with an SQS engine in memory, until the test ends. */
export async function serve(
  handlers: ApiHandlers | Promise<ApiHandlers>,
  now: () => number = Date.now,
): Promise<{ server: HttpServer; door: FrontDoor }> {
  let url = ''
  const sqs = openSqsEngine({ file: ':memory:', endpoint: () => url, now })
  const door = new FrontDoor({ handlers: Promise.resolve(handlers), sqs, welcome: 'welcome' })
  const server = await listen(0, (incoming, response) => door.serve(incoming, response))
  url = server.url
  onTestFinished(async () => {
    sqs.close()
    await server.close()
  })
  return { server, door }
}

import { once } from 'node:events'
import http from 'node:http'
import type { Running } from './pair.ts'
import { freshPrefix } from './vhost.ts'

/** As long as `freshPrefix`, so that texts that tell a length stay the same. */
const otherPrefix = 'dist-'

/** What a faulty broker does to one answer: returns it changed, or unchanged. */
export interface Distortion {
  /** The request's body as it is passed on. */
  request?(method: string, path: string, body: string): string
  /** The answer as it is passed back. */
  answer?(method: string, path: string, answer: { status: number; body: string }): { status: number; body: string }
}

/**
 * A thin proxy in front of a broker that plants one fault, to show that the comparison sees it. Behind it every vhost
 * and user has another name, so that one RabbitMQ can be both sides.
 */
export async function startDistorted(url: string, distortion: Distortion): Promise<Running> {
  const server = http.createServer((incoming, outgoing) => {
    // Who gets no answer is told at once.
    forward(url, distortion, incoming, outgoing).catch(() => outgoing.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy has no port.')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

async function forward(
  url: string,
  distortion: Distortion,
  incoming: http.IncomingMessage,
  outgoing: http.ServerResponse,
): Promise<void> {
  const { method = 'GET', url: path = '/' } = incoming
  const body = await textOf(incoming)
  const passedOn = toOther(distortion.request?.(method, path, body) ?? body)
  const request = http.request(url, {
    // RabbitMQ ends a connection after a thousand requests, and may do so while the next one is on its way.
    agent: false,
    method,
    path: toOther(path),
    headers: {
      ...incoming.headers,
      connection: 'close',
      authorization: renamedCredentials(incoming.headers.authorization ?? ''),
      'content-length': Buffer.byteLength(passedOn),
    },
  })
  request.end(passedOn)
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const honest = { status: response.statusCode ?? 0, body: toOwn(await textOf(response)) }
  const answer = distortion.answer?.(method, path, honest) ?? honest
  const { location } = response.headers
  outgoing.writeHead(answer.status, location === undefined ? {} : { location: toOwn(location) })
  outgoing.end(answer.body)
}

export function toOther(text: string): string {
  return text.replaceAll(freshPrefix, otherPrefix)
}

export function toOwn(text: string): string {
  return text.replaceAll(otherPrefix, freshPrefix)
}

function renamedCredentials(authorization: string): string {
  const credentials = Buffer.from(authorization.replace(/^Basic /, ''), 'base64').toString('utf8')
  return `Basic ${Buffer.from(toOther(credentials)).toString('base64')}`
}

async function textOf(stream: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { logError } from '../log.ts'
import { splitTarget, toProxyEvent } from './gateway-event.ts'
import { type GatewayResponse, toResponse } from './gateway-result.ts'
import type { ApiHandler, ApiHandlers } from './handlers.ts'
import { whyNotServed } from './own-machine.ts'
import { readBody } from './read-body.ts'
import type { SqsEngine } from './sqs/engine.ts'

/** API Gateway's payload limit: 10 MB. */
export const MAX_API_BODY_BYTES = 10 * 1_048_576
/** A batch of 1 MiB, every character of it escaped, with room for attributes. */
const MAX_SQS_BODY_BYTES = 16 * 1_048_576
const SQS_TARGET = 'AmazonSQS.'

export interface FrontDoorOptions {
  /** A request that comes before they are there waits for them. */
  readonly handlers: Promise<ApiHandlers>
  /** Undefined where SQS is somewhere else. */
  readonly sqs: SqsEngine | undefined
  /** What `GET /` tells, plain text. */
  readonly welcome: string
}

/** What one port serves: SQS to whoever names one of its actions, a word of welcome, and the API to all the rest. */
export class FrontDoor {
  readonly #options: FrontDoorOptions
  readonly #apiRequests = new Set<Promise<void>>()
  #isDraining = false

  constructor(options: FrontDoorOptions) {
    this.#options = options
  }

  /** Rejects without an answer if the client is gone, or if there will be no handlers. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const refusal = whyNotServed(request.headers)
    // RabbitMQ never answers 403, and 401 would ask for another password.
    if (refusal !== undefined) return refuse(request, response, 400, 'bad_request', refusal)
    const sqsTarget = sqsTargetOf(request)
    const { sqs } = this.#options
    if (sqsTarget !== undefined && sqs !== undefined) return serveSqs(sqs, sqsTarget, request, response)
    if (this.#isDraining) return refuse(request, response, 503, 'service_unavailable', 'The server is stopping')
    return this.#track(this.#serveApi(request, response))
  }

  /** Lets no further API request in; resolves when those that are in have been answered. SQS is served on: they use it. */
  async drain(): Promise<void> {
    this.#isDraining = true
    await Promise.allSettled(this.#apiRequests)
  }

  #track(serving: Promise<void>): Promise<void> {
    this.#apiRequests.add(serving)
    return serving.finally(() => this.#apiRequests.delete(serving))
  }

  async #serveApi(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url: target = '' } = request
    if (!target.startsWith('/'))
      return refuse(request, response, 400, 'bad_request', 'The request target must be a path')
    if (target === '/' && (method === 'GET' || method === 'HEAD')) {
      return write(response, text(this.#options.welcome))
    }
    const body = await readBody(request, MAX_API_BODY_BYTES)
    if (body === undefined) {
      return write(response, errorResponse(413, 'bad_request', 'Exceeded HTTP request body size limit'))
    }
    const event = toProxyEvent({
      method,
      target,
      rawHeaders: request.rawHeaders,
      body,
      sourceIp: request.socket.remoteAddress ?? '',
      requestId: randomUUID(),
      receivedAtMs: Date.now(),
    })
    write(response, await invoke(chooseHandler(await this.#options.handlers, method, target), event))
  }
}

function sqsTargetOf(request: IncomingMessage): string | undefined {
  const target = request.headers['x-amz-target']
  return request.method === 'POST' && typeof target === 'string' && target.startsWith(SQS_TARGET) ? target : undefined
}

/** As API Gateway's resources choose (docs/architecture.md). */
export function chooseHandler(handlers: ApiHandlers, method: string, target: string): ApiHandler {
  const { path } = splitTarget(target)
  if (method === 'POST' && path.startsWith('/api/exchanges/')) return handlers.publish
  if (method === 'POST' && path.startsWith('/api/queues/')) return handlers.consume
  return handlers.manage
}

/** As API Gateway: 502 where the function fails or answers what is no answer. */
async function invoke(handler: ApiHandler, event: Parameters<ApiHandler>[0]): Promise<GatewayResponse> {
  try {
    return toResponse(await handler(event))
  } catch (error) {
    logError('a handler failed', error, { method: event.httpMethod })
    return errorResponse(502, 'internal_server_error', 'Internal Server Error')
  }
}

async function serveSqs(
  sqs: SqsEngine,
  target: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await readBody(request, MAX_SQS_BODY_BYTES)
  if (body === undefined) {
    return write(response, errorResponse(413, 'bad_request', 'Exceeded HTTP request body size limit'))
  }
  const caller = new AbortController()
  response.once('close', () => response.writableFinished || caller.abort())
  const answer = await sqs.handle({ target, body, signal: caller.signal })
  const headers = new Map(Object.entries(answer.headers).map(([name, value]) => [name, [value]]))
  write(response, { status: answer.status, headers, body: Buffer.from(answer.body) })
}

async function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  error: string,
  reason: string,
): Promise<void> {
  await readBody(request, 0)
  write(response, errorResponse(status, error, reason))
}

/** RabbitMQ's error form (contract §1.1). */
function errorResponse(status: number, error: string, reason: string): GatewayResponse {
  const headers = new Map([['content-type', ['application/json']]])
  if (status === 503) headers.set('retry-after', ['1'])
  return { status, headers, body: Buffer.from(JSON.stringify({ error, reason })) }
}

const text = (words: string): GatewayResponse => ({
  status: 200,
  headers: new Map([['content-type', ['text/plain; charset=utf-8']]]),
  body: Buffer.from(words),
})

const isWithoutBody = (status: number): boolean => status === 204 || status === 304

function write(response: ServerResponse, { status, headers, body }: GatewayResponse): void {
  for (const [name, values] of headers) response.setHeader(name, values.length === 1 ? (values[0] ?? '') : values)
  if (isWithoutBody(status)) response.removeHeader('content-type')
  else response.setHeader('content-length', body.byteLength)
  response.writeHead(status).end(isWithoutBody(status) ? undefined : body)
}

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openSqsEngine, type SqsEngine, type SqsEngineOptions } from './engine.ts'
import { SqsError } from './errors.ts'
import { renderError, type SqsResponse } from './protocol.ts'

/** A batch of 1 MiB, every character of it escaped, with room for attributes. */
const MAX_BODY_BYTES = 16 * 1_048_576
/** Longer than SDKs keep an idle connection, so that no request is written into one that is being closed. */
const KEEP_ALIVE_MS = 65_000

export interface SqsServerOptions extends Omit<SqsEngineOptions, 'endpoint'> {
  /** 0, the default, takes a free port. */
  readonly port?: number
  readonly host?: string
}

export interface SqsServer {
  readonly endpoint: string
  readonly engine: SqsEngine
  close(): Promise<void>
}

/** Serves an SQS engine on a port of its own, on the loopback interface unless told otherwise. */
export async function startSqsServer(options: SqsServerOptions): Promise<SqsServer> {
  const { port = 0, host = '127.0.0.1' } = options
  let endpoint = ''
  const engine = openSqsEngine({ ...options, endpoint: () => endpoint })
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // A caller that went away while it sent its request or while it was answered is not an error of ours.
    answer(engine, request, response).catch(() => response.destroy())
  })
  try {
    endpoint = `http://${host}:${await listen(server, port, host)}`
  } catch (error) {
    engine.close()
    throw error
  }
  return { endpoint, engine, close: () => closeServer(server, engine) }
}

function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo
      resolve(address.port)
    })
  })
}

function closeServer(server: Server, engine: SqsEngine): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => {
      engine.close()
      resolve()
    })
    server.closeAllConnections()
  })
}

async function answer(engine: SqsEngine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const target = request.headers['x-amz-target']
  const body = await readBody(request)
  if (body === undefined) {
    // The rest of the body stays unread, so the connection cannot be used again.
    response.shouldKeepAlive = false
    response.once('finish', () => request.destroy())
    write(response, renderError(new SqsError('RequestEntityTooLarge', 'The request body is too large.')))
    return
  }
  const caller = new AbortController()
  response.once('close', () => {
    if (!response.writableFinished) caller.abort()
  })
  write(
    response,
    await engine.handle({ target: typeof target === 'string' ? target : '', body, signal: caller.signal }),
  )
}

/** The whole body; undefined, and no more of it read, if it is too large. */
function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let sizeBytes = 0
    request.on('data', (chunk: Buffer) => {
      sizeBytes += chunk.length
      chunks.push(chunk)
      if (sizeBytes <= MAX_BODY_BYTES) return
      request.pause()
      resolve(undefined)
    })
    request.once('end', () => resolve(Buffer.concat(chunks)))
    request.once('error', reject)
    // Also comes after the end, where there is nothing to tell any more.
    request.once('close', () => request.complete || reject(new Error('the caller closed the connection')))
  })
}

function write(response: ServerResponse, { status, headers, body }: SqsResponse): void {
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body) }).end(body)
}

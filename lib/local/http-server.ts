import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { explainPort } from './port-error.ts'

const HOST = '127.0.0.1'
/** Longer than SDKs keep an idle connection, so that no request is written into one that is being closed. */
const KEEP_ALIVE_MS = 65_000
/** What has been answered already is written out in this time. */
const FLUSH_MS = 1_000

export type Serve = (request: IncomingMessage, response: ServerResponse) => Promise<void>

export interface HttpServer {
  readonly port: number
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  close(): Promise<void>
}

/**
 * Listens on the loopback interface, port 0 being a free one. `serve` is asked for with each request: it may change.
 * @throws StartError where the port cannot be had
 */
export async function listen(port: number, serve: Serve): Promise<HttpServer> {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    // A client that went away while it sent its request or while it was answered is not an error of ours.
    serve(request, response).catch(() => response.destroy())
  })
  const { port: taken } = await bind(server, port)
  return { port: taken, url: `http://${HOST}:${taken}`, close: () => close(server) }
}

function bind(server: Server, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => reject(explainPort(error, port, 'port')))
    server.listen(port, HOST, () => resolve(server.address() as AddressInfo))
  })
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const flush = setTimeout(() => server.closeAllConnections(), FLUSH_MS)
    server.close(() => {
      clearTimeout(flush)
      resolve()
    })
    server.closeIdleConnections()
  })
}

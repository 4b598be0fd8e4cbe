import type { ApiContext } from './env.ts'
import { NODE_NAME } from './identity.ts'
import { header } from './session.ts'

/** The one protocol spoken here: RabbitMQ's name for the management API. */
export const PROTOCOLS = ['http']

const HTTPS_PORT = 443

/** The port that the client came in by, as the front tells. */
export function listenerPort(c: ApiContext): number {
  const port = Number(header(c, 'x-forwarded-port'))
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : HTTPS_PORT
}

/** Contract §1.2, overview. */
export const listeners = (c: ApiContext): readonly object[] => [
  {
    node: NODE_NAME,
    protocol: 'http',
    ip_address: '::',
    port: listenerPort(c),
    socket_opts: {},
    tls: header(c, 'x-forwarded-proto') !== 'http',
  },
]

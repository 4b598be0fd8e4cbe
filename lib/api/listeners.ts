import type { ApiContext } from './env.ts'
import { NODE_NAME } from './identity.ts'
import { header } from './session.ts'

const HTTPS_PORT = 443

/** One place where clients come in. */
interface Listener {
  /** As RabbitMQ calls it. */
  readonly protocol: 'http' | 'amqp' | 'amqp/ssl'
  readonly port: number
  readonly tls: boolean
}

/** The port that the client came in by, as the front tells. */
function httpPort(c: ApiContext): number {
  const port = Number(header(c, 'x-forwarded-port'))
  return Number.isInteger(port) && port > 0 && port < 65_536 ? port : HTTPS_PORT
}

/** The management API, by which this was asked, and AMQP where the configuration says that it is spoken. */
export function listeners(c: ApiContext): readonly Listener[] {
  const { amqpListener } = c.get('broker').config
  const http = { protocol: 'http', port: httpPort(c), tls: header(c, 'x-forwarded-proto') !== 'http' } as const
  if (amqpListener === undefined) return [http]
  return [{ protocol: amqpListener.tls ? 'amqp/ssl' : 'amqp', ...amqpListener }, http]
}

/** Contract §1.2, overview. */
export const renderListeners = (c: ApiContext): readonly object[] =>
  listeners(c).map((listener) => ({ node: NODE_NAME, ip_address: '::', socket_opts: {}, ...listener }))

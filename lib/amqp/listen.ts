import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TLSSocket, type TlsOptions } from 'node:tls'

/** What a listener of TLS shows, and whom it asks to show something, in PEM. */
export interface TlsSettings {
  readonly cert: string | Buffer
  readonly key: string | Buffer
  /** Where given, clients may show a certificate that one of these has signed, and log in with it (EXTERNAL). */
  readonly ca?: string | Buffer
}

export interface ListenerOptions {
  /** Tried in turn; those that this machine does not have, as `::1` without IPv6, are passed over. */
  readonly hosts: readonly string[]
  /** 0 takes a free one, the same for all hosts. */
  readonly port: number
  readonly tls?: TlsSettings | undefined
  readonly onSocket: (socket: Socket | TLSSocket) => void
}

export interface Listener {
  readonly port: number
  /** Takes no new connections; those that are open stay. */
  close(): void
}

/** Rejects with the error of `listen` where no host can be listened on, or one of them has the port taken. */
export async function listen({ hosts, port, tls, onSocket }: ListenerOptions): Promise<Listener> {
  const servers: Server[] = []
  let taken = port
  try {
    for (const host of hosts) {
      const server = serverFor(tls, onSocket)
      const address = await bind(server, host, taken)
      if (address === undefined) continue
      servers.push(server)
      taken = address.port
    }
    if (servers.length === 0) throw new Error(`none of the addresses ${hosts.join(', ')} is one of this machine`)
  } catch (error) {
    for (const server of servers) server.close()
    throw error
  }
  return {
    port: taken,
    close() {
      for (const server of servers) server.close()
    },
  }
}

function serverFor(tls: TlsSettings | undefined, onSocket: ListenerOptions['onSocket']): Server {
  if (!tls) return createServer({ noDelay: true, keepAlive: true }, onSocket)
  return createTlsServer(tlsOptions(tls), onSocket)
}

/** A client without a certificate is let in to log in otherwise; one with a certificate that nobody vouches for is not. */
const tlsOptions = ({ cert, key, ca }: TlsSettings): TlsOptions => ({
  cert,
  key,
  noDelay: true,
  minVersion: 'TLSv1.2',
  ...(ca !== undefined && { ca, requestCert: true, rejectUnauthorized: false }),
})

/** Undefined where the machine has no such address. */
function bind(server: Server, host: string, port: number): Promise<AddressInfo | undefined> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT') resolve(undefined)
      else reject(error)
    })
    server.listen({ host, port, ipv6Only: host.includes(':') }, () => resolve(server.address() as AddressInfo))
  })
}

import type { Socket } from 'node:net'
import type { Broker } from '../broker/broker.ts'
import { type Listener, listen, type TlsSettings } from './listen.ts'
import { type Service, startService } from './service.ts'

export interface GatewayOptions {
  /** Stays open: whoever opened it closes it, after the gateway. */
  readonly broker: Broker
  /** Addresses to listen on; by default both loopback addresses, as some clients try `::1` first. */
  readonly hosts?: readonly string[]
  /** For plain AMQP; 0 takes a free one, undefined listens for none. */
  readonly port?: number | undefined
  /** For AMQP over TLS. */
  readonly tls?: (TlsSettings & { readonly port: number }) | undefined
}

export interface RunningGateway {
  /** Where plain AMQP is spoken. */
  readonly port: number | undefined
  readonly tlsPort: number | undefined
  /** Tells clients that the broker goes (320), gives back what they have not acknowledged, and ends. */
  close(): Promise<void>
}

const LOOPBACK = ['127.0.0.1', '::1'] as const

/**
 * Speaks AMQP 0-9-1 for a broker (docs/amqp.md). Rejects where a port cannot be had, with the error of `listen`
 * (`EADDRINUSE`, `EACCES`).
 */
export async function startGateway({ broker, hosts = LOOPBACK, port, tls }: GatewayOptions): Promise<RunningGateway> {
  const service: Service = await startService(broker)
  const listeners: Listener[] = []
  const open = async (at: number | undefined, settings?: TlsSettings): Promise<number | undefined> => {
    if (at === undefined) return undefined
    const onSocket = (socket: Socket): void => service.serve(socket)
    const listener = await listen({ hosts, port: at, tls: settings, onSocket })
    listeners.push(listener)
    return listener.port
  }
  const close = async (): Promise<void> => {
    for (const listener of listeners) listener.close()
    await service.close()
  }
  try {
    return { port: await open(port), tlsPort: await open(tls?.port, tls), close }
  } catch (error) {
    await close()
    throw error
  }
}

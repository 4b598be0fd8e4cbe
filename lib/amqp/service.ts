import type { Socket } from 'node:net'
import type { Broker } from '../broker/broker.ts'
import { type Gateway, openGateway } from '../broker/gateways.ts'
import { GATEWAY_LEASE_MS } from '../delivery/gateway-lease.ts'
import { logError } from '../log.ts'
import { Connection } from './connection/connection.ts'
import { AmqpError } from './errors.ts'
import { GatewayContext } from './gateway-context.ts'
import { Watcher } from './watcher.ts'

/** What serves connections, whichever listener they come from. */
export interface Service {
  serve(socket: Socket): void
  close(): Promise<void>
}

const RENEW_MS = GATEWAY_LEASE_MS / 3

/** One registration among all gateways, with all that depends on it. */
interface Tenure {
  readonly context: GatewayContext
  end(reason: AmqpError): Promise<void>
}

/** Serves connections for as long as it is known to live; taken for dead, it closes them and begins anew. */
export async function startService(broker: Broker): Promise<Service> {
  let tenure: Tenure | undefined = begin(broker, await openGateway(broker))
  let renewing: Promise<void> | undefined
  const renew = async (): Promise<void> => {
    try {
      if (tenure && (await tenure.context.registration.renew())) return
      const lost = tenure
      tenure = undefined
      await lost?.end(new AmqpError(320, 'the gateway was taken for dead'))
      tenure = begin(broker, await openGateway(broker))
    } catch (error) {
      logError('the lease of the gateway could not be renewed', error)
    }
  }
  const timer = setInterval(() => {
    renewing ??= renew().finally(() => {
      renewing = undefined
    })
  }, RENEW_MS)
  return {
    serve(socket) {
      // Without a registration nobody can be served; clients try again.
      if (tenure) tenure.context.connections.add(new Connection(tenure.context, socket))
      else socket.destroy()
    },
    async close() {
      clearInterval(timer)
      await renewing
      await tenure?.end(new AmqpError(320, "broker forced connection closure with reason 'shutdown'"))
    },
  }
}

function begin(broker: Broker, registration: Gateway): Tenure {
  const context = new GatewayContext(broker, registration)
  const watcher = new Watcher(context)
  return {
    context,
    async end(reason) {
      await context.connections.close(reason)
      await Promise.all([watcher.stop(), context.inbox.stop(), context.feeds.stop()])
      await registration.close().catch((error: unknown) => logError('the gateway could not say that it goes', error))
    },
  }
}

import type { VhostSession } from '../../broker/session.ts'
import { logError } from '../../log.ts'
import type { ConnectionRef } from '../../model/connection.ts'
import type { Queue } from '../../model/queue.ts'
import type { GatewayContext } from '../gateway-context.ts'

/** The exclusive queues of one connection: they come with a declaration and go with the connection (contract §5). */
export class ConnectionQueues {
  readonly #gateway: GatewayContext
  readonly #connection: ConnectionRef
  readonly #queues = new Map<string, Queue>()

  constructor(gateway: GatewayContext, connection: ConnectionRef) {
    this.#gateway = gateway
    this.#connection = connection
  }

  /** To be called with every queue that the connection declares: an exclusive one receives from now. */
  declared(session: VhostSession, queue: Queue): void {
    if (!queue.exclusive) return
    this.#queues.set(queue.id, queue)
    this.#gateway.feeds.open(session, queue)
    this.#gateway.temporary.used(queue)
  }

  /** The connection has gone: so do its queues. Never rejects; what cannot be deleted now goes with the gateway. */
  async deleteAll(vhostId: string): Promise<void> {
    if (this.#queues.size === 0) return
    const queues = [...this.#queues.values()]
    this.#queues.clear()
    const { views, registration } = this.#gateway
    await Promise.all(queues.map((queue) => this.#gateway.queueGone(queue)))
    try {
      const context = (await views.refresh(vhostId)) ?? views.contextOf(vhostId)
      await registration.closeConnection(context, this.#connection.id)
    } catch (error) {
      logError('the exclusive queues of a connection could not be deleted', error)
    }
  }
}

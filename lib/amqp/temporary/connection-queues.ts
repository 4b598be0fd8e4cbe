import { commitQueueDeletion } from '../../broker/delete-queue.ts'
import type { VhostSession } from '../../broker/session.ts'
import { logError } from '../../log.ts'
import type { Queue } from '../../model/queue.ts'
import type { GatewayContext } from '../gateway-context.ts'

/** The exclusive queues of one connection: they come with a declaration and go with the connection (contract §5). */
export class ConnectionQueues {
  readonly #gateway: GatewayContext
  readonly #queues = new Map<string, Queue>()

  constructor(gateway: GatewayContext) {
    this.#gateway = gateway
  }

  /** To be called with every queue that the connection declares: an exclusive one receives from now. */
  declared(session: VhostSession, queue: Queue): void {
    if (!queue.exclusive || this.#queues.has(queue.id)) return
    this.#queues.set(queue.id, queue)
    this.#gateway.feeds.open(session, queue)
  }

  forget(queueId: string): void {
    this.#queues.delete(queueId)
  }

  /** The connection has gone: so do its queues. Never rejects; what cannot be deleted now goes with the gateway. */
  async deleteAll(openSession: () => Promise<VhostSession>): Promise<void> {
    const queues = [...this.#queues.values()]
    this.#queues.clear()
    if (queues.length === 0) return
    try {
      const session = await openSession()
      await Promise.all(queues.map((queue) => this.#delete(session, queue)))
    } catch (error) {
      logError('the exclusive queues of a connection could not be deleted', error)
    }
  }

  async #delete(session: VhostSession, queue: Queue): Promise<void> {
    const { settled } = await commitQueueDeletion(session, { name: queue.name, ifEmpty: false, onlyId: queue.id })
    await this.#gateway.queueGone(queue)
    await settled
  }
}

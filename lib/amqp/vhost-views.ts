import type { Broker } from '../broker/broker.ts'
import type { VhostContext } from '../broker/session.ts'
import { viewVhost } from '../broker/view-vhost.ts'

/** The vhosts that clients are in, as they were seen last. */
export class VhostViews {
  readonly #broker: Broker
  readonly #contexts = new Map<string, VhostContext>()

  constructor(broker: Broker) {
    this.#broker = broker
  }

  get all(): readonly VhostContext[] {
    return [...this.#contexts.values()]
  }

  /** To be called with what a session has read. */
  note(context: VhostContext): void {
    this.#contexts.set(context.vhost.id, context)
  }

  readonly contextOf = (vhostId: string): VhostContext => {
    const context = this.#contexts.get(vhostId)
    if (!context) throw new Error(`vhost ${vhostId} was never seen`)
    return context
  }

  /** Looks again; undefined where the vhost is gone. Throws `unavailable`. */
  async refresh(vhostId: string): Promise<VhostContext | undefined> {
    const context = await viewVhost(this.#broker, vhostId)
    if (context) this.note(context)
    return context
  }

  forget(vhostId: string): void {
    this.#contexts.delete(vhostId)
  }
}

import type { Gateway } from '../../broker/gateways.ts'
import type { VhostContext, VhostSession } from '../../broker/session.ts'
import { logError } from '../../log.ts'
import { fieldOf } from '../../model/amqp-value.ts'
import { accessRefused, type BrokerError } from '../../model/errors.ts'
import { describeObject } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import type { Consumer } from './consumer.ts'

/** The consumers of this gateway, by queue; all gateways together know how many there are. */
export class Consumers {
  readonly #registration: Gateway
  readonly #contextOf: (vhostId: string) => VhostContext
  readonly #byQueue = new Map<string, Set<Consumer>>()

  constructor(registration: Gateway, contextOf: (vhostId: string) => VhostContext) {
    this.#registration = registration
    this.#contextOf = contextOf
  }

  /** Enters a consumer. Throws `access-refused` where the queue is, or is to be, somebody's alone. */
  async begin(session: VhostSession, consumer: Consumer): Promise<void> {
    const { queue, exclusive, feed } = consumer.options
    const present = this.#byQueue.get(queue.id) ?? new Set()
    const isTaken = exclusive ? present.size > 0 || isSingleActive(queue) : [...present].some(isAlone)
    if (isTaken) throw inExclusiveUse(queue, session.vhost.vhost)
    // Before anything is waited for, so that no two of them come at once.
    this.#byQueue.set(queue.id, present.add(consumer))
    try {
      const { isActive } = await this.#registration.addConsumer(session, queue, exclusive)
      feed.setTurn(isActive || !isSingleActive(queue))
    } catch (error) {
      this.#forget(consumer)
      throw error
    }
  }

  /** Takes a consumer out; resolves when nothing is on its way to it any more, and everybody knows. Never rejects. */
  async end(consumer: Consumer): Promise<void> {
    const { queue, vhostId } = consumer.options
    await consumer.end()
    if (!this.#forget(consumer)) return
    try {
      await this.#registration.removeConsumers(this.#contextOf(vhostId), queue)
    } catch (error) {
      logError('a consumer that has gone still counts', error, { queue: queue.name })
    }
  }

  #forget(consumer: Consumer): boolean {
    const { id } = consumer.options.queue
    const present = this.#byQueue.get(id)
    const wasPresent = present?.delete(consumer) === true
    if (present?.size === 0) this.#byQueue.delete(id)
    return wasPresent
  }
}

export const isSingleActive = ({ arguments: args }: Pick<Queue, 'arguments'>): boolean =>
  fieldOf(args, 'x-single-active-consumer') === true

const isAlone = ({ options }: Consumer): boolean => options.exclusive

const inExclusiveUse = ({ name }: Queue, vhost: string): BrokerError =>
  accessRefused(`${describeObject('queue', name, vhost)} in exclusive use`)

import type { VhostSession } from '../../broker/session.ts'
import { fieldOf } from '../../model/amqp-value.ts'
import { accessRefused } from '../../model/errors.ts'
import { describeObject } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import type { Consumer } from './consumer.ts'

/** The consumers of this gateway, by queue. */
export class Consumers {
  readonly #byQueue = new Map<string, Set<Consumer>>()

  async countOf({ id }: Queue): Promise<number> {
    return this.#byQueue.get(id)?.size ?? 0
  }

  /** Enters a consumer. Throws `access-refused` where the queue is, or is to be, somebody's alone. */
  async begin({ vhost: { vhost } }: VhostSession, consumer: Consumer): Promise<void> {
    const { queue, exclusive } = consumer.options
    const present = this.#byQueue.get(queue.id) ?? new Set()
    const isSingleActive = fieldOf(queue.arguments, 'x-single-active-consumer') === true
    const isTaken = exclusive
      ? present.size > 0 || isSingleActive
      : [...present].some(({ options }) => options.exclusive)
    if (isTaken) throw accessRefused(`${describeObject('queue', queue.name, vhost)} in exclusive use`)
    this.#byQueue.set(queue.id, present.add(consumer))
  }

  /** Takes a consumer out; resolves when nothing is on its way to it any more. */
  async end(consumer: Consumer): Promise<void> {
    await consumer.end()
    const { id } = consumer.options.queue
    const present = this.#byQueue.get(id)
    present?.delete(consumer)
    if (present?.size === 0) this.#byQueue.delete(id)
  }
}

import { COPY_ATTRIBUTE } from '../../lib/delivery/copy.ts'
import { DEATH_ATTRIBUTE, parseDeathNote } from '../../lib/delivery/death-note.ts'
import { parseRelayMessage } from '../../lib/delivery/relay-message.ts'
import type { Operation } from './operation.ts'
import type { KnownQueues } from './promises.ts'
import type { SimMessage, SimReceived } from './sqs/sim-message.ts'
import type { SimQueue } from './sqs/sim-queue.ts'
import type { SqsObserver } from './sqs/sim-sqs.ts'
import { type Counts, noCounts, type Witness } from './witness.ts'

/**
 * Tells the witness of each vhost what happens to its messages. Whose a message is, is said by where it is, or, in the
 * broker's own queues, by where it is to go: what crossed over from another vhost is nobody's there.
 */
export class Witnesses implements SqsObserver {
  readonly all: readonly Witness[]
  readonly #known: KnownQueues

  constructor(all: readonly Witness[], known: KnownQueues) {
    this.all = all
    this.#known = known
  }

  get counts(): Counts {
    const total = noCounts()
    for (const { counts } of this.all) {
      for (const name of Object.keys(total) as (keyof Counts)[]) {
        total[name] = name === 'longestCycle' ? Math.max(total[name], counts[name]) : total[name] + counts[name]
      }
    }
    return total
  }

  promises(): ReadonlyMap<string, number> {
    return new Map(this.all.map(({ vhost, promised }) => [vhost, promised]))
  }

  arrived(queue: SimQueue, message: SimMessage, by: Operation | undefined): void {
    const witness = this.#of(queue, message)
    if (witness) witness.arrived(queue, message, by)
    else if (message.sourceArn === undefined && message.sent.attributes[COPY_ATTRIBUTE]) {
      this.all[0]?.fail(`a copy arrived in ${queue.name}, which is nobody's`)
    }
  }

  received(queue: SimQueue, received: SimReceived, by: Operation | undefined): void {
    const witness = this.#ownerOf(queue)
    if (witness) witness.received(queue, received, by)
    else by?.received?.(queue, received)
  }

  hidden(queue: SimQueue, message: SimMessage, by: Operation | undefined): void {
    this.#ownerOf(queue)?.hidden(queue, message, by)
  }

  deleted(queue: SimQueue, message: SimMessage, by: Operation | undefined): void {
    this.#of(queue, message)?.deleted(queue, message, by)
  }

  queueDeleted(queue: SimQueue, by: Operation | undefined): void {
    this.#ownerOf(queue)?.queueDeleted(queue, by)
  }

  #ownerOf({ name }: SimQueue): Witness | undefined {
    return this.all.find(({ owns }) => owns(name))
  }

  #of(queue: SimQueue, { sent, sourceArn }: SimMessage): Witness | undefined {
    if (queue.name === this.#known.relay) return this.#ofVhost(parseRelayMessage(sent.body).vhostId)
    if (!this.#known.dead.includes(queue.name)) return this.#ownerOf(queue)
    const note = sent.attributes[DEATH_ATTRIBUTE]?.StringValue
    if (note !== undefined) return this.#ofVhost(parseDeathNote(note).vhostId)
    return this.all.find(({ owns }) => owns(sourceArn?.split(':').at(-1) ?? ''))
  }

  #ofVhost(id: string): Witness | undefined {
    return this.all.find(({ history }) => history.latest.id === id)
  }
}

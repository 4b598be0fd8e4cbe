import { purgeQueue } from '../../../lib/broker/purge-queue.ts'
import { copyOf } from '../copies.ts'
import type { Environment } from '../environment.ts'
import type { SimMessage } from '../sqs/sim-message.ts'
import type { SimQueue } from '../sqs/sim-queue.ts'
import { type ClientOperation, inWords, refusalOf, type Stage } from '../stage.ts'

export class Purge implements ClientOperation {
  readonly name: string
  readonly promised: number
  readonly #stage: Stage
  readonly #queue: string
  #startMs = 0

  constructor(stage: Stage, queue: string) {
    this.#stage = stage
    this.#queue = queue
    this.promised = stage.witness.promised
    this.name = `purge ${queue}`
  }

  received(): void {}
  hidden(): void {}

  deleted(queue: SimQueue, message: SimMessage): void {
    const { witness } = this.#stage
    if (message.sentAtMs <= this.#startMs + witness.toleranceMs) return
    witness.fail(`${this.name} deleted ${copyOf(message).label} from ${queue.name}, which came later`)
  }

  async run(environment: Environment): Promise<string> {
    const { witness, sqs } = this.#stage
    try {
      const session = await environment.session(this.#stage.vhost)
      this.#startMs = sqs.nowMs
      const sqsQueues = session.vhost.queueByName(this.#queue)?.sqsQueues ?? []
      const queues = sqsQueues.flatMap(({ name }) => sqs.find(name) ?? [])
      const inside = queues.map((queue) => this.#certain(queue))
      await purgeQueue(session, this.#queue)
      const left = queues.flatMap((queue, index) =>
        (inside[index] ?? []).filter(
          (message) => !message.isDeleted && message.receiveCount === 0 && !this.#isBehind(message, queue),
        ),
      )
      if (left.length > 0) witness.fail(`${this.name} left ${left.map((message) => copyOf(message).label)}`)
      return 'purged'
    } catch (error) {
      const refusal = refusalOf(error, 'not-found')
      const isAbsent = () => witness.history.find(this.promised, (state) => !state.queueByName(this.#queue))
      if (refusal.kind === 'not-found' && isAbsent() === undefined) witness.fail(`${this.name} did not find the queue`)
      return inWords(refusal)
    }
  }

  /**
   * Whether the group of a FIFO queue was closed meanwhile, and the message with it: by a consumer, or by a receive of the
   * purge whose answer was lost.
   */
  #isBehind({ sent: { groupId } }: SimMessage, queue: SimQueue): boolean {
    if (groupId === undefined) return false
    const isHeld = queue.messages.some(({ sent, receiveCount }) => sent.groupId === groupId && receiveCount > 0)
    return isHeld || this.#stage.witness.lastReceiveMs(groupId, this) >= this.#startMs
  }

  /** What is ready in it, and was before by everybody's clock. */
  #certain({ messages }: SimQueue): SimMessage[] {
    const { sqs, witness } = this.#stage
    const held = new Set(messages.filter(({ visibleAtMs }) => visibleAtMs > sqs.nowMs).map(({ sent }) => sent.groupId))
    return messages.filter(({ sent, sentAtMs, visibleAtMs }) => {
      const isFree = sent.groupId === undefined || !held.has(sent.groupId)
      return isFree && visibleAtMs <= sqs.nowMs && sentAtMs < sqs.nowMs - witness.toleranceMs
    })
  }
}

import type { ReceivedCopy } from '../delivery/received-copy.ts'
import { MissingQueueError } from '../delivery/sqs-errors.ts'
import type { SqsReceiver } from '../delivery/sqs-receiver.ts'
import { parseChain, type SweepChain, sweepKey } from '../delivery/sweep-chain.ts'
import { logError } from '../log.ts'
import type { Queue } from '../model/queue.ts'
import type { Broker } from './broker.ts'
import { expire, isExpired } from './expire.ts'
import type { VhostContext } from './session.ts'
import { armSweep, sendLook } from './sweep-chains.ts'
import { viewVhost } from './view-vhost.ts'

/** A message of the sweep queue. */
export interface SweepRecord {
  readonly id: string
  readonly body: string
}

const BATCH = 10
/** Longer than a sweep takes: what it looked at does not come twice. */
const VISIBILITY_S = 60
const MAX_COPIES = 1000
/** Standard queues are in rough order only, so one batch without an expired copy does not mean that there are no more. */
const CLEAN_BATCHES = 2
const BUDGET_MS = 25_000
/** How soon a queue is looked at again of which some copies could not be seen: others hold them. */
const AGAIN_AFTER_MS = 60_000

/** Takes expired copies out of queues (docs/architecture.md); answers the ids of the records that are to come again. */
export async function sweepQueues(broker: Broker, records: readonly SweepRecord[]): Promise<readonly string[]> {
  const outcomes = await Promise.allSettled(records.map(({ body }) => look(broker, parseChain(body))))
  return records.flatMap(({ id }, index) => {
    const outcome = outcomes[index]
    if (outcome?.status !== 'rejected') return []
    logError('a queue is looked through again for expired messages', outcome.reason)
    return [id]
  })
}

/** A look that is due is done, whatever was arranged since: somebody may have relied on it. */
async function look(broker: Broker, chain: SweepChain): Promise<void> {
  if (chain.nextLookMs > broker.clock.wallMs()) return sendLook(broker, chain)
  const context = await viewVhost(broker, chain.vhostId, { confirm: true })
  const queue = context?.vhost.queueById(chain.queueId)
  if (!context || !queue) {
    await broker.delivery.items.remove(sweepKey(chain.queueId))
    return
  }
  const nextLookMs = await sweep(context, queue)
  if (nextLookMs === undefined) return rest(broker, chain)
  await armSweep(broker, { ...chain, nextLookMs, isQuiet: false })
}

/** Nothing was found that can expire. What others held may come back, so the queue is looked through once more before the chain ends. */
async function rest(broker: Broker, chain: SweepChain): Promise<void> {
  const { items } = broker.delivery
  const nowMs = broker.clock.wallMs()
  if (!chain.isQuiet) return armSweep(broker, { ...chain, nextLookMs: nowMs + AGAIN_AFTER_MS, isQuiet: true })
  const item = await items.get(sweepKey(chain.queueId))
  if (item && parseChain(item.data).nextLookMs <= nowMs) await items.remove(sweepKey(chain.queueId), item.revision)
}

/** Looks through a queue; answers when it is to be looked through again, or undefined where nothing in it can expire. */
async function sweep(context: VhostContext, queue: Queue): Promise<number | undefined> {
  let next: number | undefined
  for (const { name } of queue.sqsQueues) {
    try {
      const own = await new Sweep(context, queue, name).run()
      next = own === undefined ? next : Math.min(own, next ?? own)
    } catch (error) {
      if (!(error instanceof MissingQueueError)) throw error
    }
  }
  return next
}

class Sweep {
  readonly #context: VhostContext
  readonly #queue: Queue
  readonly #sqsQueueName: string
  readonly #receiver: SqsReceiver
  /** Receipt handles of what is to go back. */
  readonly #kept: string[] = []
  #earliestMs = Number.POSITIVE_INFINITY
  #seen = 0

  constructor(context: VhostContext, queue: Queue, sqsQueueName: string) {
    this.#context = context
    this.#queue = queue
    this.#sqsQueueName = sqsQueueName
    this.#receiver = context.broker.delivery.receiver
  }

  async run(): Promise<number | undefined> {
    const { clock } = this.#context.broker
    const startMs = clock.monotonicMs()
    let clean = 0
    let isEmpty = false
    try {
      while (
        !isEmpty &&
        clean < CLEAN_BATCHES &&
        this.#seen < MAX_COPIES &&
        clock.monotonicMs() - startMs < BUDGET_MS
      ) {
        const { received, expired } = await this.#step()
        isEmpty = received === 0
        clean = expired === 0 ? clean + 1 : 0
      }
    } finally {
      await this.#giveBack()
    }
    return this.#nextLookMs(isEmpty, clean >= CLEAN_BATCHES)
  }

  async #step(): Promise<{ received: number; expired: number }> {
    const { broker } = this.#context
    const { copies, undecodable } = await this.#receiver.receive(this.#sqsQueueName, {
      queueName: this.#queue.name,
      max: BATCH,
      waitS: broker.config.fullPollWaitS,
      visibilityS: VISIBILITY_S,
    })
    this.#seen += copies.length + undecodable.length
    this.#kept.push(...undecodable.map(({ receiptHandle }) => receiptHandle))
    const nowMs = broker.clock.wallMs()
    const expired = copies.filter((copy) => isExpired(copy, nowMs))
    for (const copy of copies) if (!isExpired(copy, nowMs)) this.#keep(copy)
    await this.#takeOut(expired)
    return { received: copies.length + undecodable.length, expired: expired.length }
  }

  #keep({ receiptHandle, identity }: ReceivedCopy): void {
    this.#kept.push(receiptHandle)
    this.#earliestMs = Math.min(this.#earliestMs, identity?.expiresAtMs ?? Number.POSITIVE_INFINITY)
  }

  /** To the dead-letter exchange, if there is one, and then out of the queue; what cannot be passed on stays. */
  async #takeOut(expired: readonly ReceivedCopy[]): Promise<void> {
    const failed = await expire(this.#context, this.#queue, this.#sqsQueueName, expired)
    for (const receiptHandle of failed) {
      this.#kept.push(receiptHandle)
      this.#earliestMs = Math.min(this.#earliestMs, this.#context.broker.clock.wallMs())
    }
  }

  async #giveBack(): Promise<void> {
    const changes = this.#kept.map((receiptHandle) => ({ receiptHandle, visibilityS: 0 }))
    await this.#receiver.changeVisibilityBatch(this.#sqsQueueName, changes)
  }

  /**
   * The earliest expiry that was seen. Where not all copies were seen, be it that others hold them or that there are too many,
   * another look is due in a minute at the latest.
   */
  async #nextLookMs(isEmpty: boolean, isClean: boolean): Promise<number | undefined> {
    const { clock, delivery } = this.#context.broker
    const nowMs = clock.wallMs()
    if (!isEmpty && !isClean) return nowMs
    const counts = await delivery.counter.countNow(this.#sqsQueueName)
    const isAllSeen = isEmpty && (counts.state === 'down' || counts.unacknowledged === 0)
    const latestMs = isAllSeen ? Number.POSITIVE_INFINITY : nowMs + AGAIN_AFTER_MS
    const nextMs = Math.min(this.#earliestMs, latestMs)
    return nextMs === Number.POSITIVE_INFINITY ? undefined : nextMs
  }
}

import type { Clock } from '../journal/clock.ts'
import type { SqsReceiver } from './sqs-receiver.ts'

export interface PurgeOptions {
  readonly budgetMs: number
  /** How long a receive must wait before an empty answer means an empty queue. */
  readonly fullPollWaitS: number
}

export interface Purged {
  readonly purgedCount: number
  /** Whether nothing is left of what was there when the purge began; if not, repeat it. */
  readonly isEmpty: boolean
}

/** Receives beside each other; each brings at most ten copies. */
const LANES = 4
const BATCH = 10
const VISIBILITY_S = 30
/** Later copies are held until the end, or they would be received again and again; holding many would starve consumers. */
const MAX_HELD = 1000

/**
 * Deletes, for `budgetMs` at most, what is ready in an SQS queue and was sent before the purge began; what is sent in the
 * same millisecond may go too. PurgeQueue may take what comes later as well, so this drains. Copies that consumers hold
 * stay, as in RabbitMQ, and so does what this version cannot read. Throws `MissingQueueError`, and what the SDK throws.
 */
export async function purge(
  receiver: SqsReceiver,
  clock: Pick<Clock, 'wallMs'>,
  sqsQueueName: string,
  { budgetMs, fullPollWaitS }: PurgeOptions,
): Promise<Purged> {
  const drain = new Drain(receiver, sqsQueueName, { startMs: clock.wallMs(), waitS: fullPollWaitS })
  const lanes = Array.from({ length: LANES }, async () => {
    let isEmpty = false
    while (!isEmpty && drain.hasRoom() && clock.wallMs() - drain.startMs < budgetMs) isEmpty = await drain.step()
    return isEmpty
  })
  const outcomes = await Promise.allSettled(lanes)
  await drain.finish()
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  const isEmpty = outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value)
  return { purgedCount: drain.deletedCount, isEmpty: isEmpty && !drain.hasLeft }
}

/** What the lanes of one purge share. */
class Drain {
  readonly startMs: number
  deletedCount = 0
  /** Whether something that should be gone could not be deleted. */
  hasLeft = false
  readonly #receiver: SqsReceiver
  readonly #sqsQueueName: string
  readonly #waitS: number
  readonly #held: string[] = []

  constructor(receiver: SqsReceiver, sqsQueueName: string, { startMs, waitS }: { startMs: number; waitS: number }) {
    this.#receiver = receiver
    this.#sqsQueueName = sqsQueueName
    this.startMs = startMs
    this.#waitS = waitS
  }

  hasRoom(): boolean {
    return this.#held.length < MAX_HELD
  }

  /** Receives once and deletes what is old enough. Answers whether nothing came. */
  async step(): Promise<boolean> {
    const options = { queueName: '', max: BATCH, waitS: this.#waitS, visibilityS: VISIBILITY_S }
    const { copies, undecodable } = await this.#receiver.receive(this.#sqsQueueName, options)
    const { old = [], later = [] } = Object.groupBy(copies, ({ sentAtMs }) =>
      sentAtMs <= this.startMs ? 'old' : 'later',
    )
    for (const { receiptHandle } of later) this.#held.push(receiptHandle)
    const handles = old.map(({ receiptHandle }) => receiptHandle)
    const outcomes = await this.#receiver.deleteBatch(this.#sqsQueueName, handles)
    const deletedCount = outcomes.filter(({ status }) => status === 'done').length
    this.deletedCount += deletedCount
    if (deletedCount < old.length) this.hasLeft = true
    return copies.length + undecodable.length === 0
  }

  /** Gives back what is to stay. */
  async finish(): Promise<void> {
    const changes = this.#held.map((receiptHandle) => ({ receiptHandle, visibilityS: 0 }))
    await this.#receiver.changeVisibilityBatch(this.#sqsQueueName, changes)
  }
}

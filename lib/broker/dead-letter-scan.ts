import { assertMayConsume } from '../access/permissions.ts'
import type { ReceivedCopy } from '../delivery/received-copy.ts'
import { DEATH_REASON_HEADER, type DeathReason } from '../model/death.ts'
import { BrokerError, invalid, unavailable } from '../model/errors.ts'
import { headersOf } from '../model/message.ts'
import { noSuchObject } from '../model/names.ts'
import type { Queue } from '../model/queue.ts'
import { countReady } from './queue-counts.ts'
import type { VhostSession } from './session.ts'

/** Which dead letters of a queue are meant; what is left out fits all. */
export interface DeadLetterFilter {
  readonly reason?: DeathReason | undefined
  /** As the message was published last. */
  readonly exchange?: string | undefined
  readonly routingKey?: string | undefined
  /** When the message was put among the dead letters, ms since 1970; both are included. */
  readonly sinceMs?: number | undefined
  readonly untilMs?: number | undefined
}

export interface ScanOptions {
  readonly filter: DeadLetterFilter
  /** How many at most; all where it is left out. */
  readonly max?: number | undefined
  /** Whether to look no further. */
  readonly isFull?: () => boolean
  /** Is handed what fits, oldest first as far as SQS hands them out so; answers which of them are to be removed. */
  readonly visit: (letters: readonly ReceivedCopy[]) => Promise<readonly boolean[]>
}

export interface Scanned {
  readonly matchedCount: number
  readonly removedCount: number
  /** About how many there were when it began. */
  readonly totalCount: number
  /** Whether all that was there when it began was looked at, or as many as were wanted; if not, repeat it. */
  readonly isComplete: boolean
}

/** One request looks for so long, ms. */
const SCAN_MS = 20_000
/** Longer than a scan, so that nothing is seen twice. */
const VISIBILITY_S = 60
const BATCH = 10
/** Receives beside each other, where no maximum has to be kept. */
const LANES = 4
/** What does not fit is hidden until the end; hiding more would run into SQS's limit of what is in flight. */
const MAX_HELD = 10_000

/** The queue, where the user may read it: dead letters are its messages. Throws `not-found`, `access-refused`. */
export function queueOfDeadLetters({ access, user, vhost }: VhostSession, name: string): Queue {
  assertMayConsume(access, user, vhost.vhost, name)
  const queue = vhost.queueByName(name)
  if (!queue) throw noSuchObject('queue', name, vhost.vhost)
  return queue
}

/**
 * Looks at each dead letter that a queue keeps and that was there when the scan began, once, for 20 s at most. What is not
 * removed is visible again afterwards. Throws `unavailable` where SQS cannot be used, and what `visit` throws.
 */
export async function scanDeadLetters(session: VhostSession, queue: Queue, options: ScanOptions): Promise<Scanned> {
  const name = queue.deadLetters?.name
  if (name === undefined) return { matchedCount: 0, removedCount: 0, totalCount: 0, isComplete: true }
  const totalCount = await countReady(session.broker, [{ name }])
  const scan = new Scan(session, { queueName: queue.name, name }, options)
  const lanes = Array.from({ length: options.max === undefined ? LANES : 1 }, () => scan.run())
  const outcomes = await Promise.allSettled(lanes)
  await scan.finish()
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  const isComplete = outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value)
  return { matchedCount: scan.matchedCount, removedCount: scan.removedCount, totalCount, isComplete }
}

/** Throws `invalid` where somebody asked for certain dead letters and there are none. */
export function assertMatched(queue: Queue, filter: DeadLetterFilter, { matchedCount, isComplete }: Scanned): void {
  const isFiltered = Object.values(filter).some((value) => value !== undefined)
  if (matchedCount > 0 || !isFiltered || !isComplete) return
  throw invalid(`no dead letter of queue '${queue.name}' matches the filter: nothing was changed`)
}

/** What the lanes of one scan share. */
class Scan {
  matchedCount = 0
  removedCount = 0
  readonly #session: VhostSession
  readonly #queue: { readonly queueName: string; readonly name: string }
  readonly #options: ScanOptions
  readonly #startMs: number
  readonly #held: string[] = []

  constructor(session: VhostSession, queue: { queueName: string; name: string }, options: ScanOptions) {
    this.#session = session
    this.#queue = queue
    this.#options = options
    this.#startMs = session.broker.clock.wallMs()
  }

  /** Answers whether it came to the end. */
  async run(): Promise<boolean> {
    while (this.#mayGoOn()) {
      if (!(await this.#step())) return true
    }
    return this.#left() === 0
  }

  #mayGoOn(): boolean {
    if (this.#left() === 0 || this.#held.length >= MAX_HELD || this.#options.isFull?.()) return false
    return this.#session.broker.clock.wallMs() - this.#startMs < SCAN_MS
  }

  #left(): number {
    return (this.#options.max ?? Number.POSITIVE_INFINITY) - this.matchedCount
  }

  /** Answers whether anything came. */
  async #step(): Promise<boolean> {
    const { receiver } = this.#session.broker.delivery
    const { copies, undecodable } = await this.#receive()
    this.#held.push(...undecodable.map(({ receiptHandle }) => receiptHandle))
    const matching = copies.filter((copy) => this.#isMeant(copy)).slice(0, this.#left())
    this.matchedCount += matching.length
    const inOrder = matching.toSorted((left, right) => left.sentAtMs - right.sentAtMs)
    const isRemoved = await this.#visit(copies, inOrder)
    const removed = new Set(inOrder.filter((_, index) => isRemoved[index]).map(({ receiptHandle }) => receiptHandle))
    this.#held.push(...copies.map(({ receiptHandle }) => receiptHandle).filter((handle) => !removed.has(handle)))
    const outcomes = await receiver.deleteBatch(this.#queue.name, [...removed])
    this.removedCount += outcomes.filter(({ status }) => status === 'done').length
    return copies.length + undecodable.length > 0
  }

  async #receive() {
    const { broker } = this.#session
    const { queueName, name } = this.#queue
    const options = { queueName, max: BATCH, waitS: broker.config.fullPollWaitS, visibilityS: VISIBILITY_S }
    try {
      return await broker.delivery.receiver.receive(name, options)
    } catch (error) {
      throw unavailable(`the dead letters of queue '${queueName}' cannot be read`, { cause: error })
    }
  }

  /** What a failing visitor was handed goes back like the rest. */
  async #visit(copies: readonly ReceivedCopy[], matching: readonly ReceivedCopy[]): Promise<readonly boolean[]> {
    if (matching.length === 0) return []
    try {
      return await this.#options.visit(matching)
    } catch (error) {
      this.#held.push(...copies.map(({ receiptHandle }) => receiptHandle))
      throw error instanceof BrokerError ? error : unavailable('a dead letter could not be handled', { cause: error })
    }
  }

  /** What died after the scan began is not meant, or a message that dies at once again would be seen over and over. */
  #isMeant({ sentAtMs, message }: ReceivedCopy): boolean {
    const { reason, exchange, routingKey, sinceMs = 0, untilMs = Number.POSITIVE_INFINITY } = this.#options.filter
    return (
      sentAtMs <= this.#startMs &&
      sentAtMs >= sinceMs &&
      sentAtMs <= untilMs &&
      (reason === undefined || reason === headersOf(message.properties)[DEATH_REASON_HEADER]) &&
      (exchange === undefined || exchange === message.exchange) &&
      (routingKey === undefined || routingKey === message.routingKey)
    )
  }

  /** Gives back what is to stay. */
  async finish(): Promise<void> {
    const changes = this.#held.map((receiptHandle) => ({ receiptHandle, visibilityS: 0 }))
    await this.#session.broker.delivery.receiver.changeVisibilityBatch(this.#queue.name, changes)
  }
}

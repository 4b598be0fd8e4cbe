import type { PublishInput } from '../../broker/publication.ts'
import type { BrokerError } from '../../model/errors.ts'

/** One publish of a channel, on its way. */
export interface Pending {
  readonly input: PublishInput
  readonly mandatory: boolean
  /** Its number among those to be confirmed; undefined on a channel that confirms nothing. */
  readonly sequence: number | undefined
}

/** What the core says of one publish. */
export type PublishResult = { readonly routed: boolean } | { readonly error: BrokerError }

/** Stores a batch in its order; answers for each message, up to the first one that is refused. */
export type StoreBatch = (batch: readonly Pending[]) => Promise<readonly PublishResult[]>

export interface PublisherOptions {
  /** Looks at the topology for what was pushed before, and answers how to store that in its order, batch by batch. */
  readonly open: () => Promise<StoreBatch>
  /** Told of each batch, in order, once it is stored or not. */
  readonly onResults: (batch: readonly Pending[], results: readonly PublishResult[]) => void
  /** Told where nothing is known of a batch. */
  readonly onFailure: (thrown: unknown) => void
  /** Told when so many bytes more, or fewer, are held here. */
  readonly onHeldBytes: (change: number) => void
}

/** As many as one call of SQS takes. */
const MAX_BATCH = 10
/** What SQS takes at once; a larger message goes alone. */
const MAX_BATCH_BYTES = 1_000_000
/** Publishes that one look at the topology serves: those that had come before it. */
const MAX_PER_LOOK = 200
/** What a message takes beside its payload, about. */
const OVERHEAD_BYTES = 512

/**
 * The publishes of one channel, in order: those that come while others are being stored make up the next batches, one at a
 * time, since SQS need not take two calls in the order in which they are made. So order is kept per queue, a busy channel
 * fills its batches, and an idle one waits for nothing.
 */
export class Publisher {
  readonly #options: PublisherOptions
  #queue: Pending[] = []
  #running: Promise<void> | undefined
  #underWay = 0
  #isStopped = false

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  push(pending: Pending): void {
    if (this.#isStopped) return
    this.#queue.push(pending)
    this.#options.onHeldBytes(sizeOf(pending))
    this.#running ??= this.#run()
  }

  /** Resolves when all that was pushed so far is stored, or not; undefined where nothing is under way. */
  get idle(): Promise<void> | undefined {
    return this.#running
  }

  /** Publishes that are not stored yet. */
  get count(): number {
    return this.#queue.length + this.#underWay
  }

  /** Takes no more, and forgets what is not on its way yet. */
  stop(): void {
    this.#isStopped = true
    this.#release(this.#queue)
    this.#queue = []
  }

  async #run(): Promise<void> {
    // What has been read from the socket in the same turn belongs to the first batch as well.
    await Promise.resolve()
    while (this.#queue.length > 0) await this.#storeSome(Math.min(this.#queue.length, MAX_PER_LOOK))
    this.#running = undefined
  }

  /** Stores so many of those that wait. */
  async #storeSome(count: number): Promise<void> {
    const store = await this.#open()
    for (let left = count; left > 0 && this.#queue.length > 0; ) {
      const batch = this.#nextBatch(left)
      left -= batch.length
      this.#underWay += batch.length
      this.#tell(batch, await store(batch).then((stored): Outcome => ({ stored }), failed))
    }
  }

  /** Where the topology cannot be looked at, nothing can be stored. Never rejects. */
  async #open(): Promise<StoreBatch> {
    try {
      return await this.#options.open()
    } catch (thrown) {
      return () => Promise.reject(thrown)
    }
  }

  #tell(batch: readonly Pending[], outcome: Outcome): void {
    this.#underWay -= batch.length
    if (!this.#isStopped) {
      if ('stored' in outcome) this.#options.onResults(batch, outcome.stored)
      else this.#options.onFailure(outcome.thrown)
    }
    this.#release(batch)
  }

  #nextBatch(atMost: number): readonly Pending[] {
    let count = 0
    let sizeBytes = 0
    for (const pending of this.#queue.slice(0, Math.min(MAX_BATCH, atMost))) {
      sizeBytes += sizeOf(pending)
      if (count > 0 && sizeBytes > MAX_BATCH_BYTES) break
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  #release(pending: readonly Pending[]): void {
    const heldBytes = pending.reduce((sum, one) => sum + sizeOf(one), 0)
    if (heldBytes > 0) this.#options.onHeldBytes(-heldBytes)
  }
}

type Outcome = { readonly stored: readonly PublishResult[] } | { readonly thrown: unknown }

const failed = (thrown: unknown): Outcome => ({ thrown })

const sizeOf = ({ input: { payload } }: Pending): number => payload.length + OVERHEAD_BYTES

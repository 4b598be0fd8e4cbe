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

export interface PublisherOptions {
  /** Stores messages in their order; answers for each, up to the first one that is refused. */
  readonly store: (batch: readonly Pending[]) => Promise<readonly PublishResult[]>
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
/** What a message takes beside its payload, about. */
const OVERHEAD_BYTES = 512

/**
 * The publishes of one channel, in order: those that come while a batch is being stored make up the next. So order is kept
 * per queue, a busy channel fills its batches, and an idle one waits for nothing.
 */
export class Publisher {
  readonly #options: PublisherOptions
  #queue: Pending[] = []
  #idle: Promise<void> | undefined
  #underWay = 0
  #isStopped = false

  constructor(options: PublisherOptions) {
    this.#options = options
  }

  push(pending: Pending): void {
    if (this.#isStopped) return
    this.#queue.push(pending)
    this.#options.onHeldBytes(sizeOf(pending))
    this.#idle ??= this.#run()
  }

  /** Resolves when all that was pushed so far is stored, or not; undefined where nothing is under way. */
  get idle(): Promise<void> | undefined {
    return this.#idle
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
    while (this.#queue.length > 0) {
      const batch = this.#nextBatch()
      this.#underWay = batch.length
      await this.#store(batch)
      this.#underWay = 0
      this.#release(batch)
    }
    this.#idle = undefined
  }

  #nextBatch(): readonly Pending[] {
    let count = 0
    let sizeBytes = 0
    for (const pending of this.#queue.slice(0, MAX_BATCH)) {
      sizeBytes += sizeOf(pending)
      if (count > 0 && sizeBytes > MAX_BATCH_BYTES) break
      count += 1
    }
    return this.#queue.splice(0, count)
  }

  async #store(batch: readonly Pending[]): Promise<void> {
    const { store, onResults, onFailure } = this.#options
    try {
      const results = await store(batch)
      if (!this.#isStopped) onResults(batch, results)
    } catch (error) {
      if (!this.#isStopped) onFailure(error)
    }
  }

  #release(pending: readonly Pending[]): void {
    const heldBytes = pending.reduce((sum, one) => sum + sizeOf(one), 0)
    if (heldBytes > 0) this.#options.onHeldBytes(-heldBytes)
  }
}

const sizeOf = ({ input: { payload } }: Pending): number => payload.length + OVERHEAD_BYTES

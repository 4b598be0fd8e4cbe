import fc from 'fast-check'

/** A queue in which messages die: what its consumer does with them, and where they go then. */
export interface DyingQueue {
  readonly name: string
  /** Rejects every message, or gives it back until the delivery limit is reached. */
  readonly consumer: 'rejects' | { readonly returnsUpTo: number }
  readonly deadLetterExchange: string | undefined
  readonly deadLetterRoutingKey: string | undefined
}

export interface DeathCase {
  readonly queues: readonly DyingQueue[]
  /** Which queue the message is published to first, and in which header, if any, a further queue is named. */
  readonly start: string
  readonly copyTo: { readonly header: 'CC' | 'BCC'; readonly queue: string } | undefined
}

export const QUEUES = ['a', 'b', 'c'] as const
/** Binds each of the queues by its name, and none by another. */
export const DEAD_LETTER_EXCHANGE = 'dlx'

const queueName = fc.constantFrom(...QUEUES)

const dyingQueue = (name: string): fc.Arbitrary<DyingQueue> =>
  fc
    .record({
      consumer: fc.constantFrom<DyingQueue['consumer']>(
        'rejects',
        'rejects',
        'rejects',
        { returnsUpTo: 0 },
        { returnsUpTo: 2 },
      ),
      exchange: fc.constantFrom(undefined, 'missing', ...Array<string>(4).fill(DEAD_LETTER_EXCHANGE), '', '', '', ''),
      routingKey: fc.option(queueName, { nil: undefined, freq: 4 }),
    })
    .map(({ consumer, exchange, routingKey }) => ({
      name,
      consumer,
      deadLetterExchange: exchange,
      deadLetterRoutingKey: exchange === undefined ? undefined : routingKey,
    }))

/** Queues that lead to each other, in chains and cycles, such that a message is in one place at a time. */
export const deathCase: fc.Arbitrary<DeathCase> = fc.record({
  queues: fc.tuple(...QUEUES.map(dyingQueue)),
  start: queueName,
  copyTo: fc.option(fc.record({ header: fc.constantFrom('CC', 'BCC'), queue: queueName }), { nil: undefined }),
})

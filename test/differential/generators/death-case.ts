import fc from 'fast-check'

/** A queue in which messages die: what its consumer does with them, and where they go then. */
export interface DyingQueue {
  readonly name: string
  /** Rejects every message, or gives it back until the delivery limit is reached; or there is none, and messages expire. */
  readonly consumer: 'rejects' | { readonly returnsUpTo: number } | { readonly expiresAfterMs: number | undefined }
  readonly deadLetterExchange: string | undefined
  readonly deadLetterRoutingKey: string | undefined
}

export interface DeathCase {
  readonly queues: readonly DyingQueue[]
  /** Which queue the message is published to first, and in which header, if any, a further queue is named. */
  readonly start: string
  readonly copyTo: { readonly header: 'CC' | 'BCC'; readonly queue: string } | undefined
  /** The message's own time to live, ms; only where nobody consumes from where it starts, as else it is a race. */
  readonly expirationMs?: number | undefined
}

export const isExpiring = ({ consumer }: DyingQueue): boolean =>
  typeof consumer === 'object' && 'expiresAfterMs' in consumer

export const QUEUES = ['a', 'b', 'c'] as const
/** Binds each of the queues by its name, and none by another. */
export const DEAD_LETTER_EXCHANGE = 'dlx'

const queueName = fc.constantFrom(...QUEUES)

const rejecting = fc.constant<DyingQueue['consumer']>('rejects')
const returning = fc.constantFrom<DyingQueue['consumer']>({ returnsUpTo: 0 }, { returnsUpTo: 2 })
const expiring = fc.constantFrom<DyingQueue['consumer']>(
  { expiresAfterMs: 0 },
  { expiresAfterMs: 200 },
  { expiresAfterMs: 1500 },
)
/** Where only messages expire that say so themselves. */
const patient = fc.constant<DyingQueue['consumer']>({ expiresAfterMs: undefined })

const anyConsumer = fc.oneof({ arbitrary: rejecting, weight: 3 }, { arbitrary: returning, weight: 2 })

const dyingQueue = (name: string, consumer: fc.Arbitrary<DyingQueue['consumer']>): fc.Arbitrary<DyingQueue> =>
  fc
    .record({
      consumer,
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
  queues: fc.tuple(...QUEUES.map((name) => dyingQueue(name, anyConsumer))),
  start: queueName,
  copyTo: fc.option(fc.record({ header: fc.constantFrom('CC', 'BCC'), queue: queueName }), { nil: undefined }),
})

/**
 * The same with queues in which messages expire, which nobody sees. Between two rejections a message expires once at most:
 * what more of them make of a history is not compared (differences.ts, `avoided`).
 */
export const expiryCase: fc.Arbitrary<DeathCase> = fc
  .constantFrom<fc.Arbitrary<DyingQueue['consumer']>[]>(
    [expiring, fc.oneof(expiring, patient), returning],
    [fc.oneof(expiring, patient), rejecting, anyConsumer],
    [expiring, rejecting, anyConsumer],
  )
  .chain((consumers) => fc.shuffledSubarray(consumers, { minLength: 3 }))
  .chain((consumers) =>
    fc.record({
      queues: fc.tuple(...QUEUES.map((name, index) => dyingQueue(name, consumers[index] ?? anyConsumer))),
      copyTo: fc.option(fc.record({ header: fc.constantFrom('CC', 'BCC'), queue: queueName }), { nil: undefined }),
      expirationMs: fc.constantFrom(undefined, 0, 300, 2000),
    }),
  )
  .chain(({ queues, expirationMs, copyTo }) => {
    const [unseen, seen] = [queues.filter(isExpiring), queues.filter((queue) => !isExpiring(queue))]
    const startingAt = ({ name }: DyingQueue): DeathCase => ({ queues, copyTo, start: name })
    const fromUnseen = fc.constantFrom(...unseen).map((queue): DeathCase => ({ ...startingAt(queue), expirationMs }))
    const fromSeen = fc.constantFrom(...seen).map(startingAt)
    return fc.oneof({ arbitrary: fromUnseen, weight: 3 }, { arbitrary: fromSeen, weight: 1 })
  })

/** Many of them, to be waited for side by side. */
export const expiryCases = (count: number): fc.Arbitrary<readonly DeathCase[]> =>
  fc.array(expiryCase, { minLength: count, maxLength: count })

import { type AmqpTable, fieldOf, integerOf } from '../../model/amqp-value.ts'
import type { Queue } from '../../model/queue.ts'
import type { PoliciesInForce } from './policies-in-force.ts'
import { parseRetryBackoff, type RetryBackoff } from './retry-backoff.ts'

export type Overflow = 'drop-head' | 'reject-publish' | 'reject-publish-dlx'

/**
 * What is in force for a queue: its arguments and the policies that match it (contract §1.5, §2.4). Numbers are the smaller
 * of the two where both are given; of everything else the argument wins, except that a quorum queue takes its overflow
 * behaviour from the policy. Undefined means that nothing is set.
 */
export interface QueueSettings {
  readonly deadLetterExchange?: string | undefined
  readonly deadLetterRoutingKey?: string | undefined
  readonly messageTtlMs?: number | undefined
  /** How long a queue may be unused before it is deleted, ms. */
  readonly expiresMs?: number | undefined
  readonly maxLength?: number | undefined
  readonly maxLengthBytes?: number | undefined
  readonly overflow?: Overflow | undefined
  /** How often a message may come back before it dies; absent: never. */
  readonly deliveryLimit?: number | undefined
  readonly maxPriority?: number | undefined
  /** How long a delivery may stay unsettled, ms. */
  readonly consumerTimeoutMs?: number | undefined
  /** Whether it takes one message only of those with the same deduplication header. */
  readonly deduplicates: boolean
  readonly retryBackoff?: RetryBackoff | undefined
}

/** A quorum queue's limit where nobody sets one (RabbitMQ 4). */
export const DEFAULT_DELIVERY_LIMIT = 20

export function queueSettings(queue: Queue, { definition }: PoliciesInForce): QueueSettings {
  const { arguments: args } = queue
  return {
    deadLetterExchange: textOf(args, definition, 'dead-letter-exchange'),
    deadLetterRoutingKey: textOf(args, definition, 'dead-letter-routing-key'),
    messageTtlMs: smallestOf(args, definition, 'message-ttl'),
    expiresMs: smallestOf(args, definition, 'expires'),
    maxLength: smallestOf(args, definition, 'max-length'),
    maxLengthBytes: smallestOf(args, definition, 'max-length-bytes'),
    overflow: overflowOf(queue, definition),
    deliveryLimit: deliveryLimitOf(queue, definition),
    maxPriority: integerIn(args, 'x-max-priority'),
    consumerTimeoutMs: smallestOf(args, definition, 'consumer-timeout'),
    deduplicates: fieldOf(args, 'x-message-deduplication') === true,
    retryBackoff: parseRetryBackoff(fieldOf(args, 'x-retry-backoff') ?? fieldOf(definition, 'retry-backoff')),
  }
}

function textOf(args: AmqpTable, definition: AmqpTable, setting: string): string | undefined {
  const value = fieldOf(args, `x-${setting}`) ?? fieldOf(definition, setting)
  return typeof value === 'string' ? value : undefined
}

function smallestOf(args: AmqpTable, definition: AmqpTable, setting: string): number | undefined {
  const own = integerIn(args, `x-${setting}`)
  const fromPolicy = integerIn(definition, setting)
  return own === undefined || fromPolicy === undefined ? (own ?? fromPolicy) : Math.min(own, fromPolicy)
}

function integerIn(table: AmqpTable, name: string): number | undefined {
  const value = integerOf(fieldOf(table, name))
  return value === undefined ? undefined : Number(value)
}

function overflowOf({ type, arguments: args }: Queue, definition: AmqpTable): Overflow | undefined {
  const own = fieldOf(args, 'x-overflow')
  const fromPolicy = fieldOf(definition, 'overflow')
  const value = type === 'quorum' ? (fromPolicy ?? own) : (own ?? fromPolicy)
  return value === 'drop-head' || value === 'reject-publish' || value === 'reject-publish-dlx' ? value : undefined
}

/** Only quorum queues count deliveries. A negative limit is none; set by both, the smaller of those that limit holds. */
function deliveryLimitOf({ type, arguments: args }: Queue, definition: AmqpTable): number | undefined {
  if (type !== 'quorum') return undefined
  const given = [integerIn(args, 'x-delivery-limit'), integerIn(definition, 'delivery-limit')].filter(
    (limit) => limit !== undefined,
  )
  if (given.length === 0) return DEFAULT_DELIVERY_LIMIT
  const limits = given.filter((limit) => limit >= 0)
  return limits.length === 0 ? undefined : Math.min(...limits)
}

/** What decides how often SQS may hand out a message. */
export type RedriveSettings = Pick<QueueSettings, 'deliveryLimit' | 'messageTtlMs'>

/** SQS's bound, and as good as no limit (SQS API Reference, SetQueueAttributes). */
const MAX_RECEIVE_COUNT = 1000

/**
 * A message dies once it has come back more often than the limit: it is delivered once more than that. Where messages
 * expire, looking for those counts as well, so SQS's count says little.
 */
export const maxReceiveCountOf = ({ deliveryLimit, messageTtlMs }: RedriveSettings): number =>
  deliveryLimit === undefined || messageTtlMs !== undefined
    ? MAX_RECEIVE_COUNT
    : Math.min(deliveryLimit + 1, MAX_RECEIVE_COUNT)

import { type AmqpTable, type AmqpValue, integerOf, typeName } from '../../model/amqp-value.ts'
import { preconditionFailed } from '../../model/errors.ts'
import type { FifoGrouping, QueueType } from '../../model/queue.ts'
import { retryBackoffComplaint } from './retry-backoff.ts'

/** RabbitMQ's ceiling of times: ten years (contract §2.4). */
const MAX_TIME_MS = 315_360_000_000
const MAX_PRIORITY = 255

/** Answers what is wrong with a value among these arguments in RabbitMQ's words, or undefined. */
type Check = (value: AmqpValue, args: AmqpTable) => string | undefined

interface ArgumentRule {
  readonly types: readonly QueueType[]
  readonly check: Check
}

const BOTH: readonly QueueType[] = ['classic', 'quorum']
const CLASSIC: readonly QueueType[] = ['classic']
const QUORUM: readonly QueueType[] = ['quorum']

const integer =
  (min: number, max = Number.MAX_SAFE_INTEGER): Check =>
  (value) => {
    const number = integerOf(value)
    if (number === undefined) return notInteger(value)
    if (number < 0 && min >= 0) return `{value_negative,${number}}`
    if (number < min) return number === 0 ? '{value_zero,0}' : `{value_too_small,${number}}`
    if (number > max) return max === MAX_PRIORITY ? `{max_value_exceeded,${number}}` : `{value_too_large,${number}}`
    return undefined
  }

const notInteger = (value: AmqpValue): string => `"expected integer, got ${typeName(value)}"`

const queueVersion: Check = (value) => {
  const version = integerOf(value)
  if (version === undefined) return notInteger(value)
  return version === 1 || version === 2 ? undefined : `"unsupported queue version '${version}'"`
}

const text: Check = (value) => (typeof value === 'string' ? undefined : unacceptableType(value))
const boolean: Check = (value) => (typeof value === 'boolean' ? undefined : unacceptableType(value))

const deadLetterRoutingKey: Check = (value, args) => {
  if (typeof value !== 'string') return unacceptableType(value)
  return args['x-dead-letter-exchange'] === undefined ? 'routing_key_but_no_dlx_defined' : undefined
}

const oneOf =
  (allowed: readonly string[], complaint: (value: string) => string): Check =>
  (value) => {
    if (typeof value !== 'string') return unacceptableType(value)
    return allowed.includes(value) ? undefined : complaint(value)
  }

const unacceptableType = (value: AmqpValue): string => `{unacceptable_type,${typeName(value)}}`

/** For an argument that is checked before the others, with words of its own. */
const checkedApart: Check = () => undefined

const fifoGroup: Check = (value) =>
  fifoGroupOf(value) ? undefined : `"expected 'queue', 'routing-key' or 'header:NAME', got ${JSON.stringify(value)}"`

const retryBackoff: Check = (value) => {
  const complaint = retryBackoffComplaint(value)
  return complaint === undefined ? undefined : JSON.stringify(complaint)
}

/**
 * The arguments that mean something to a queue type (contract §2.4), in the order in which RabbitMQ checks them, which
 * decides what is complained of; all others are stored and ignored.
 */
const RULES: Readonly<Record<string, ArgumentRule>> = {
  'x-expires': { types: BOTH, check: integer(1, MAX_TIME_MS) },
  'x-message-ttl': { types: BOTH, check: integer(0, MAX_TIME_MS) },
  'x-dead-letter-exchange': { types: BOTH, check: checkedApart },
  'x-dead-letter-routing-key': { types: BOTH, check: deadLetterRoutingKey },
  'x-dead-letter-strategy': {
    types: QUORUM,
    check: oneOf(['at-most-once', 'at-least-once'], () => 'invalid_dlx_strategy'),
  },
  'x-max-length': { types: BOTH, check: integer(0) },
  'x-max-length-bytes': { types: BOTH, check: integer(0) },
  'x-max-in-memory-length': { types: QUORUM, check: integer(0) },
  'x-max-in-memory-bytes': { types: QUORUM, check: integer(0) },
  'x-max-priority': { types: CLASSIC, check: integer(0, MAX_PRIORITY) },
  'x-overflow': {
    types: BOTH,
    check: oneOf(['drop-head', 'reject-publish', 'reject-publish-dlx'], () => 'invalid_overflow'),
  },
  'x-queue-mode': {
    types: CLASSIC,
    check: oneOf(['default', 'lazy'], (value) => `"unsupported queue mode '${value}'"`),
  },
  'x-queue-version': { types: CLASSIC, check: queueVersion },
  'x-single-active-consumer': { types: BOTH, check: boolean },
  'x-queue-type': { types: BOTH, check: checkedApart },
  'x-quorum-initial-group-size': { types: QUORUM, check: integer(1) },
  'x-delivery-limit': { types: QUORUM, check: integer(-1) },
  'x-queue-master-locator': { types: CLASSIC, check: text },
  'x-max-age': { types: [], check: text },
  'x-stream-max-segment-size-bytes': { types: [], check: integer(0) },
  'x-stream-filter-size-bytes': { types: [], check: integer(0) },
  'x-initial-cluster-size': { types: [], check: integer(0) },
  'x-queue-leader-locator': { types: BOTH, check: text },
  'x-consumer-timeout': { types: BOTH, check: integer(0) },
  'x-fifo-group': { types: BOTH, check: fifoGroup },
  'x-message-deduplication': { types: BOTH, check: boolean },
  'x-retry-backoff': { types: BOTH, check: retryBackoff },
}

/** The arguments by which a redeclare of a queue of this type is judged (contract §2.1). */
export const comparedArguments = (type: QueueType): readonly string[] =>
  Object.keys(RULES).filter((name) => RULES[name]?.types.includes(type))

/**
 * The type that the arguments ask for; classic where they do not say. Throws `precondition-failed` for an unknown type,
 * and for streams, which SQS cannot serve. `object` as `describeObject` prints it.
 */
export function queueTypeOf(args: AmqpTable, object: string, fallback: QueueType = 'classic'): QueueType {
  const type = args['x-queue-type']
  if (type === undefined) return fallback
  if (type === 'classic' || type === 'quorum') return type
  const complaint =
    type === 'stream'
      ? `"queue type 'stream' is not supported: declare a quorum or classic queue"`
      : typeof type === 'string'
        ? `"unsupported queue type '${type}'"`
        : unacceptableType(type)
  throw invalidArgument('x-queue-type', object, complaint)
}

/** Contract §2.4. Throws `precondition-failed` with RabbitMQ's text for the first argument that is not valid. */
export function assertQueueArguments(args: AmqpTable, type: QueueType, object: string): void {
  const given = Object.entries(RULES).filter(([name]) => Object.hasOwn(args, name))
  for (const [name, { types, check }] of given) {
    const complaint = types.includes(type) ? check(args[name] ?? null, args) : undefined
    if (complaint) throw invalidArgument(name, object, complaint)
  }
  const foreign = given.find(([, { types }]) => !types.includes(type))
  if (foreign) throw preconditionFailed(`invalid arg '${foreign[0]}' for ${object} of queue type rabbit_${type}_queue`)
  assertTogether(args, object)
}

function assertTogether(args: AmqpTable, object: string): void {
  if (args['x-max-priority'] !== undefined && fifoGroupingOf(args)) {
    throw invalidArgument(
      'x-max-priority',
      object,
      '"a FIFO queue has no priorities: drop x-max-priority or the FIFO argument"',
    )
  }
}

const invalidArgument = (name: string, object: string, complaint: string) =>
  preconditionFailed(`invalid arg '${name}' for ${object}: ${complaint}`)

/**
 * How the queue groups messages, or undefined for a standard queue: `x-fifo-group` says it, a single active consumer
 * means one group (contract §2.4: FIFO with one group is its natural form on SQS).
 */
export function fifoGroupingOf(args: AmqpTable): FifoGrouping | undefined {
  const group = args['x-fifo-group']
  if (group !== undefined) return fifoGroupOf(group)
  return args['x-single-active-consumer'] === true ? { by: 'queue' } : undefined
}

const HEADER_GROUP = 'header:'

function fifoGroupOf(value: AmqpValue): FifoGrouping | undefined {
  if (value === 'queue' || value === 'routing-key') return { by: value }
  if (typeof value !== 'string' || !value.startsWith(HEADER_GROUP) || value === HEADER_GROUP) return undefined
  return { by: 'header', header: value.slice(HEADER_GROUP.length) }
}

/** A call or an entry of a batch that failed, after the attempts that were worth making. */
export interface SqsFailure {
  /** Whether the same again may succeed: nothing is known to be wrong with the request. Its effect is unknown. */
  readonly retriable: boolean
  readonly error: Error
}

/** The SQS queue does not exist: deleted behind our back, or not made yet. */
export class MissingQueueError extends Error {
  override readonly name = 'MissingQueueError'
  readonly sqsQueueName: string

  constructor(sqsQueueName: string, options?: { cause?: unknown }) {
    super(`the SQS queue '${sqsQueueName}' does not exist`, options)
    this.sqsQueueName = sqsQueueName
  }
}

/** An entry that SQS refused within a batch call that it accepted. */
export class BatchEntryError extends Error {
  override readonly name = 'BatchEntryError'
  /** SQS's own, such as `InvalidMessageContents`. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

const MISSING_QUEUE = new Set([
  'QueueDoesNotExist',
  'AWS.SimpleQueueService.NonExistentQueue',
  'AWS.SimpleQueueService.QueueDoesNotExist',
])

export const isMissingQueue = (error: unknown): boolean => error instanceof Error && MISSING_QUEUE.has(error.name)

const DELETED_RECENTLY = new Set(['QueueDeletedRecently', 'AWS.SimpleQueueService.QueueDeletedRecently'])

/** The name of a queue cannot be taken for 60 s after it was deleted. */
export const isDeletedRecently = (error: unknown): boolean => error instanceof Error && DELETED_RECENTLY.has(error.name)

/** SQS and its gateways say of these that the client is at fault, but waiting is all that the client can do. */
const THROTTLES =
  /Throttl|OverLimit|TooManyRequests|RequestLimitExceeded|SlowDown|Unavailable|InternalError|InternalFailure/

export const isThrottle = (code: string): boolean => THROTTLES.test(code)

/**
 * What SQS answered as a client's fault stays one; anything else (a server's fault, a throttle, a connection that broke,
 * an answer that was garbled) may go away by itself.
 */
export function isRetriable(error: Error): boolean {
  if (isThrottle(error.name)) return true
  return !('$fault' in error && error.$fault === 'client')
}

export function failureOf(thrown: unknown): SqsFailure {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  return { retriable: isRetriable(error), error }
}

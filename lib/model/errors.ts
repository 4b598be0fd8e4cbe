/**
 * What can go wrong in the broker, told once and rendered by each door in its own form
 * (the HTTPS door: contract §1.1; the AMQP door: reply codes).
 *
 * - `invalid`: the request itself is malformed or a value is out of range;
 * - `precondition-failed`: well-formed, but what exists does not allow it (inequivalent redeclare, in use, not empty);
 * - `access-refused`: authenticated, but not allowed; nothing about what exists is revealed;
 * - `not-found`: what it names does not exist;
 * - `locked`: another connection has it for itself;
 * - `full`: a queue that a message was to go to takes no more;
 * - `protected`: the object is protected from deletion (HTTP 412);
 * - `unavailable`: nothing is known to be wrong with the request; it may be repeated.
 */
export type ErrorKind =
  | 'invalid'
  | 'precondition-failed'
  | 'access-refused'
  | 'not-found'
  | 'locked'
  | 'full'
  | 'protected'
  | 'unavailable'

/** The words of an error: a text, or the structured form that RabbitMQ uses for some (such as `["not_boolean", "troo"]`). */
export type Reason = string | readonly unknown[]

export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly kind: ErrorKind
  readonly reason: Reason
  /** For `unavailable`: when a repetition is likely to succeed. */
  readonly retryAfterS: number | undefined
  /** What channels say (AMQP, publish, get), where management operations answer a `reason` that tells less. */
  readonly explanation: string

  constructor(
    kind: ErrorKind,
    reason: Reason,
    options: { cause?: unknown; retryAfterS?: number; explanation?: string } = {},
  ) {
    super(
      typeof reason === 'string' ? reason : JSON.stringify(reason),
      'cause' in options ? { cause: options.cause } : {},
    )
    this.kind = kind
    this.reason = reason
    this.retryAfterS = options.retryAfterS
    this.explanation = options.explanation ?? this.message
  }
}

export const invalid = (reason: Reason): BrokerError => new BrokerError('invalid', reason)
export const preconditionFailed = (reason: string): BrokerError => new BrokerError('precondition-failed', reason)
export const accessRefused = (reason: string, explanation = reason): BrokerError =>
  new BrokerError('access-refused', reason, { explanation })
/** Without a text: the plain form that clients compare as a whole (contract §1.1, error body). */
export const notFound = (reason = 'Not Found'): BrokerError => new BrokerError('not-found', reason)
export const unavailable = (reason: string, options: { cause?: unknown; retryAfterS?: number } = {}): BrokerError =>
  new BrokerError('unavailable', reason, options)

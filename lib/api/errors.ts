import { AuthenticationError } from '../access/authenticate.ts'
import { hasVhostAccess } from '../access/authorise.ts'
import type { VhostSession } from '../broker/session.ts'
import type { AuthMode } from '../config.ts'
import { EntryTooLargeError } from '../journal/entry.ts'
import { logError } from '../log.ts'
import { accessRefused, BrokerError, type ErrorKind, invalid, unavailable } from '../model/errors.ts'
import { answer } from './answer.ts'
import type { ApiContext } from './env.ts'
import { json } from './respond.ts'

/** The one place where the broker's errors become RabbitMQ's HTTP answers (contract §1.1). */
const ANSWERS: Record<ErrorKind, { readonly status: 400 | 401 | 404 | 412 | 503; readonly error: string }> = {
  invalid: { status: 400, error: 'bad_request' },
  'precondition-failed': { status: 400, error: 'bad_request' },
  'access-refused': { status: 401, error: 'not_authorised' },
  'not-found': { status: 404, error: 'not_found' },
  locked: { status: 400, error: 'bad_request' },
  full: { status: 400, error: 'bad_request' },
  protected: { status: 412, error: 'precondition_failed' },
  unavailable: { status: 503, error: 'service_unavailable' },
}

/** A request that is malformed in a way for which the API has a code of its own, such as `page_out_of_range`. */
export class CodedError extends BrokerError {
  readonly code: string

  constructor(code: string, reason: string) {
    super('invalid', reason)
    this.code = code
  }
}

/** The form of a missing object without a text of its own: clients compare it as a whole. */
const PLAIN_NOT_FOUND = { error: 'Object Not Found', reason: 'Not Found' }

/** The body of an error: `{error, reason}`. */
export function errorBody(error: BrokerError): { error: string; reason: unknown } {
  const { kind, reason } = error
  if (kind === 'not-found' && reason === PLAIN_NOT_FOUND.reason) return PLAIN_NOT_FOUND
  return { error: error instanceof CodedError ? error.code : ANSWERS[kind].error, reason }
}

/** How AMQP calls what RabbitMQ's channels refuse; the HTTP API repeats the code with some (contract §1.1). */
const CHANNEL_PREFIXES: Partial<Record<ErrorKind, string>> = {
  'precondition-failed': '406 PRECONDITION_FAILED',
  'access-refused': 'ACCESS_REFUSED',
  'not-found': 'NOT_FOUND',
  locked: '405 RESOURCE_LOCKED',
}

/** The error in the words of a channel, which name the object and who was refused. */
export function channelError(error: BrokerError): BrokerError {
  const prefix = CHANNEL_PREFIXES[error.kind]
  if (prefix === undefined) return error
  return new BrokerError(error.kind, `${prefix} - ${error.explanation}`, { cause: error })
}

/**
 * Does what RabbitMQ does through a channel: publish and get. None opens for an administrator without an entry in the
 * vhost; the errors of the others are {@link channelError}s.
 */
export async function throughChannel<T>(session: VhostSession, work: () => Promise<T>): Promise<T> {
  const { access, user, vhost } = session
  if (!hasVhostAccess(access, user, vhost.vhost)) throw accessRefused('Access refused.')
  try {
    return await work()
  } catch (error) {
    throw error instanceof BrokerError ? channelError(error) : error
  }
}

const DEFAULT_RETRY_AFTER_S = 1

/** Anything but the errors that rooms below announce is a defect of ours: it says nothing of the inside to the caller. */
export function errorResponse(c: ApiContext, error: unknown): Response {
  if (error instanceof AuthenticationError) return authenticationResponse(c, error)
  if (error instanceof EntryTooLargeError) return brokerErrorResponse(c, TOO_LARGE)
  if (error instanceof BrokerError) return brokerErrorResponse(c, error)
  logError('a request failed', error, { method: c.req.method })
  if (isAwsFailure(error)) return brokerErrorResponse(c, AWS_FAILED)
  c.get('broker').counters.Failed += 1
  return json(c, { error: 'internal_server_error', reason: 'Internal Server Error' }, 500)
}

/** The AWS SDK marks whatever it gave up on, network failures included. */
const isAwsFailure = (error: unknown): boolean => error instanceof Error && '$metadata' in error

const AWS_FAILED = unavailable('a service that the broker depends on did not answer as it should: try again')

const TOO_LARGE = invalid('what the request declares is too large for one change of the topology: make it smaller')

function brokerErrorResponse(c: ApiContext, error: BrokerError): Response {
  const { status } = ANSWERS[error.kind]
  if (error.kind === 'unavailable') c.get('broker').counters.Unavailable += 1
  // The caller is told to try again; an operator is told why.
  if (error.kind === 'unavailable' && error.cause !== undefined) logError(error.message, error.cause)
  const headers = status === 503 ? { 'retry-after': String(error.retryAfterS ?? DEFAULT_RETRY_AFTER_S) } : {}
  return json(c, errorBody(error), status, headers)
}

const CHALLENGES: Record<AuthMode, string> = {
  basic: 'Basic realm="RabbitMQ Management"',
  iam: 'AWS4-HMAC-SHA256',
}

/** Contract §1.1: no body without credentials, and none for a header that cannot be read. */
function authenticationResponse(c: ApiContext, { problem, message }: AuthenticationError): Response {
  const challenge = { 'www-authenticate': CHALLENGES[c.get('broker').config.auth] }
  if (problem === 'missing-credentials') return answer(401, challenge)
  if (problem === 'malformed-credentials') return answer(400)
  return json(c, { error: 'not_authorized', reason: message }, 401, challenge)
}

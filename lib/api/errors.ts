import { logError } from '../log.ts'
import { BrokerError, type ErrorKind } from '../model/errors.ts'
import type { ApiContext } from './env.ts'
import { json } from './respond.ts'

/** The one place where the broker's errors become RabbitMQ's HTTP answers (contract §1.1). */
const ANSWERS: Record<ErrorKind, { readonly status: 400 | 401 | 404 | 412 | 503; readonly error: string }> = {
  invalid: { status: 400, error: 'bad_request' },
  'precondition-failed': { status: 400, error: 'bad_request' },
  'access-refused': { status: 401, error: 'not_authorised' },
  'not-found': { status: 404, error: 'not_found' },
  protected: { status: 412, error: 'precondition_failed' },
  unavailable: { status: 503, error: 'service_unavailable' },
}

/** The form of a missing object without a text of its own: clients compare it as a whole. */
const PLAIN_NOT_FOUND = { error: 'Object Not Found', reason: 'Not Found' }

/** The body of an error: `{error, reason}`. */
export function errorBody({ kind, reason }: BrokerError): { error: string; reason: unknown } {
  if (kind === 'not-found' && reason === PLAIN_NOT_FOUND.reason) return PLAIN_NOT_FOUND
  return { error: ANSWERS[kind].error, reason }
}

const DEFAULT_RETRY_AFTER_S = 1

/** Anything but a BrokerError is a defect of ours: it says nothing of the inside to the caller. */
export function errorResponse(c: ApiContext, error: unknown): Response {
  if (!(error instanceof BrokerError)) {
    logError('a request failed', error, { method: c.req.method })
    return json(c, { error: 'internal_server_error', reason: 'Internal Server Error' }, 500)
  }
  const { status } = ANSWERS[error.kind]
  const headers = status === 503 ? { 'retry-after': String(error.retryAfterS ?? DEFAULT_RETRY_AFTER_S) } : {}
  return json(c, errorBody(error), status, headers)
}

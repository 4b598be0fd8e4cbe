import { DynamoDBServiceException, TransactionCanceledException } from '@aws-sdk/client-dynamodb'
import { StoreError } from './store.ts'

/** Refused before anything happened. */
const BUSY: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
])

/** Why an item of a cancelled transaction stopped it, where nothing is wrong with the item. */
const BUSY_REASONS: ReadonlySet<string> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
])

export const CONDITION_FAILED = 'ConditionalCheckFailed'

/** What the SDK and Node call a request whose answer did not arrive. */
const CONNECTION_ERRORS: ReadonlySet<string> = new Set([
  'TimeoutError',
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
])

/** The error as one that may be retried, or undefined where it may not: a failed condition, or a defect such as a ValidationException. */
export function toStoreError(error: unknown): StoreError | undefined {
  if (!(error instanceof Error)) return undefined
  if (error instanceof TransactionCanceledException) return cancelled(error)
  if (error instanceof DynamoDBServiceException) {
    if (BUSY.has(error.name)) return new StoreError('busy', error.message, { cause: error })
    const isUnknown = error.$fault === 'server' || error.name === 'TransactionInProgressException'
    return isUnknown ? new StoreError('unknown', error.message, { cause: error }) : undefined
  }
  const isConnectionLost = CONNECTION_ERRORS.has(error.name) || CONNECTION_ERRORS.has(codeOf(error))
  return isConnectionLost ? new StoreError('unknown', error.message, { cause: error }) : undefined
}

/** A failed condition is an answer, and outranks what else happened. */
function cancelled(error: TransactionCanceledException): StoreError | undefined {
  const reasons = (error.CancellationReasons ?? []).map(({ Code }) => Code ?? 'None').filter((code) => code !== 'None')
  const isBusy = reasons.every((reason) => BUSY_REASONS.has(reason))
  return isBusy ? new StoreError('busy', error.message, { cause: error }) : undefined
}

const codeOf = (error: Error): string => ('code' in error && typeof error.code === 'string' ? error.code : '')

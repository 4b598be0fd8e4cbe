/** What the query protocol calls an error, and its status, where they differ from the shape's name and 400. */
const WIRE_FORMS: Readonly<Record<string, { readonly code?: string; readonly status?: number }>> = {
  BatchEntryIdsNotDistinct: { code: 'AWS.SimpleQueueService.BatchEntryIdsNotDistinct' },
  BatchRequestTooLong: { code: 'AWS.SimpleQueueService.BatchRequestTooLong' },
  EmptyBatchRequest: { code: 'AWS.SimpleQueueService.EmptyBatchRequest' },
  InvalidAddress: { status: 404 },
  InvalidBatchEntryId: { code: 'AWS.SimpleQueueService.InvalidBatchEntryId' },
  MessageNotInflight: { code: 'AWS.SimpleQueueService.MessageNotInflight' },
  OverLimit: { status: 403 },
  PurgeQueueInProgress: { code: 'AWS.SimpleQueueService.PurgeQueueInProgress', status: 403 },
  QueueDeletedRecently: { code: 'AWS.SimpleQueueService.QueueDeletedRecently' },
  QueueDoesNotExist: { code: 'AWS.SimpleQueueService.NonExistentQueue' },
  QueueNameExists: { code: 'QueueAlreadyExists' },
  ReceiptHandleIsInvalid: { status: 404 },
  RequestEntityTooLarge: { status: 413 },
  ResourceNotFoundException: { status: 404 },
  TooManyEntriesInBatchRequest: { code: 'AWS.SimpleQueueService.TooManyEntriesInBatchRequest' },
  UnsupportedOperation: { code: 'AWS.SimpleQueueService.UnsupportedOperation' },
}

/**
 * An error that SQS reports to its caller, always the caller's fault.
 * It must be thrown before the request has written anything: the tick it belongs to is committed all the same.
 */
export class SqsError extends Error {
  /** The shape's name: what `__type` carries and what an SDK makes a class of. */
  readonly shape: string
  /** The query protocol's code: what the `x-amzn-query-error` header and batch entries carry. */
  readonly code: string
  readonly status: number

  constructor(shape: string, message: string) {
    super(message)
    this.name = 'SqsError'
    this.shape = shape
    this.code = WIRE_FORMS[shape]?.code ?? shape
    this.status = WIRE_FORMS[shape]?.status ?? 400
  }
}

export function queueDoesNotExist(): SqsError {
  return new SqsError('QueueDoesNotExist', 'The specified queue does not exist.')
}

export function invalidParameterValue(message: string): SqsError {
  return new SqsError('InvalidParameterValue', message)
}

/** AWS's usual sentence about one parameter. */
export function invalidValueFor(parameter: string, value: string | number, reason: string): SqsError {
  return invalidParameterValue(`Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`)
}

export function missingParameter(parameter: string): SqsError {
  return new SqsError('MissingParameter', `The request must contain the parameter ${parameter}.`)
}

export function serializationError(message: string): SqsError {
  return new SqsError('SerializationException', message)
}

import { BrokerError, type ErrorKind } from '../model/errors.ts'
import { idsOf, type MethodName } from './protocol/methods.ts'
import { ProtocolError, type ReplyCode, replyText } from './protocol/protocol-error.ts'

/** Those that end a channel; every other one ends the connection (contract §4). */
const CHANNEL_CODES: ReadonlySet<ReplyCode> = new Set([311, 403, 404, 405, 406])

/** What ends a channel or a connection, in RabbitMQ's words. */
export class AmqpError extends Error {
  override readonly name = 'AmqpError'
  readonly code: ReplyCode
  /** The method that the client is told of; undefined for what no method brought about. */
  readonly method: MethodName | undefined

  constructor(code: ReplyCode, explanation: string, method?: MethodName) {
    super(explanation)
    this.code = code
    this.method = method
  }

  get scope(): 'channel' | 'connection' {
    return CHANNEL_CODES.has(this.code) ? 'channel' : 'connection'
  }

  /** The same error, of this method unless it has one. */
  of(method: MethodName | undefined): AmqpError {
    return this.method === undefined && method !== undefined ? new AmqpError(this.code, this.message, method) : this
  }
}

/** The arguments of a close. */
export interface CloseReason {
  readonly replyCode: number
  readonly replyText: string
  readonly classId: number
  readonly methodId: number
}

const NO_METHOD = { classId: 0, methodId: 0 } as const

export function closeReasonOf(error: AmqpError | ProtocolError): CloseReason {
  if (error instanceof ProtocolError) {
    const { code, text, classId, methodId } = error
    return { replyCode: code, replyText: text, classId, methodId }
  }
  const { code, message, method } = error
  return { replyCode: code, replyText: replyText(code, message), ...(method ? idsOf(method) : NO_METHOD) }
}

const CODES: Readonly<Record<ErrorKind, ReplyCode>> = {
  invalid: 406,
  'precondition-failed': 406,
  'access-refused': 403,
  'not-found': 404,
  locked: 405,
  full: 506,
  protected: 406,
  unavailable: 541,
}

/** What an error of the core is for the client; anything else that was thrown is ours, and tells it nothing. */
export function amqpErrorOf(thrown: unknown): AmqpError {
  if (thrown instanceof AmqpError) return thrown
  if (thrown instanceof BrokerError) return new AmqpError(CODES[thrown.kind], thrown.explanation)
  return new AmqpError(541, '')
}

/** Whether nobody expected it, so that it is to be logged. */
export const isUnexpected = (thrown: unknown): boolean =>
  !(thrown instanceof AmqpError || thrown instanceof BrokerError)

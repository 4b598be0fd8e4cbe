/** The names that reply texts begin with (amqp-contract §1). */
const REPLY_NAMES = {
  311: 'CONTENT_TOO_LARGE',
  312: 'NO_ROUTE',
  313: 'NO_CONSUMERS',
  320: 'CONNECTION_FORCED',
  402: 'INVALID_PATH',
  403: 'ACCESS_REFUSED',
  404: 'NOT_FOUND',
  405: 'RESOURCE_LOCKED',
  406: 'PRECONDITION_FAILED',
  501: 'FRAME_ERROR',
  502: 'SYNTAX_ERROR',
  503: 'COMMAND_INVALID',
  504: 'CHANNEL_ERROR',
  505: 'UNEXPECTED_FRAME',
  506: 'RESOURCE_ERROR',
  530: 'NOT_ALLOWED',
  540: 'NOT_IMPLEMENTED',
  541: 'INTERNAL_ERROR',
} as const

export type ReplyCode = keyof typeof REPLY_NAMES

const MAX_TEXT_BYTES = 255
const CUT_MARK = '...'

/** `NAME - explanation`, cut where it would not be a short string; without an explanation the name alone. */
export function replyText(code: ReplyCode, explanation = ''): string {
  const text = explanation === '' ? REPLY_NAMES[code] : `${REPLY_NAMES[code]} - ${explanation}`
  const bytes = Buffer.from(text)
  if (bytes.length <= MAX_TEXT_BYTES) return text
  return bytes.toString('utf8', 0, characterBoundary(bytes, MAX_TEXT_BYTES - CUT_MARK.length)) + CUT_MARK
}

/** The last place at or before `end` where a character of UTF-8 begins. */
function characterBoundary(bytes: Buffer, end: number): number {
  let at = end
  while (at > 0 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1
  return at
}

export interface ProtocolErrorOptions {
  /** The method that is complained about; 0 and 0 where there is none. */
  readonly classId?: number
  readonly methodId?: number
  /** Nothing that follows can be told apart any more: stop reading. */
  readonly isFatal?: boolean
}

/** Bytes that break the protocol (amqp-contract §1). They end the connection: `code`, `text` and ids are those of its close. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ReplyCode
  /** `NAME - explanation`. */
  readonly text: string
  readonly classId: number
  readonly methodId: number
  readonly isFatal: boolean

  constructor(code: ReplyCode, explanation: string, options: ProtocolErrorOptions = {}) {
    const text = replyText(code, explanation)
    super(text)
    this.code = code
    this.text = text
    this.classId = options.classId ?? 0
    this.methodId = options.methodId ?? 0
    this.isFatal = options.isFatal ?? false
  }
}

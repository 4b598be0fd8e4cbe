import { invalidParameterValue, invalidValueFor, missingParameter, SqsError } from './errors.ts'
import { type JsonObject, readObjectMap, readString, readStringList } from './input.ts'
import { type MessageAttribute, sizeOfAttribute } from './message-digest.ts'

const MAX_ATTRIBUTES = 10
const ALLOWED_CHARACTERS = /^[\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]*$/u
const ATTRIBUTE_NAME = /^(?!.*\.\.)(?!\.)(?!aws\.)(?!amazon\.)[a-z0-9_.-]{1,256}(?<!\.)$/i
const ATTRIBUTE_TYPE = /^(String|Number|Binary)(\..+)?$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const FIFO_ID = /^[\x21-\x7e]{1,128}$/
const TRACE_HEADER = 'AWSTraceHeader'

/** @throws MissingParameter for an empty body, InvalidMessageContents for a character that SQS cannot carry. */
export function parseBody(input: JsonObject): string {
  const body = readString(input, 'MessageBody')
  if (body === undefined || body === '') throw missingParameter('MessageBody')
  if (!ALLOWED_CHARACTERS.test(body)) {
    throw new SqsError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
    )
  }
  return body
}

/** @throws InvalidParameterValue for more than ten attributes, or for one that breaks SQS's rules for names and values. */
export function parseMessageAttributes(input: JsonObject): Map<string, MessageAttribute> {
  const attributes = new Map<string, MessageAttribute>()
  const entries = readObjectMap(input, 'MessageAttributes')
  if (entries.size > MAX_ATTRIBUTES) {
    throw invalidParameterValue(
      `Number of message attributes [${entries.size}] exceeds the allowed maximum [${MAX_ATTRIBUTES}].`,
    )
  }
  for (const [name, value] of entries) {
    if (!ATTRIBUTE_NAME.test(name)) {
      throw invalidParameterValue(
        `The message attribute name '${name}' is invalid. It can contain alphanumeric characters, underscores, hyphens and single periods between them, up to 256 characters, and must not start with AWS-reserved prefixes.`,
      )
    }
    attributes.set(name, parseAttribute(name, value))
  }
  return attributes
}

/** The one system attribute that a sender may set. It does not count towards the message's size. */
export function parseTraceHeader(input: JsonObject): Map<string, MessageAttribute> {
  const attributes = new Map<string, MessageAttribute>()
  for (const [name, value] of readObjectMap(input, 'MessageSystemAttributes')) {
    if (name !== TRACE_HEADER) {
      throw invalidParameterValue(`Message system attribute name '${name}' is invalid.`)
    }
    const attribute = parseAttribute(name, value)
    if (attribute.DataType !== 'String') {
      throw invalidParameterValue(`The message system attribute '${name}' must be of the type 'String'.`)
    }
    attributes.set(name, attribute)
  }
  return attributes
}

function parseAttribute(name: string, input: JsonObject): MessageAttribute {
  const dataType = readString(input, 'DataType') ?? ''
  const kind = ATTRIBUTE_TYPE.exec(dataType)?.[1]
  if (kind === undefined || dataType.length > 256) {
    throw invalidParameterValue(
      `The message attribute '${name}' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.`,
    )
  }
  if (readStringList(input, 'StringListValues').length + readStringList(input, 'BinaryListValues').length > 0) {
    throw new SqsError('UnsupportedOperation', 'Message attribute list values are not supported.')
  }
  const value = readString(input, kind === 'Binary' ? 'BinaryValue' : 'StringValue')
  if (value === undefined || value === '') {
    throw invalidParameterValue(
      `The message attribute '${name}' must contain non-empty message attribute value for message attribute type '${kind}'.`,
    )
  }
  if (kind === 'Binary') return { DataType: dataType, BinaryValue: value }
  if (kind === 'Number' && !NUMBER.test(value)) {
    throw invalidParameterValue(`Can't cast the value of message attribute '${name}' to a number.`)
  }
  if (!ALLOWED_CHARACTERS.test(value)) {
    throw invalidParameterValue(`The message attribute '${name}' contains invalid characters.`)
  }
  return { DataType: dataType, StringValue: value }
}

/** What counts towards MaximumMessageSize: the body and every attribute's name, type and value. */
export function messageSizeBytes(body: string, attributes: ReadonlyMap<string, MessageAttribute>): number {
  let sizeBytes = Buffer.byteLength(body)
  for (const [name, attribute] of attributes) {
    sizeBytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType) + sizeOfAttribute(attribute)
  }
  return sizeBytes
}

/** A message group id, deduplication id or receive attempt id. @throws InvalidParameterValue */
export function readFifoId(input: JsonObject, name: string): string | undefined {
  const value = readString(input, name)
  if (value === undefined || FIFO_ID.test(value)) return value
  throw invalidValueFor(
    name,
    value,
    `${name} can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  )
}

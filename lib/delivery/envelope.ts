import { isUtf8 } from 'node:buffer'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { type Message, withoutBcc } from '../model/message.ts'
import { type BodyForm, encodeMetadata, NO_KEYS, parseMetadata } from './envelope-metadata.ts'
import { attributeSizeBytes, isCarried } from './sqs-text.ts'

/** The message attribute that holds everything of a message but its payload. Equal in all copies of a publish. */
export const MESSAGE_ATTRIBUTE = 'leveret'

/** A message on its way to queues: its headers hold no BCC, which receivers never see (contract §3.1). */
export interface Envelope {
  readonly message: Message
  /** The keys that BCC held: a dead-lettered message is routed by them again (contract §3.7). */
  readonly bccKeys: readonly string[]
}

/** What SQS holds of a message. Without the attribute, something other than Leveret put it into the SQS queue. */
export interface StoredMessage {
  readonly body: string
  readonly attribute?: string | undefined
}

/** A message made ready once for any number of sends. */
export interface EncodedMessage extends StoredMessage {
  /** Of the body and the attribute's name, type and value, as SQS counts. */
  readonly sizeBytes: number
}

/** A message as read, its payload at hand or in a blob. */
export interface DecodedMessage extends Omit<Message, 'payload'> {
  readonly bccKeys: readonly string[]
  readonly body: { readonly payload: Uint8Array } | { readonly claimCheck: string }
}

/** The envelope of a message as it was published. The keys in BCC must have been checked (`routingKeysOf` does). */
export function envelopeOf(message: Message): Envelope {
  const bcc = message.properties.headers?.BCC
  if (bcc === undefined) return { message, bccKeys: NO_KEYS }
  const bccKeys = Array.isArray(bcc) ? bcc.filter((key) => typeof key === 'string') : NO_KEYS
  return { message: { ...message, properties: withoutBcc(message.properties) }, bccKeys }
}

/** What stands in for an empty payload: an SQS body cannot be empty. */
const EMPTY_BODY = '-'

/** With the payload in the SQS body: as it is where SQS can carry it, so that any SQS consumer can read it, else in base64. */
export function encodeInline(envelope: Envelope): EncodedMessage {
  const { payload } = envelope.message
  if (payload.length === 0) return encode(envelope, 'empty', EMPTY_BODY)
  const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength)
  const text = isUtf8(bytes) ? bytes.toString('utf8') : undefined
  if (text !== undefined && isCarried(text)) return encode(envelope, 'text', text)
  return encode(envelope, 'base64', bytes.toString('base64'))
}

/** With the payload in the blob of the given key. */
export const encodeClaimCheck = (envelope: Envelope, key: string): EncodedMessage =>
  encode(envelope, 'claim-check', key)

function encode({ message, bccKeys }: Envelope, form: BodyForm, body: string): EncodedMessage {
  const attribute = encodeMetadata(message, bccKeys, form)
  const sizeBytes = Buffer.byteLength(body) + attributeSizeBytes(MESSAGE_ATTRIBUTE, attribute)
  return { body, attribute, sizeBytes }
}

/**
 * Reads a message back. `queueName` is the declared queue that it was in: what comes without the attribute reads as
 * published to the default exchange with that name as its routing key.
 * Throws `UnknownEnvelopeError`.
 */
export function decodeMessage({ body, attribute }: StoredMessage, queueName: string): DecodedMessage {
  if (attribute === undefined) {
    const payload = Buffer.from(body)
    return { exchange: DEFAULT_EXCHANGE, routingKey: queueName, properties: {}, bccKeys: NO_KEYS, body: { payload } }
  }
  const { bodyForm, ...metadata } = parseMetadata(attribute)
  return { ...metadata, body: decodeBody(body, bodyForm) }
}

function decodeBody(body: string, form: BodyForm): DecodedMessage['body'] {
  if (form === 'claim-check') return { claimCheck: body }
  if (form === 'empty') return { payload: new Uint8Array(0) }
  return { payload: Buffer.from(body, form === 'base64' ? 'base64' : 'utf8') }
}

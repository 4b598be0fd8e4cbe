import { isTable } from '../model/amqp-value.ts'
import { DEFAULT_EXCHANGE } from '../model/exchange.ts'
import { fromStored, toStored } from '../model/json.ts'
import type { Message, Properties } from '../model/message.ts'
import { carriedJson } from './sqs-text.ts'

/** The newest form of the attribute that this code writes; it reads this one only. */
export const ENVELOPE_VERSION = 1

/** How the SQS body holds the payload: as it is, in base64, not at all (an SQS body cannot be empty), or as the key of a blob. */
export type BodyForm = 'text' | 'base64' | 'empty' | 'claim-check'

/** Everything of a message but its payload. */
export interface Metadata extends Omit<Message, 'payload'> {
  readonly bodyForm: BodyForm
  readonly bccKeys: readonly string[]
}

/**
 * A newer version wrote the message, or something other than Leveret did. Whoever meets it leaves the message where it
 * is, for a version that can read it, and never deletes it.
 */
export class UnknownEnvelopeError extends Error {
  override readonly name = 'UnknownEnvelopeError'
}

export const NO_KEYS: readonly string[] = Object.freeze([])

/** The attribute's JSON, which SQS carries whatever it holds. What is at its default is left out. */
export function encodeMetadata(message: Omit<Message, 'payload'>, bccKeys: readonly string[], form: BodyForm): string {
  return carriedJson({
    v: ENVELOPE_VERSION,
    body: form === 'text' ? undefined : form,
    exchange: message.exchange === DEFAULT_EXCHANGE ? undefined : message.exchange,
    key: message.routingKey === '' ? undefined : message.routingKey,
    bcc: bccKeys.length === 0 ? undefined : bccKeys,
    properties: storedProperties(message.properties),
  })
}

/** Throws {@link UnknownEnvelopeError} for whatever {@link encodeMetadata} does not write. */
export function parseMetadata(attribute: string): Metadata {
  const { v, body = 'text', exchange = DEFAULT_EXCHANGE, key = '', bcc = NO_KEYS, properties } = parseFields(attribute)
  if (v !== ENVELOPE_VERSION) throw new UnknownEnvelopeError(`the message is in form '${String(v).slice(0, 40)}'`)
  if (!isBodyForm(body) || typeof exchange !== 'string' || typeof key !== 'string' || !isTexts(bcc)) {
    throw new UnknownEnvelopeError('a field of the envelope is not of its type')
  }
  return { bodyForm: body, exchange, routingKey: key, bccKeys: bcc, properties: parseProperties(properties) }
}

/** Throws {@link UnknownEnvelopeError} for anything but the text of a JSON object. */
export function parseFields(json: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (cause) {
    throw new UnknownEnvelopeError('not JSON where JSON is due', { cause })
  }
  if (isFields(value)) return value
  throw new UnknownEnvelopeError('not a JSON object where one is due')
}

const isFields = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((element) => typeof element === 'string')

const isBodyForm = (value: unknown): value is BodyForm =>
  value === 'text' || value === 'base64' || value === 'empty' || value === 'claim-check'

/** Every property with the type of its stored form: what is written is what can be read. */
const PROPERTY_TYPES: Record<keyof Properties, 'string' | 'number' | 'table'> = {
  content_type: 'string',
  content_encoding: 'string',
  headers: 'table',
  delivery_mode: 'number',
  priority: 'number',
  correlation_id: 'string',
  reply_to: 'string',
  expiration: 'string',
  message_id: 'string',
  timestamp: 'number',
  type: 'string',
  user_id: 'string',
  app_id: 'string',
  cluster_id: 'string',
}

const isPropertyName = (name: string): name is keyof Properties => Object.hasOwn(PROPERTY_TYPES, name)

function storedProperties(properties: Properties): object | undefined {
  const stored: Record<string, unknown> = {}
  let isEmpty = true
  for (const name of Object.keys(properties)) {
    if (!isPropertyName(name) || properties[name] === undefined) continue
    stored[name] = name === 'headers' ? toStored(properties.headers ?? {}) : properties[name]
    isEmpty = false
  }
  return isEmpty ? undefined : stored
}

function parseProperties(stored: unknown): Properties {
  if (stored === undefined) return {}
  if (!isFields(stored)) throw new UnknownEnvelopeError('the properties are not an object')
  return Object.fromEntries(Object.entries(stored).map(([name, value]) => [name, parseProperty(name, value)]))
}

function parseProperty(name: string, stored: unknown): unknown {
  const type = isPropertyName(name) ? PROPERTY_TYPES[name] : undefined
  if (type === 'table') return parseHeaders(stored)
  if ((type === 'string' && typeof stored === 'string') || (type === 'number' && typeof stored === 'number')) {
    return stored
  }
  throw new UnknownEnvelopeError(`the property '${name.slice(0, 40)}' is unknown or not of its type`)
}

function parseHeaders(stored: unknown): NonNullable<Properties['headers']> {
  let headers: ReturnType<typeof fromStored>
  try {
    headers = fromStored(stored)
  } catch (cause) {
    throw new UnknownEnvelopeError('the headers are not in a known form', { cause })
  }
  if (isTable(headers)) return headers
  throw new UnknownEnvelopeError('the headers are not a table')
}

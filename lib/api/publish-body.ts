import type { PublishEntry } from '../broker/publish-batch.ts'
import { type AmqpTable, type AmqpValue, isTable } from '../model/amqp-value.ts'
import { BrokerError, invalid } from '../model/errors.ts'
import type { Properties } from '../model/message.ts'
import { assertFields } from './body.ts'
import { parseProperties } from './properties.ts'

/** What a publish body says (contract §1.3); the exchange is in the path. */
export interface PublishBody {
  readonly routingKey: string
  readonly properties: Properties
  readonly payload: Uint8Array
}

/** Lambda takes 6 MB, of which base64 leaves three quarters (docs/api.md). */
export const MAX_PUBLISH_BYTES = 4_500_000

const PUBLISH_FIELDS = ['routing_key', 'properties', 'payload', 'payload_encoding']

/** What RabbitMQ asks of a body before it opens a channel. Throws `invalid` in RabbitMQ's words. */
export function assertPublishFields(body: AmqpTable): void {
  assertFields(body, PUBLISH_FIELDS)
  if (typeof body.payload !== 'string') throw invalid('payload_not_string')
}

/** Throws `invalid` in RabbitMQ's words. */
export function parsePublishBody(body: AmqpTable): PublishBody {
  assertPublishFields(body)
  return {
    routingKey: parseRoutingKey(body.routing_key),
    properties: parseProperties(body.properties ?? null),
    payload: parsePayload(String(body.payload), body.payload_encoding ?? null),
  }
}

/** An entry of a batch: one that cannot be read is its own outcome and holds nobody up. */
export function parsePublishEntry(entry: AmqpValue): PublishEntry {
  try {
    if (!isTable(entry)) throw invalid('an entry must be a JSON object')
    return parsePublishBody(entry)
  } catch (error) {
    if (error instanceof BrokerError) return error
    throw error
  }
}

/** What a dry run is asked about: a message without a payload. */
export function parseRouteBody(body: AmqpTable): Omit<PublishBody, 'payload'> {
  assertFields(body, ['routing_key'])
  return {
    routingKey: parseRoutingKey(body.routing_key),
    properties: Object.hasOwn(body, 'properties') ? parseProperties(body.properties ?? null) : {},
  }
}

function parseRoutingKey(value: AmqpValue | undefined): string {
  if (typeof value === 'string') return value
  throw invalid(['not_string', 'routing_key'])
}

function parsePayload(payload: string, encoding: AmqpValue): Uint8Array {
  if (encoding === 'string') return Buffer.from(payload, 'utf8')
  if (encoding === 'base64') return bytesOfBase64(payload)
  throw invalid(['unsupported_encoding', encoding])
}

const ALPHABET = /^[A-Za-z0-9+/]*={0,2}$/

/** How much of what is no base64 an error repeats. */
const SHOWN_CHARACTERS = 100

/** As RabbitMQ decodes: white space between characters counts for nothing, padding must be there. */
function bytesOfBase64(text: string): Buffer {
  const characters = /[\t\n\r ]/.test(text) ? text.replace(/[\t\n\r ]+/g, '') : text
  if (characters.length % 4 !== 0 || !ALPHABET.test(characters)) {
    throw invalid(['not_base64', text.slice(0, SHOWN_CHARACTERS)])
  }
  return Buffer.from(characters, 'base64')
}

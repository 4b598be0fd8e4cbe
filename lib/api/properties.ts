import { tableFromJson } from '../model/amqp-table.ts'
import { type AmqpTable, type AmqpValue, isTable } from '../model/amqp-value.ts'
import { invalid } from '../model/errors.ts'
import type { Properties } from '../model/message.ts'
import { assertShortString } from '../model/names.ts'

type Parse = (value: AmqpValue, name: string) => string | number | AmqpTable

/** Contract §1.3: what each property must be; names that are not here are ignored. */
const PARSERS: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ['content_type', shortString],
  ['content_encoding', shortString],
  ['headers', tableFromJson],
  ['delivery_mode', integer],
  ['priority', octet],
  ['correlation_id', shortString],
  ['reply_to', shortString],
  ['expiration', shortString],
  ['message_id', shortString],
  ['timestamp', seconds],
  ['type', shortString],
  ['user_id', shortString],
  ['app_id', shortString],
  ['cluster_id', shortString],
] satisfies readonly (readonly [keyof Properties, Parse])[])

const NO_PROPERTIES: Properties = Object.freeze({})

/** The `properties` of a publish. Tools also send `[]` for none. Throws `invalid` in RabbitMQ's words. */
export function parseProperties(value: AmqpValue): Properties {
  if (Array.isArray(value) && value.length === 0) return NO_PROPERTIES
  if (!isTable(value)) throw invalid('properties must be a JSON object')
  let properties: Record<string, string | number | AmqpTable> | undefined
  for (const name of Object.keys(value)) {
    const parse = PARSERS.get(name)
    if (!parse) continue
    properties ??= {}
    properties[name] = parse(value[name] ?? null, name)
  }
  return (properties as Properties | undefined) ?? NO_PROPERTIES
}

function shortString(value: AmqpValue, name: string): string {
  if (typeof value !== 'string') throw invalid(['not_string', name])
  assertShortString(value, name)
  return value
}

function integer(value: AmqpValue, name: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value
  throw invalid(['not_int', name])
}

/** AMQP has one byte for it; RabbitMQ 3.10 keeps what no receiver could read. */
function octet(value: AmqpValue, name: string): number {
  const number = integer(value, name)
  if (number < 0 || number > 255) throw invalid(`${name} is ${number}, it must be 0 to 255`)
  return number
}

/** AMQP's timestamp is unsigned. */
function seconds(value: AmqpValue, name: string): number {
  const number = integer(value, name)
  if (number < 0) throw invalid(`${name} is ${number}, it must be 0 or more seconds since 1970`)
  return number
}

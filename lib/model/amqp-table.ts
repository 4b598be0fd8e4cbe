import { type AmqpTable, type AmqpValue, isTable } from './amqp-value.ts'
import { invalid } from './errors.ts'
import { assertTableFromJson } from './message.ts'
import { assertShortString } from './names.ts'

/**
 * A JSON value that is to be an AMQP table: an object (RabbitMQ's tools also send `[]`), without nulls, of bounded depth,
 * with names of at most 255 bytes. `what` is the word for it in the message. Throws `invalid`.
 */
export function tableFromJson(value: AmqpValue, what: string): AmqpTable {
  if (Array.isArray(value) && value.length === 0) return {}
  if (!isTable(value)) throw invalid(`${what} must be a JSON object`)
  assertTableFromJson(value)
  assertFieldNames(value)
  return value
}

function assertFieldNames(value: AmqpValue): void {
  if (Array.isArray(value)) {
    for (const element of value) assertFieldNames(element)
  } else if (isTable(value)) {
    for (const name of Object.keys(value)) {
      assertShortString(name, 'a field name')
      assertFieldNames(value[name] ?? null)
    }
  }
}

import { type AmqpTable, isTable } from '../../model/amqp-value.ts'
import { BrokerError, invalid } from '../../model/errors.ts'
import { parseUntrustedJson } from '../../model/untrusted-json.ts'

const NOT_JSON = 'failed_to_parse_json'
const BYTE_ORDER_MARK = /^\uFEFF/

/** The object that the text of a definitions file is; no text is an empty file. Throws `invalid` for any other text. */
export function parseDefinitionsText(text: string): AmqpTable {
  const json = text.replace(BYTE_ORDER_MARK, '')
  const value = json === '' ? {} : parseFile(json)
  if (isTable(value)) return value
  throw invalid(NOT_JSON)
}

function parseFile(text: string) {
  try {
    return parseUntrustedJson(text)
  } catch (error) {
    throw error instanceof BrokerError && error.reason === 'not_json' ? invalid(NOT_JSON) : error
  }
}

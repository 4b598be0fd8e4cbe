import { type AmqpValue, isTable } from './amqp-value.ts'
import { invalid } from './errors.ts'
import { parseJson } from './json.ts'

/** How deep JSON from outside may nest; every recursion over what came in it is bounded by this. */
const MAX_DEPTH = 100

/** Throws `invalid` for what is no JSON, nests too deep to be walked, or holds text that has no UTF-8 form. */
export function parseUntrustedJson(text: string): AmqpValue {
  const value = parsedJson(text)
  assertWalkable(value, 0)
  return value
}

function parsedJson(text: string): AmqpValue {
  try {
    return parseJson(text)
  } catch {
    throw invalid('not_json')
  }
}

function assertWalkable(value: AmqpValue, depth: number): void {
  if (typeof value === 'string') assertText(value)
  if (typeof value !== 'object' || value === null) return
  if (depth >= MAX_DEPTH) throw invalid(`the body nests deeper than ${MAX_DEPTH} levels`)
  if (Array.isArray(value)) {
    for (const element of value) assertWalkable(element, depth + 1)
  } else if (isTable(value)) {
    for (const name of Object.keys(value)) {
      assertText(name)
      assertWalkable(value[name] ?? null, depth + 1)
    }
  }
}

/** JSON can spell half of a surrogate pair; no string that AMQP or SQS carries can hold it. */
function assertText(text: string): void {
  if (!text.isWellFormed()) throw invalid('the body holds half of a surrogate pair, which is no Unicode text')
}

import type { AmqpTable } from '../../model/amqp-value.ts'
import { stringifyJson } from '../../model/json.ts'

/** A definitions file as text, an object per line, so that two of them can be compared line by line. */
export function printDefinitions(file: AmqpTable): string {
  const fields = Object.entries(file).map(([name, value]) => {
    const isList = Array.isArray(value) && value.length > 0
    const text = isList
      ? `[\n${value.map((object) => `    ${stringifyJson(object)}`).join(',\n')}\n  ]`
      : stringifyJson(value)
    return `  ${JSON.stringify(name)}: ${text}`
  })
  return `{\n${fields.join(',\n')}\n}\n`
}

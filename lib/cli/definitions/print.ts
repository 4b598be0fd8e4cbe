import type { AmqpTable } from '../../model/amqp-value.ts'

/** A definitions file as text, an object per line, so that two of them can be compared line by line. */
export function printDefinitions(file: AmqpTable): string {
  const fields = Object.entries(file).map(([name, value]) => {
    const isList = Array.isArray(value) && value.length > 0
    const text = isList
      ? `[\n${value.map((object) => `    ${JSON.stringify(object)}`).join(',\n')}\n  ]`
      : JSON.stringify(value)
    return `  ${JSON.stringify(name)}: ${text}`
  })
  return `{\n${fields.join(',\n')}\n}\n`
}

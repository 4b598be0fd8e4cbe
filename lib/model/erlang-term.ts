import { type AmqpValue, integerOf, isTable, Typed } from './amqp-value.ts'

/** A JSON value as RabbitMQ prints it in texts: `<<"text">>`, `<<>>`, `[{<<"key">>,1}]`. */
export function erlangTerm(value: AmqpValue): string {
  if (typeof value === 'string') return value === '' ? '<<>>' : `<<${JSON.stringify(value)}>>`
  if (Array.isArray(value)) return `[${value.map(erlangTerm).join(',')}]`
  if (isTable(value)) return erlangPairs(Object.entries(value))
  return value instanceof Typed ? String(integerOf(value) ?? value.value) : String(value)
}

export const erlangPairs = (pairs: readonly (readonly [string, AmqpValue])[]): string =>
  `[${pairs.map(([name, value]) => `{<<"${name}">>,${erlangTerm(value)}}`).join(',')}]`

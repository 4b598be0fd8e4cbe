import { type AmqpTable, type AmqpValue, equalValues } from '../../lib/model/amqp-value.ts'

/** Contract §3.4 read aloud, one binding at a time: what the headers index is held against. */
export function matchesHeaders(args: AmqpTable, headers: AmqpTable): boolean {
  const mode = args['x-match'] ?? 'all'
  const withX = mode === 'all-with-x' || mode === 'any-with-x'
  const criteria = Object.entries(args).filter(([name]) => name !== 'x-match' && (withX || !name.startsWith('x-')))
  const holds = ([name, value]: [string, AmqpValue]): boolean =>
    Object.hasOwn(headers, name) && (value === null || equalValues(headers[name], value))
  return mode === 'all' || mode === 'all-with-x' ? criteria.every(holds) : criteria.some(holds)
}

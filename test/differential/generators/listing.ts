import fc from 'fast-check'
import { type Json, NumberText } from '../support/json.ts'

/**
 * Names in every order that matters: upper before lower case, digits, UTF-8 against UTF-16 order (the last two), and
 * ones that a regular expression or a case-insensitive search tells apart.
 */
const names = ['Z', 'a', 'a.b', 'a1', 'a10', 'a2', 'aB', 'b(', 'q', 'Q', 'q/1', 'é', '\u{ff5e}', '\u{1f600}']

/** Values to sort by: some have none, some a number, some a string, and several are equal. */
const sortable: readonly (Json | undefined)[] = [undefined, new NumberText('2'), 'b', new NumberText('10'), 'a']

/** The definitions that queries are asked about. */
export function listedDefinitions(): Json {
  const argumentsAt = (index: number): Json => {
    const value = sortable[index % sortable.length]
    return value === undefined ? {} : { x: value, y: { z: value } }
  }
  return {
    exchanges: names.map((name, index) => ({
      name,
      type: index % 2 === 0 ? 'topic' : 'fanout',
      durable: index % 3 !== 0,
      auto_delete: false,
      internal: index === 5,
      arguments: argumentsAt(index),
    })),
    queues: names.map((name, index) => ({
      name,
      durable: index % 3 !== 0,
      auto_delete: index % 4 === 0,
      arguments: argumentsAt(index + 1),
    })),
    bindings: names.map((name, index) => ({
      source: names[(index * 5) % names.length] ?? '',
      destination: name,
      destination_type: index % 4 === 0 ? 'exchange' : 'queue',
      routing_key: index % 2 === 0 ? '' : name,
      arguments: {},
    })),
  }
}

const field = fc.constantFrom(
  'name',
  'type',
  'durable',
  'vhost',
  'routing_key',
  'destination',
  'arguments.x',
  'arguments.y.z',
  'nope',
  'nope.a',
)
const wrongNumber = fc.constantFrom('0', '-1', 'a', '', '1.5', '99')
const search = fc.constantFrom('', 'a', 'Q', 'q', 'amq', '.', '(', 'é', '\u{1f600}', 'zzz')
const pattern = fc.constantFrom('^a', '^A\\d$', '.', '.*', '(', '[a', '^(q|Z)$', '\\(', 'é|~', '^$', 'a{2}', '*')

const parameters: readonly fc.Arbitrary<Record<string, string>>[] = [
  fc.record({ sort: field }),
  fc.record({ sort: field, sort_reverse: fc.constantFrom('true', 'true', 'false', 'troo') }),
  fc.record({ sort_reverse: fc.constantFrom('true', 'false') }),
  fc.record({ columns: fc.array(field, { minLength: 1, maxLength: 3 }).map((fields) => fields.join(',')) }),
  fc.record({ page: fc.constantFrom('1', '1', '2', '3') }),
  fc.record({ page: fc.constantFrom('1', '2'), page_size: fc.constantFrom('1', '3', '5', '100', '500') }),
  fc.record({ page: wrongNumber }),
  fc.record({ page: fc.constant('1'), page_size: fc.constantFrom('0', '-1', '501', 'a', '1.5') }),
  fc.record({ page_size: fc.constantFrom('1', '2') }),
  fc.record({ page: fc.constant('1'), name: search }),
  fc.record({ page: fc.constant('1'), name: pattern, use_regex: fc.constantFrom('true', 'true', 'false', 'troo') }),
  fc.record({ name: search }),
  fc.record({ pagination: fc.constantFrom('true', 'false') }),
  fc.record({ disable_stats: fc.constant('true') }),
]

/** One list with up to three of the parameters' groups together, as the path below the vhost and a query. */
export interface ListingQuery {
  readonly list: string
  readonly query: Record<string, string>
}

const listingQuery: fc.Arbitrary<ListingQuery> = fc.record({
  list: fc.constantFrom(
    'exchanges/{v}',
    'queues/{v}',
    'bindings/{v}',
    'queues/{v}/a1',
    'exchanges/{v}/a1',
    'queues/{v}/q/bindings',
  ),
  query: fc
    .array(fc.oneof(...parameters), { minLength: 1, maxLength: 3 })
    .map((groups): Record<string, string> => Object.assign({}, ...groups)),
})

/** Queries of one vhost, many, because each costs little beside setting up what they list. */
export const listingCase: fc.Arbitrary<ListingQuery[]> = fc.array(listingQuery, {
  minLength: 50,
  maxLength: 150,
  size: 'max',
})

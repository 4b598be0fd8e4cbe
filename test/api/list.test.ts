import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parseColumns, project } from '../../lib/api/columns.ts'
import { errorBody } from '../../lib/api/errors.ts'
import { type Augmentation, arrange } from '../../lib/api/list.ts'
import { parseListQuery } from '../../lib/api/list-query.ts'
import { compareText, compareValues } from '../../lib/api/ordering.ts'
import { BrokerError } from '../../lib/model/errors.ts'

interface Item {
  readonly vhost: string
  readonly name: string
  readonly size?: number
  readonly arguments: Readonly<Record<string, unknown>>
}

const items: fc.Arbitrary<Item[]> = fc.array(
  fc.record(
    {
      vhost: fc.constantFrom('/', 'a', 'b'),
      name: fc.string({ unit: fc.constantFrom('a', 'B', 'b', '.', 'é', '😀', '\uffff'), maxLength: 3 }),
      size: fc.nat(3),
      arguments: fc.dictionary(fc.constantFrom('x', 'y'), fc.nat(2), { noNullPrototype: true }),
    },
    { requiredKeys: ['vhost', 'name', 'arguments'], noNullPrototype: true },
  ),
  { maxLength: 20 },
)

const optional = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined })

const queries = fc.record({
  sort: optional(fc.constantFrom('name', 'size', 'arguments.x', 'nope', 'vhost')),
  sort_reverse: optional(fc.constantFrom('true', 'false')),
  columns: optional(fc.constantFrom('name', 'name,size', 'arguments.x', 'nope')),
  page: optional(fc.constantFrom('1', '2', '5')),
  page_size: optional(fc.constantFrom('1', '3', '100')),
  name: optional(fc.constantFrom('b', 'A', 'é', '')),
  use_regex: optional(fc.constantFrom('true', 'false')),
})

type Query = Readonly<Record<string, string | undefined>>

const parse = (query: Query) => parseListQuery((name) => query[name])
const ORDER = { order: ['vhost', 'name'] as const }

/** As the contract's table reads, without a thought for cost. */
function reference(all: readonly Item[], query: Query): unknown {
  const isPaged = query.page !== undefined
  const filtered = all.filter((item) => !isPaged || item.name.toLowerCase().includes((query.name ?? '').toLowerCase()))
  const key = (item: Item) => {
    if (query.sort === 'arguments.x') return item.arguments.x ?? 0
    return item[query.sort as keyof Item] ?? 0
  }
  const sorted = [...filtered].sort((left, right) => {
    const keys = query.sort === undefined ? 0 : compareKeys(key(left), key(right))
    return keys || bytes(left.vhost, right.vhost) || bytes(left.name, right.name)
  })
  if (query.sort_reverse === 'true') sorted.reverse()
  const shown = (item: Item): unknown => {
    if (query.columns === undefined) return item
    if (query.columns === 'arguments.x') return { arguments: 'x' in item.arguments ? { x: item.arguments.x } : {} }
    const names = query.columns.split(',')
    return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)))
  }
  if (!isPaged) return sorted.map(shown)
  const [page, size] = [Number(query.page), Number(query.page_size ?? '100')]
  const on = sorted.slice((page - 1) * size, page * size)
  if ((page - 1) * size > sorted.length) return 'page_out_of_range'
  return {
    filtered_count: filtered.length,
    item_count: on.length,
    items: on.map(shown),
    page,
    page_count: Math.ceil(filtered.length / size),
    page_size: size,
    total_count: all.length,
  }
}

const bytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right))

function compareKeys(left: unknown, right: unknown): number {
  if (typeof left === 'number' && typeof right === 'number') return left - right
  return typeof left === 'string' && typeof right === 'string' ? bytes(left, right) : typeof left === 'number' ? -1 : 1
}

async function refusalOf(query: Query, list: readonly Item[] = []): Promise<object> {
  try {
    await arrange(list, parse(query), ORDER)
  } catch (error) {
    if (error instanceof BrokerError) return errorBody(error)
    throw error
  }
  return {}
}

const item = (name: string, more: Partial<Item> = {}): Item => ({ vhost: '/', name, arguments: {}, ...more })

describe('lists', () => {
  test('are filtered, sorted, cut and projected as the naive reference does it', async () => {
    await fc.assert(
      fc.asyncProperty(items, queries, async (list, query) => {
        const expected = reference(list, query)
        const isOut = expected === 'page_out_of_range'
        if (isOut) expect(await refusalOf(query, list)).toMatchObject({ error: 'page_out_of_range' })
        else expect(await arrange(list, parse(query), ORDER)).toEqual(expected)
      }),
      { numRuns: 500 },
    )
  })

  test('page numbers that cannot be are refused in words of their own', async () => {
    const invalid = (text: string) => ({
      error: 'invalid_pagination_parameters',
      reason: `Invalid pagination parameters: ${text}`,
    })
    expect(await refusalOf({ page: '0' })).toEqual(invalid('page number 0, page size undefined'))
    expect(await refusalOf({ page: '-1' })).toEqual(invalid('page number -1, page size undefined'))
    expect(await refusalOf({ page: '1', page_size: '0' })).toEqual(invalid('page number 1, page size 0'))
    expect(await refusalOf({ page: '1', page_size: '501' })).toEqual(invalid('page number 1, page size 501'))
    const list = ['a', 'b'].map((name) => item(name))
    expect(await refusalOf({ page: '99' }, list)).toEqual({
      error: 'page_out_of_range',
      reason: 'Page out of range, page: 99 page size: 100, len: 2',
    })
  })

  test('what is no number, or no pattern, is refused', async () => {
    const refusal = { error: 'bad_request', reason: 'Pagination parameters are invalid' }
    expect(await refusalOf({ page: 'a' })).toEqual(refusal)
    expect(await refusalOf({ page: '1.5' })).toEqual(refusal)
    expect(await refusalOf({ page: '' })).toEqual(refusal)
    expect(await refusalOf({ page: '1', page_size: 'a' })).toEqual(refusal)
    expect(await refusalOf({ page: '1', name: '(', use_regex: 'true' })).toEqual(refusal)
  })

  test('without a page the other parameters of pages count for nothing', async () => {
    const list = [item('a')]
    expect(await arrange(list, parse({ page_size: 'x', name: '(', use_regex: 'true' }), ORDER)).toEqual(list)
  })

  test('names are matched in any case, as a part or as a pattern', async () => {
    const list = ['Orders', 'audit', 'xorder'].map((name) => item(name))
    const found = async (query: Query) =>
      JSON.stringify(await arrange(list, parse({ page: '1', columns: 'name', ...query }), ORDER))
    expect(await found({ name: 'ORDER' })).toContain('[{"name":"Orders"},{"name":"xorder"}]')
    expect(await found({ name: '^order', use_regex: 'true' })).toContain('[{"name":"Orders"}]')
    expect(await found({ name: '^order', use_regex: 'troo' })).toContain('"items":[]')
  })

  test('is reversed by true only, and not by what is neither true nor false', async () => {
    expect(await refusalOf({ sort: 'name', sort_reverse: 'troo' })).toMatchObject({ reason: ['not_boolean', 'troo'] })
  })

  test('sample ranges come in pairs and ask for at most 500 samples', async () => {
    expect(await refusalOf({ lengths_age: '60' })).toMatchObject({ error: 'bad_request' })
    expect(await refusalOf({ msg_rates_age: 'a', msg_rates_incr: '5' })).toMatchObject({ error: 'bad_request' })
    expect(await refusalOf({ data_rates_age: '501', data_rates_incr: '1' })).toMatchObject({ error: 'bad_request' })
    expect(await refusalOf({ lengths_age: '500', lengths_incr: '1' })).toEqual({})
  })

  describe('what is added to items', () => {
    const asked: string[][] = []
    const augmentation: Augmentation<Item & { size?: number }> = {
      fields: new Set(['size']),
      async fieldsOf(list) {
        asked.push(list.map(({ name }) => name))
        return list.map((one) => ({ size: one.name.length }))
      },
    }
    const list = ['ccc', 'a', 'bb'].map((name) => item(name))
    const ask = async (query: Query) => {
      asked.length = 0
      return arrange(list, parse(query), { ...ORDER, augmentations: [augmentation] })
    }

    test('is asked for on the page that is answered only', async () => {
      expect(await ask({ page: '2', page_size: '1', columns: 'name,size' })).toMatchObject({
        items: [{ name: 'bb', size: 2 }],
      })
      expect(asked).toEqual([['bb']])
    })

    test('is not asked for where no column needs it', async () => {
      await ask({ columns: 'name' })
      expect(asked).toEqual([])
    })

    test('is asked for in all that the filter left where the list is sorted by it', async () => {
      const answer = await ask({ sort: 'size', sort_reverse: 'true', page: '1', page_size: '1', columns: 'name' })
      expect(answer).toMatchObject({ items: [{ name: 'ccc' }] })
      expect(asked).toEqual([['ccc', 'a', 'bb']])
    })
  })
})

describe('columns', () => {
  test('lead into objects and into the objects of arrays', () => {
    const value = { a: { b: 1, c: 2 }, list: [{ x: 1, y: 2 }, { y: 3 }], name: 'n' }
    expect(project(value, parseColumns('a.b,list.x'))).toEqual({ a: { b: 1 }, list: [{ x: 1 }, {}] })
  })

  test('a whole field wins over a part of it, in any order', () => {
    const value = { a: { b: 1, c: 2 } }
    expect(project(value, parseColumns('a.b,a'))).toEqual(value)
    expect(project(value, parseColumns('a,a.b'))).toEqual(value)
  })

  test('what is no object stays as it is, and what is not there is left out', () => {
    expect(project({ name: 'n' }, parseColumns('name.x,nope'))).toEqual({ name: 'n' })
    expect(project({ name: 'n' }, parseColumns(''))).toEqual({})
  })

  test('names of the language are names like any other', () => {
    expect(project(JSON.parse('{"__proto__":1,"a":2}'), parseColumns('__proto__,constructor'))).toEqual(
      JSON.parse('{"__proto__":1}'),
    )
  })
})

describe('the order of values', () => {
  test('texts are compared as their UTF-8 bytes are', () => {
    const texts = fc.string({ unit: 'binary', maxLength: 4 })
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        expect(Math.sign(compareText(left, right))).toBe(bytes(left, right))
      }),
    )
  })

  test('numbers come before booleans, those before objects, arrays and texts', () => {
    const values = ['text', [1], { a: 1 }, true, false, 7, undefined]
    expect(values.toSorted(compareValues)).toEqual([7, false, true, { a: 1 }, [1], 'text', undefined])
    expect(compareValues(undefined, 0)).toBe(0)
  })
})

import { project, selectsAny } from './columns.ts'
import type { ApiContext } from './env.ts'
import { CodedError } from './errors.ts'
import { type ListQuery, type PageQuery, parseListQuery } from './list-query.ts'
import { compareValues } from './ordering.ts'
import { queryParameter } from './path.ts'
import { json } from './respond.ts'

/** How a list is made of its items. */
export interface ListOptions<Item> {
  /** The fields of the default order (contract §1.1). */
  readonly order: readonly (keyof Item & string)[]
  /** Whether it is answered in pages where they are asked for (contract §1.1). Other lists are answered whole. */
  readonly paged?: boolean
  /** What the name filter of a page looks at, where items have no name. */
  readonly searched?: (item: Item) => string
  /** For what costs more than reading the topology: added to the items that are answered, not to all. */
  readonly augmentation?: Augmentation<Item> | undefined
}

export interface Augmentation<Item> {
  /** The fields that it adds. Where none of them is asked for, nothing is added. */
  readonly fields: ReadonlySet<string>
  /** The items with the fields, in the same order. */
  augment(items: readonly Item[]): Promise<readonly Item[]>
}

/** Contract §1.1: what turns a list into one of its pages. */
interface Page {
  readonly filtered_count: number
  readonly item_count: number
  readonly items: readonly unknown[]
  readonly page: number
  readonly page_count: number
  readonly page_size: number
  readonly total_count: number
}

/** Answers a list as its query asks for it: sorted, a page of it, with some of the columns (contract §1.1). */
export async function listAnswer<Item extends object>(
  c: ApiContext,
  items: readonly Item[],
  options: ListOptions<Item>,
): Promise<Response> {
  const query = options.paged ? queryWithout(c, NOTHING) : { ...queryWithout(c, NAME_FILTER), page: undefined }
  return json(c, await arrange(items, query, options))
}

/** Answers one object, with some of the columns where the query names them. */
export function itemAnswer(c: ApiContext, item: object): Response {
  const { columns } = queryWithout(c, [...NAME_FILTER, ...ORDER])
  return json(c, columns ? project(item, columns) : item)
}

const NOTHING: readonly string[] = []
const NAME_FILTER = ['name', 'use_regex']
const ORDER = ['sort', 'sort_reverse']

/** The query without the parameters that mean nothing to the resource, whatever their values are. */
const queryWithout = (c: ApiContext, ignored: readonly string[]): ListQuery =>
  parseListQuery((name) => (ignored.includes(name) ? undefined : queryParameter(c, name)))

/**
 * What {@link listAnswer} answers. Sorting by a field that is added asks for it in every item that the name filter left.
 * Throws `page_out_of_range`.
 */
export async function arrange<Item extends object>(
  items: readonly Item[],
  { sort, reverse, columns, page }: ListQuery,
  { order, augmentation, searched = nameOf }: ListOptions<Item>,
): Promise<readonly unknown[] | Page> {
  const named = page ? items.filter((item) => page.matches(searched(item))) : items
  const addsFirst = augmentation !== undefined && sort !== undefined && augmentation.fields.has(sort[0] ?? '')
  const known = addsFirst ? await augmentation.augment(named) : named
  const sorted = sortItems(known, order, sort)
  if (reverse) sorted.reverse()
  const selected = page ? pageOf(sorted, page) : sorted
  const addsLast = augmentation !== undefined && !addsFirst && selectsAny(columns, augmentation.fields)
  const complete = addsLast ? await augmentation.augment(selected) : selected
  const answered = columns ? complete.map((item) => project(item, columns)) : complete
  return page ? pageObject(answered, page, { total: items.length, filtered: named.length }) : answered
}

const nameOf = (item: object): string => ('name' in item && typeof item.name === 'string' ? item.name : '')

function sortItems<Item extends object>(
  items: readonly Item[],
  order: readonly (keyof Item & string)[],
  sort: readonly string[] | undefined,
): Item[] {
  const byOrder = (left: Item, right: Item) => {
    for (const name of order) {
      const compared = compareValues(left[name], right[name])
      if (compared !== 0) return compared
    }
    return 0
  }
  if (sort === undefined) return items.toSorted(byOrder)
  return items.toSorted(
    (left, right) => compareValues(valueAt(left, sort), valueAt(right, sort)) || byOrder(left, right),
  )
}

function valueAt(item: unknown, path: readonly string[]): unknown {
  let value = item
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined
    value = (value as Record<string, unknown>)[name]
  }
  return value
}

function pageOf<Item>(items: readonly Item[], { number, size }: PageQuery): readonly Item[] {
  const start = (number - 1) * size
  // As in RabbitMQ the page right after the last item is an empty one.
  if (start > items.length) {
    const text = `Page out of range, page: ${number} page size: ${size}, len: ${items.length}`
    throw new CodedError('page_out_of_range', text)
  }
  return items.slice(start, start + size)
}

const pageObject = (
  items: readonly unknown[],
  { number, size }: PageQuery,
  { total, filtered }: { total: number; filtered: number },
): Page => ({
  filtered_count: filtered,
  item_count: items.length,
  items,
  page: number,
  page_count: Math.ceil(filtered / size),
  page_size: size,
  total_count: total,
})

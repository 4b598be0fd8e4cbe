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
  readonly augmentations?: readonly Augmentation<Item>[]
}

export interface Augmentation<Item> {
  /** The fields that it adds. Where none of them is asked for, nothing is added. */
  readonly fields: ReadonlySet<string>
  /** What it adds to each of the items, in the same order. */
  fieldsOf(items: readonly Item[]): Promise<readonly object[]>
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
export async function itemAnswer<Item extends object>(
  c: ApiContext,
  item: Item,
  augmentations: readonly Augmentation<Item>[] = [],
): Promise<Response> {
  const { columns } = queryWithout(c, [...NAME_FILTER, ...ORDER])
  const asked = augmentations.filter(({ fields }) => selectsAny(columns, fields))
  const [row] = await augment([{ item, shown: item }], asked)
  return json(c, columns ? project(row?.shown, columns) : row?.shown)
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
  { order, augmentations = [], searched = nameOf }: ListOptions<Item>,
): Promise<readonly unknown[] | Page> {
  const named = page ? items.filter((item) => page.matches(searched(item))) : items
  const rows = named.map((item): Row<Item> => ({ item, shown: item }))
  const [sortedBy, others] = partition(augmentations, ({ fields }) => fields.has(sort?.[0] ?? ''))
  const sorted = sortRows(await augment(rows, sortedBy), order, sort)
  if (reverse) sorted.reverse()
  const selected = page ? pageOf(sorted, page) : sorted
  const asked = others.filter(({ fields }) => selectsAny(columns, fields))
  const complete = (await augment(selected, asked)).map(({ shown }) => shown)
  const answered = columns ? complete.map((item) => project(item, columns)) : complete
  return page ? pageObject(answered, page, { total: items.length, filtered: named.length }) : answered
}

/** An item as the topology has it, and with what was added. */
interface Row<Item> {
  readonly item: Item
  readonly shown: object
}

async function augment<Item>(
  rows: readonly Row<Item>[],
  augmentations: readonly Augmentation<Item>[],
): Promise<readonly Row<Item>[]> {
  if (augmentations.length === 0) return rows
  const items = rows.map(({ item }) => item)
  const additions = await Promise.all(augmentations.map((augmentation) => augmentation.fieldsOf(items)))
  return rows.map(({ item, shown }, index) => ({
    item,
    shown: Object.assign({}, shown, ...additions.map((added) => added[index])),
  }))
}

const partition = <Element>(elements: readonly Element[], isFirst: (element: Element) => boolean) =>
  [elements.filter(isFirst), elements.filter((element) => !isFirst(element))] as const

const nameOf = (item: object): string => ('name' in item && typeof item.name === 'string' ? item.name : '')

function sortRows<Item extends object>(
  rows: readonly Row<Item>[],
  order: readonly (keyof Item & string)[],
  sort: readonly string[] | undefined,
): Row<Item>[] {
  const byOrder = (left: Row<Item>, right: Row<Item>) => {
    for (const name of order) {
      const compared = compareValues(left.item[name], right.item[name])
      if (compared !== 0) return compared
    }
    return 0
  }
  if (sort === undefined) return rows.toSorted(byOrder)
  return rows.toSorted(
    (left, right) => compareValues(valueAt(left.shown, sort), valueAt(right.shown, sort)) || byOrder(left, right),
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

import { Typed } from '../model/amqp-value.ts'

/** The fields to keep: whole, or with those of their own. */
export interface Columns extends ReadonlyMap<string, Columns | 'whole'> {}

type Tree = Map<string, Tree | 'whole'>

/** Reads `a,b.c` (contract §1.1). */
export function parseColumns(text: string): Columns {
  const columns: Tree = new Map()
  for (const path of text.split(',')) addPath(columns, path.split('.'))
  return columns
}

function addPath(columns: Tree, [name = '', ...rest]: readonly string[]): void {
  const known = columns.get(name)
  if (known === 'whole') return
  if (rest.length === 0) {
    columns.set(name, 'whole')
    return
  }
  const nested: Tree = known ?? new Map()
  columns.set(name, nested)
  addPath(nested, rest)
}

/** The value with the columns only: objects in arrays too; what is no object stays as it is. */
export function project(value: unknown, columns: Columns): unknown {
  if (Array.isArray(value)) return value.map((element) => project(element, columns))
  if (typeof value !== 'object' || value === null || value instanceof Typed) return value
  const kept = Object.entries(value).flatMap(([name, field]) => {
    const nested = columns.get(name)
    if (nested === undefined) return []
    return [[name, nested === 'whole' ? field : project(field, nested)] as const]
  })
  return Object.fromEntries(kept)
}

/** Whether any of the fields is among the columns. */
export const selectsAny = (columns: Columns | undefined, fields: ReadonlySet<string>): boolean =>
  columns === undefined || columns.keys().some((name) => fields.has(name))

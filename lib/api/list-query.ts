import { invalid } from '../model/errors.ts'
import { compilePattern } from '../model/pattern.ts'
import { type Columns, parseColumns } from './columns.ts'
import { CodedError } from './errors.ts'
import type { Parameters } from './query-parameters.ts'
import { assertSampleRanges } from './sample-ranges.ts'

/** What the query of a list asks for (contract §1.1). */
export interface ListQuery {
  /** The dotted field to sort by, as its parts. */
  readonly sort: readonly string[] | undefined
  readonly reverse: boolean
  readonly columns: Columns | undefined
  readonly page: PageQuery | undefined
}

export interface PageQuery {
  /** From 1. */
  readonly number: number
  readonly size: number
  /** Whether an object of that name is asked for. */
  matches(name: string): boolean
}

const DEFAULT_PAGE_SIZE = 100
const MAX_PAGE_SIZE = 500

/** Throws `invalid`, for page numbers with RabbitMQ's own codes. */
export function parseListQuery(parameter: Parameters): ListQuery {
  assertSampleRanges(parameter)
  const page = parsePage(parameter)
  const sort = parameter('sort')
  const columns = parameter('columns')
  return {
    sort: sort ? sort.split('.') : undefined,
    reverse: isReverse(parameter('sort_reverse')),
    columns: columns === undefined ? undefined : parseColumns(columns),
    page,
  }
}

function isReverse(value: string | undefined): boolean {
  if (value === undefined || value === 'true' || value === 'false') return value === 'true'
  throw invalid(['not_boolean', value])
}

/** Without `page` the other parameters of pages count for nothing. */
function parsePage(parameter: Parameters): PageQuery | undefined {
  const page = parameter('page')
  if (page === undefined) return undefined
  const number = integer(page)
  const sizeText = parameter('page_size')
  const size = sizeText === undefined ? undefined : integer(sizeText)
  if (number < 1 || (size !== undefined && (size < 1 || size > MAX_PAGE_SIZE))) {
    const text = `Invalid pagination parameters: page number ${number}, page size ${size}`
    throw new CodedError('invalid_pagination_parameters', text)
  }
  const matches = nameFilter(parameter('name') ?? '', parameter('use_regex') === 'true')
  return { number, size: size ?? DEFAULT_PAGE_SIZE, matches }
}

const INVALID_PAGINATION = 'Pagination parameters are invalid'

function integer(text: string): number {
  if (/^[+-]?\d{1,15}$/.test(text)) return Number(text)
  throw invalid(INVALID_PAGINATION)
}

/** Case-insensitive either way. */
function nameFilter(name: string, isPattern: boolean): (candidate: string) => boolean {
  if (name === '') return () => true
  if (isPattern) return patternFilter(name)
  const part = name.toLowerCase()
  return (candidate) => candidate.toLowerCase().includes(part)
}

function patternFilter(source: string): (candidate: string) => boolean {
  try {
    const pattern = compilePattern(`(?i)${source}`)
    return (candidate) => pattern.test(candidate)
  } catch {
    throw invalid(INVALID_PAGINATION)
  }
}

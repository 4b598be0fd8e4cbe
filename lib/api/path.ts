import { invalid } from '../model/errors.ts'
import { DEFAULT_EXCHANGE_ALIAS, stripLineBreaks } from '../model/names.ts'
import type { ApiContext } from './env.ts'

/** Where the API begins; what stands before it is a prefix of the user's own (contract §1.1). */
const ROOT = '/api/'

/** Where scrapers look without being told (Prometheus, `metrics_path`). */
const OUTSIDE_RESOURCE = '/metrics'
const OUTSIDE = /^(\/[^/]+)*\/metrics\/?$/

/**
 * The path that resources are matched on: without what precedes `/api`, without a trailing slash, still encoded. An empty
 * segment means the default exchange, which has no name to write there (contract §1.1), so it gets the alias.
 */
export function resourcePath(path: string): string {
  const start = path.indexOf(ROOT)
  if (start < 0 && OUTSIDE.test(path)) return OUTSIDE_RESOURCE
  const within = start < 0 ? '/' : path.slice(start + ROOT.length - 1)
  const named = within.includes('//') ? within.replace(/\/(?=\/)/g, `/${DEFAULT_EXCHANGE_ALIAS}`) : within
  return named.length > 1 && named.endsWith('/') ? named.slice(0, -1) : named
}

/** Throws `invalid` for bad percent encoding. Asked once per request, before any segment is read. */
export function assertDecodable(path: string): void {
  if (!path.includes('%')) return
  try {
    decodeURIComponent(path)
  } catch {
    throw invalid('the path is not valid percent-encoded UTF-8')
  }
}

/** A segment of the path, decoded once (contract §1.1). */
export const segment = (c: ApiContext, name: string): string => stripLineBreaks(c.req.param(name) ?? '')

/** As {@link segment}, for exchanges: the alias is the default exchange's name, which is empty. */
export function exchangeSegment(c: ApiContext, name: string): string {
  const exchange = segment(c, name)
  return exchange === DEFAULT_EXCHANGE_ALIAS ? '' : exchange
}

/** A query parameter, decoded; the last one where it is repeated. */
export const queryParameter = (c: ApiContext, name: string): string | undefined => {
  const { query } = c.env.event
  return Object.hasOwn(query, name) ? query[name] : undefined
}

/** RabbitMQ reads any value but `true` as no. */
export const queryFlag = (c: ApiContext, name: string): boolean => queryParameter(c, name) === 'true'

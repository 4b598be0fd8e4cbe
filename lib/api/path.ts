import { invalid } from '../model/errors.ts'
import { DEFAULT_EXCHANGE_ALIAS, stripLineBreaks } from '../model/names.ts'
import type { ApiContext } from './env.ts'

/** Where the API begins; what stands before it is a prefix of the user's own (contract §1.1). */
const ROOT = '/api/'

/**
 * The path that resources are matched on: without what precedes `/api`, without a trailing slash, still encoded. An empty
 * segment means the default exchange, which has no name to write there (contract §1.1), so it gets the alias.
 */
export function resourcePath(path: string): string {
  const start = path.indexOf(ROOT)
  const within = start < 0 ? '/' : path.slice(start + ROOT.length - 1)
  const trimmed = within.length > 1 && within.endsWith('/') ? within.slice(0, -1) : within
  return trimmed.includes('//') ? trimmed.replaceAll('//', `/${DEFAULT_EXCHANGE_ALIAS}/`) : trimmed
}

/** A segment of the path, decoded once (contract §1.1). Throws `invalid` for bad percent encoding. */
export function segment(c: ApiContext, name: string): string {
  const raw = c.req.param(name) ?? ''
  // The router has decoded what it could; what it could not still holds a bad escape.
  if (c.env.event.path.includes('%')) assertDecodable(c.env.event.path)
  return stripLineBreaks(raw)
}

function assertDecodable(path: string): void {
  try {
    decodeURIComponent(path)
  } catch {
    throw invalid('the path is not valid percent-encoded UTF-8')
  }
}

/** As {@link segment}, for exchanges: the alias is the default exchange's name, which is empty. */
export function exchangeSegment(c: ApiContext, name: string): string {
  const exchange = segment(c, name)
  return exchange === DEFAULT_EXCHANGE_ALIAS ? '' : exchange
}

/** A query parameter as API Gateway decoded it; the last one where it is repeated. */
export const queryParameter = (c: ApiContext, name: string): string | undefined =>
  c.env.event.queryStringParameters?.[name]

/** RabbitMQ reads any value but `true` as no. */
export const queryFlag = (c: ApiContext, name: string): boolean => queryParameter(c, name) === 'true'

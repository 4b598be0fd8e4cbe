import { answer } from './answer.ts'
import type { ApiContext } from './env.ts'

/** Contract §1.1: what every answer with a body carries. */
const HEADERS = { 'cache-control': 'no-cache', vary: 'accept, accept-encoding, origin' }
const JSON_HEADERS = { ...HEADERS, 'content-type': 'application/json' }

type Status = 200 | 400 | 401 | 404 | 405 | 412 | 413 | 415 | 500 | 503

export const json = (
  _c: ApiContext,
  value: unknown,
  status: Status = 200,
  headers: Record<string, string> = {},
): Response => answer(status, { ...JSON_HEADERS, ...headers }, JSON.stringify(value))

export const noContent = (_c: ApiContext): Response => answer(204, HEADERS)

/** PUT answers 201 for what is new and 204 for what was there (contract §1.1). */
export const created = (c: ApiContext, outcome: 'created' | 'existing'): Response =>
  outcome === 'created' ? answer(201, HEADERS) : noContent(c)

/** For what is found under another path than it was asked for (contract §1.2, bindings). */
export const createdAt = (_c: ApiContext, location: string): Response => answer(201, { ...HEADERS, location })

import { notFound } from '../model/errors.ts'
import type { ApiContext } from './env.ts'
import { errorResponse } from './errors.ts'
import { json } from './respond.ts'

type Method = 'GET' | 'PUT' | 'POST' | 'DELETE'

/**
 * Every resource with the methods it has, whichever function serves them: a function must tell "no such thing" from
 * "not with this method" for resources of the others too. A test holds this table and the routes together.
 */
export const RESOURCES: Readonly<Record<string, readonly Method[]>> = {
  '/overview': ['GET'],
}

/** For what no route takes: 405 with `Allow` where the resource has other methods, else 404 (contract §1.1). */
export function fallback(c: ApiContext): Response {
  const methods = methodsOf(c.req.path)
  if (!methods) return errorResponse(c, notFound())
  const allow = ['OPTIONS', ...(methods.includes('GET') ? ['HEAD'] : []), ...methods].sort().join(', ')
  if (c.req.method === 'OPTIONS') return c.body(null, 200, { allow })
  return json(c, { error: 'method_not_allowed', reason: 'Method Not Allowed' }, 405, { allow })
}

const PATTERNS = Object.entries(RESOURCES).map(([path, methods]) => ({
  pattern: new RegExp(`^${path.replace(/:[a-z_]+/g, '[^/]+')}$`),
  methods,
}))

const methodsOf = (path: string): readonly Method[] | undefined =>
  PATTERNS.find(({ pattern }) => pattern.test(path))?.methods

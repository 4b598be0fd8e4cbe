import { Hono } from 'hono'
import type { Broker } from '../broker/broker.ts'
import type { Api, ApiEnv } from './env.ts'
import { errorResponse } from './errors.ts'
import { assertDecodable, resourcePath } from './path.ts'
import { openKeySource } from './published-keys.ts'
import { fallback } from './resources.ts'

/**
 * Builds the API of one function. Which routes it serves is the function's choice, and with it what its bundle holds:
 * publishRoutes, consumeRoutes or manageRoutes.
 */
export function createApi(broker: Broker, routes: (api: Api) => void): Api {
  const { jwt } = broker.config
  const tokenKeys = jwt && openKeySource(jwt, broker.clock)
  const api: Api = new Hono<ApiEnv>({ getPath: (_request, options) => resourcePath(eventPath(options)) })
  api.use(async (c, next) => {
    c.set('broker', broker)
    c.set('tokenKeys', tokenKeys)
    c.set('arrival', broker.journals.arrival())
    assertDecodable(c.req.path)
    await next()
  })
  routes(api)
  api.notFound(fallback)
  api.onError((error, c) => errorResponse(c, error))
  return api
}

const eventPath = (options?: { env?: ApiEnv['Bindings'] }): string => options?.env?.event.path ?? '/'

import { createApi } from '../lib/api/app.ts'
import { type HttpHandler, lambdaHandler } from '../lib/api/lambda.ts'
import { manageRoutes } from '../lib/api/manage-routes.ts'
import type { Broker } from '../lib/broker/broker.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'
import { setUpOnce } from '../lib/broker/set-up.ts'

/**
 * Serves the rest of the API: topology, users, permissions, definitions, what is listed and shown. Where the deployment
 * could not set the broker up, since custom resources do nothing there, the first request does.
 */
export const createHandler = (broker: Broker): HttpHandler => {
  const serve = lambdaHandler(createApi(broker, manageRoutes))
  const ensureSetUp = setUpOnce(broker)
  return async (event) => {
    await ensureSetUp()
    return serve(event)
  }
}

export const handler = functionHandler(createHandler)

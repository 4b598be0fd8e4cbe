import { createApi } from '../lib/api/app.ts'
import { type HttpHandler, lambdaHandler } from '../lib/api/lambda.ts'
import { manageRoutes } from '../lib/api/manage-routes.ts'
import type { Broker } from '../lib/broker/broker.ts'
import { onFirstCall } from '../lib/broker/on-first-call.ts'

/** Serves the rest of the API: topology, users, permissions, definitions, what is listed and shown. */
export const createHandler = (broker: Broker): HttpHandler => lambdaHandler(createApi(broker, manageRoutes))

export const handler = onFirstCall(createHandler)

import { createApi } from '../lib/api/app.ts'
import { type HttpHandler, lambdaHandler } from '../lib/api/lambda.ts'
import { publishRoutes } from '../lib/api/publish-routes.ts'
import type { Broker } from '../lib/broker/broker.ts'
import { onFirstCall } from '../lib/broker/on-first-call.ts'
import { countingHandler } from '../lib/broker/write-statistics.ts'

/** Serves POST /api/exchanges/…: publish, publish/batch and route. */
export const createHandler = (broker: Broker): HttpHandler =>
  countingHandler(broker, lambdaHandler(createApi(broker, publishRoutes)))

export const handler = onFirstCall(createHandler)

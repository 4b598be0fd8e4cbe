import { createApi } from '../lib/api/app.ts'
import { type HttpHandler, lambdaHandler } from '../lib/api/lambda.ts'
import { publishRoutes } from '../lib/api/publish-routes.ts'
import type { Broker } from '../lib/broker/broker.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'
import { readAhead } from '../lib/broker/read-ahead.ts'
import { countingHandler } from '../lib/broker/write-statistics.ts'

/** Serves POST /api/exchanges/…: publish, publish/batch and route. */
export const createHandler = (broker: Broker): HttpHandler =>
  countingHandler(broker, lambdaHandler(createApi(broker, publishRoutes)))

export const handler = functionHandler(createHandler, readAhead)

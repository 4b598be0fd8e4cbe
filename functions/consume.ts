import { createApi } from '../lib/api/app.ts'
import { consumeRoutes } from '../lib/api/consume-routes.ts'
import { type HttpHandler, lambdaHandler } from '../lib/api/lambda.ts'
import type { Broker } from '../lib/broker/broker.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'
import { readAhead } from '../lib/broker/read-ahead.ts'
import { countingHandler } from '../lib/broker/write-statistics.ts'

/** Serves POST /api/queues/…: get and settle. */
export const createHandler = (broker: Broker): HttpHandler =>
  countingHandler(broker, lambdaHandler(createApi(broker, consumeRoutes)))

export const handler = functionHandler(createHandler, readAhead)

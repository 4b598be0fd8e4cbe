import { createApi } from '../lib/api/app.ts'
import { consumeRoutes } from '../lib/api/consume-routes.ts'
import { type HttpHandler, lambdaHandler } from '../lib/api/lambda.ts'
import type { Broker } from '../lib/broker/broker.ts'
import { onFirstCall } from '../lib/broker/on-first-call.ts'
import { countingHandler } from '../lib/broker/write-statistics.ts'

/** Serves POST /api/queues/…: get and settle. */
export const createHandler = (broker: Broker): HttpHandler =>
  countingHandler(broker, lambdaHandler(createApi(broker, consumeRoutes)))

export const handler = onFirstCall(createHandler)

import type { APIGatewayProxyEvent } from 'aws-lambda'
import type { Context, Hono } from 'hono'
import type { Broker } from '../broker/broker.ts'
import type { Reading } from '../journal/clock.ts'

/**
 * What handlers of this door find in their context. The event is API Gateway's: its path and body are read as they are,
 * because a URL object would already have interpreted `%2F`, `..` and `//`.
 */
export interface ApiEnv {
  Bindings: { event: APIGatewayProxyEvent }
  Variables: { broker: Broker; arrival: Reading }
}

export type Api = Hono<ApiEnv>
export type ApiContext = Context<ApiEnv>

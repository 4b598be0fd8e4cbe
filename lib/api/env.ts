import type { Context, Hono } from 'hono'
import type { Broker } from '../broker/broker.ts'
import type { Reading } from '../journal/clock.ts'
import type { HttpEvent } from './http-event.ts'
import type { KeySource } from './published-keys.ts'

/**
 * What handlers of this door find in their context. The path and the body of the event are read as they are,
 * because a URL object would already have interpreted `%2F`, `..` and `//`.
 */
export interface ApiEnv {
  Bindings: { event: HttpEvent }
  Variables: {
    broker: Broker
    arrival: Reading
    /** Where tokens are taken (config.ts). */
    tokenKeys: KeySource | undefined
  }
}

export type Api = Hono<ApiEnv>
export type ApiContext = Context<ApiEnv>

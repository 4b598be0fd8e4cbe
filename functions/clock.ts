import type { Broker } from '../lib/broker/broker.ts'
import { functionHandler } from '../lib/broker/function-handler.ts'
import { tick } from '../lib/broker/tick.ts'

/** Runs each minute. */
export const createHandler = (broker: Broker) => (): Promise<void> => tick(broker)

export const handler = functionHandler(createHandler)

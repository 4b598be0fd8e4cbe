import type { Broker } from '../lib/broker/broker.ts'
import { onFirstCall } from '../lib/broker/on-first-call.ts'
import { tick } from '../lib/broker/tick.ts'

/** Runs each minute. */
export const createHandler = (broker: Broker) => (): Promise<void> => tick(broker)

export const handler = onFirstCall(createHandler)

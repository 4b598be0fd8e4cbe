import type { Broker } from '../lib/broker/broker.ts'
import { finishIntents } from '../lib/broker/finish-intents.ts'
import { onFirstCall } from '../lib/broker/on-first-call.ts'

/** Runs each minute: finishes what somebody began and did not end. */
export const createHandler = (broker: Broker) => (): Promise<void> => finishIntents(broker)

export const handler = onFirstCall(createHandler)

import { readConfig } from '../config.ts'
import type { Broker } from './broker.ts'
import { openBroker } from './open-broker.ts'

/**
 * A Lambda handler that is built from the environment's configuration when it is first called, and kept: an
 * environment opens its broker once.
 */
export function onFirstCall<Event, Result>(
  createHandler: (broker: Broker) => (event: Event) => Promise<Result>,
): (event: Event) => Promise<Result> {
  let built: ((event: Event) => Promise<Result>) | undefined
  return (event) => {
    built ??= createHandler(openBroker(readConfig()))
    return built(event)
  }
}

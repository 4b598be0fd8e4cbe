import { readConfig } from '../config.ts'
import type { Broker } from './broker.ts'
import { MetricLog } from './metric-log.ts'
import { openBroker } from './open-broker.ts'

/**
 * A Lambda handler that is built from the environment's configuration when it is first called, and kept: an
 * environment opens its broker once. What its requests count goes to the log.
 */
export function onFirstCall<Event, Result>(
  createHandler: (broker: Broker) => (event: Event) => Promise<Result>,
): (event: Event) => Promise<Result> {
  let built: { handle: (event: Event) => Promise<Result>; metrics: MetricLog } | undefined
  return async (event) => {
    if (built === undefined) {
      const broker = openBroker(readConfig())
      built = { handle: createHandler(broker), metrics: openMetrics(broker) }
    }
    try {
      return await built.handle(event)
    } finally {
      built.metrics.flushIfDue()
    }
  }
}

/** Lambda announces the end of an environment only where an extension is there as well (Lambda Developer Guide, "Shutdown phase"). */
function openMetrics({ counters, config: { namePrefix }, clock }: Broker): MetricLog {
  const metrics = new MetricLog({ counters, namePrefix, clock })
  process.once('SIGTERM', () => {
    metrics.flush()
    process.exit(0)
  })
  return metrics
}

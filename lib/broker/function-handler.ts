import { isOnLambda, readConfig } from '../config.ts'
import type { Broker } from './broker.ts'
import { MetricLog } from './metric-log.ts'
import { openBroker } from './open-broker.ts'

interface Opened<Event, Result> {
  readonly handle: (event: Event) => Promise<Result>
  readonly metrics: MetricLog
  /** What is done ahead of the first call, which waits for it. */
  readonly ready: Promise<unknown>
}

/**
 * A handler of Lambda over a broker that its environment opens once: while the function is loaded, since then it has more
 * of a processor than its memory buys afterwards (Lambda Developer Guide, "Init phase"); elsewhere when it is first called.
 * `prepare` is what can be done without a request; that it fails is the first request's to find out. What requests count
 * goes to the log.
 */
export function functionHandler<Event, Result>(
  createHandler: (broker: Broker) => (event: Event) => Promise<Result>,
  prepare: (broker: Broker) => Promise<unknown> = async () => undefined,
): (event: Event) => Promise<Result> {
  const open = (): Opened<Event, Result> => {
    const broker = openBroker(readConfig())
    const ready = prepare(broker).catch(() => undefined)
    return { handle: createHandler(broker), metrics: openMetrics(broker), ready }
  }
  let opened = isOnLambda() ? open() : undefined
  return async (event) => {
    opened ??= open()
    try {
      await opened.ready
      return await opened.handle(event)
    } finally {
      opened.metrics.flushIfDue()
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

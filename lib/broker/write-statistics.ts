import { type StatisticsBatch, toBatchItem } from '../delivery/statistics-item.ts'
import { logError } from '../log.ts'
import type { Broker } from './broker.ts'
import { newId } from './change.ts'

/** The longest that a request waits for it; it goes on meanwhile, and a little after. */
const WAIT_MS = 500

/**
 * A handler that has what its requests count written down, once a minute at most, as one item. What was counted before a
 * request is written beside it. What a request counts itself is written at its end only where the minute before was
 * silent: who knows when the next one comes, and what is in memory is lost with the environment. That is lost in any case
 * what was counted in its last minute, and what DynamoDB does not take.
 */
export const countingHandler =
  <Event, Result>(broker: Broker, handle: (event: Event) => Promise<Result>) =>
  async (event: Event): Promise<Result> => {
    const earlier = write(broker, broker.statistics.takeIfDue())
    try {
      return await handle(event)
    } finally {
      const writing = [earlier, write(broker, broker.statistics.takeIfDue())].filter((one) => one !== undefined)
      if (writing.length > 0) await Promise.race([Promise.all(writing), broker.clock.sleep(WAIT_MS)])
    }
  }

/** Writes down what was counted, if anything was. */
export const writeStatistics = async (broker: Broker): Promise<void> => write(broker, broker.statistics.take())

function write(broker: Broker, batch: StatisticsBatch | undefined): Promise<void> | undefined {
  if (!batch) return undefined
  const { delivery, clock } = broker
  const item = toBatchItem(batch, { writtenMs: clock.wallMs(), id: newId(broker) })
  return delivery.items.put(item).then(
    () => undefined,
    (error: unknown) => logError('a minute of statistics was lost', error),
  )
}

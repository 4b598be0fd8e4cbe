import type { Clock } from '../journal/clock.ts'
import {
  type Counters,
  METRIC_DIMENSION,
  METRIC_NAMES,
  METRIC_NAMESPACE,
  type MetricName,
  newCounters,
} from '../metrics.ts'

/** An environment writes at most one line in this time. */
const INTERVAL_MS = 60_000

export interface MetricLogOptions {
  readonly counters: Counters
  readonly namePrefix: string
  readonly clock: Pick<Clock, 'wallMs' | 'monotonicMs'>
  readonly write?: (line: string) => void
}

/**
 * Writes what an environment has counted as lines of CloudWatch's embedded metric format, from which CloudWatch makes
 * metrics (CloudWatch User Guide, "Embedded metric format specification"). Counts of nothing are left out, so that a
 * broker at rest has no metrics, and pays for none.
 *
 * Nothing runs in a frozen environment, so there is no timer: whoever serves a request asks at its end. The first request
 * after a minute of silence is written at once; what is lost with an environment is its last minute at most.
 */
export class MetricLog {
  readonly #options: MetricLogOptions
  readonly #written = newCounters()
  #nextMs = Number.NEGATIVE_INFINITY

  constructor(options: MetricLogOptions) {
    this.#options = options
  }

  /** Writes a line if none was written in the last minute, and anything was counted since. */
  flushIfDue(): void {
    if (this.#options.clock.monotonicMs() >= this.#nextMs) this.flush()
  }

  /** Writes a line if anything was counted since the last one. */
  flush(): void {
    const { counters, namePrefix, clock, write = writeToLog } = this.#options
    const counted = METRIC_NAMES.filter((name) => counters[name] !== this.#written[name])
    if (counted.length === 0) return
    const counts = counted.map((name): [MetricName, number] => [name, counters[name] - this.#written[name]])
    Object.assign(this.#written, counters)
    this.#nextMs = clock.monotonicMs() + INTERVAL_MS
    write(embeddedMetrics(clock.wallMs(), namePrefix, counts))
  }
}

/** Past `console`, as every line of JSON (lib/log.ts). */
const writeToLog = (line: string): void => void process.stdout.write(`${line}\n`)

function embeddedMetrics(
  nowMs: number,
  namePrefix: string,
  counts: readonly (readonly [MetricName, number])[],
): string {
  const directive = {
    Namespace: METRIC_NAMESPACE,
    Dimensions: [[METRIC_DIMENSION]],
    Metrics: counts.map(([Name]) => ({ Name, Unit: 'Count' })),
  }
  return JSON.stringify({
    _aws: { Timestamp: nowMs, CloudWatchMetrics: [directive] },
    timestamp: new Date(nowMs).toISOString(),
    level: 'INFO',
    [METRIC_DIMENSION]: namePrefix,
    ...Object.fromEntries(counts),
  })
}

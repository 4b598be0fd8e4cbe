import { type GatewayOptions, type RunningGateway, startGateway } from '../../amqp/gateway.ts'
import type { Broker } from '../../broker/broker.ts'
import { MetricLog } from '../../broker/metric-log.ts'
import { openBroker } from '../../broker/open-broker.ts'
import { writeStatistics } from '../../broker/write-statistics.ts'
import type { Config } from '../../config.ts'

export interface ServiceOptions extends Omit<GatewayOptions, 'broker'> {
  /** Takes lines from which CloudWatch makes metrics; left out, none are written. */
  readonly writeMetrics?: (line: string) => void
}

export interface Service extends Pick<RunningGateway, 'port' | 'tlsPort'> {
  /** As RunningGateway's `close`; what has been counted is written down. */
  stop(): Promise<void>
}

const COUNTING_MS = 60_000

/**
 * A gateway in a process of its own, with a broker of its own, whose counts it writes down each minute. Rejects as
 * {@link startGateway}.
 */
export async function startService(config: Config, { writeMetrics, ...options }: ServiceOptions): Promise<Service> {
  const broker = openBroker(config)
  try {
    const gateway = await startGateway({ broker, ...options })
    const writeCounts = countsWriter(broker, writeMetrics)
    const timer = setInterval(writeCounts, COUNTING_MS)
    return {
      port: gateway.port,
      tlsPort: gateway.tlsPort,
      async stop() {
        clearInterval(timer)
        await gateway.close()
        await writeCounts()
        await broker.close()
      },
    }
  } catch (error) {
    await broker.close()
    throw error
  }
}

function countsWriter(broker: Broker, write: ServiceOptions['writeMetrics']): () => Promise<void> {
  const { counters, clock, config } = broker
  const metrics = write && new MetricLog({ counters, clock, namePrefix: config.namePrefix, write })
  return async () => {
    metrics?.flush()
    await writeStatistics(broker)
  }
}

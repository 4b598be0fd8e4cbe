import { startGateway } from '../../amqp/gateway.ts'
import { MetricLog, type MetricLogOptions } from '../../broker/metric-log.ts'
import { openBroker } from '../../broker/open-broker.ts'
import type { Config } from '../../config.ts'

export interface ServiceOptions {
  readonly hosts: readonly string[]
  /** 0 takes a free one. */
  readonly port: number
  /** Takes the lines of metrics; by default standard output, where CloudWatch reads them. */
  readonly write?: MetricLogOptions['write']
}

export interface Service {
  readonly port: number | undefined
  /** As RunningGateway's `close`; what has been counted is written. */
  stop(): Promise<void>
}

const METRICS_MS = 60_000

/** A gateway as it is deployed: with a broker of its own, whose counts it writes down. */
export async function startService(config: Config, { hosts, port, write }: ServiceOptions): Promise<Service> {
  const broker = openBroker(config)
  const { counters, clock } = broker
  const metrics = new MetricLog({ counters, clock, namePrefix: config.namePrefix, ...(write && { write }) })
  try {
    const gateway = await startGateway({ broker, hosts, port })
    const writing = setInterval(() => metrics.flush(), METRICS_MS)
    return {
      port: gateway.port,
      async stop() {
        clearInterval(writing)
        await gateway.close()
        metrics.flush()
        await broker.close()
      },
    }
  } catch (error) {
    await broker.close()
    throw error
  }
}

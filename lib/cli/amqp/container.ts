import { startGateway } from '../../amqp/gateway.ts'
import { MetricLog } from '../../broker/metric-log.ts'
import { openBroker } from '../../broker/open-broker.ts'
import { AMQP_PORT, readConfig } from '../../config.ts'
import { stopSignal } from '../stop-signal.ts'

// What the stack's container runs (cdk/gateway-image): a gateway for the broker that the environment describes, as functions
// have it. TLS ends at the load balancer.

const METRICS_MS = 60_000
const ALL_ADDRESSES = ['0.0.0.0']

const stopRequested = stopSignal()
const broker = openBroker(readConfig())
const { counters, clock, config } = broker
const metrics = new MetricLog({ counters, clock, namePrefix: config.namePrefix })
const gateway = await startGateway({ broker, hosts: ALL_ADDRESSES, port: AMQP_PORT })
const counting = setInterval(() => metrics.flush(), METRICS_MS)
await stopRequested
await gateway.close()
clearInterval(counting)
metrics.flush()
await broker.close()
// A connection to AWS that is kept alive must not keep the container.
process.exit(0)

import { AMQP_PORT, readConfig } from '../../config.ts'
import { stopSignal } from '../stop-signal.ts'
import { startService } from './service.ts'

// What the stack's container runs (cdk/gateway-image), told of its broker as functions are. TLS ends at the load balancer.

const stopRequested = stopSignal()
const service = await startService(readConfig(), {
  hosts: ['0.0.0.0'],
  port: AMQP_PORT,
  writeMetrics: (line) => void process.stdout.write(`${line}\n`),
})
await stopRequested
await service.stop()
// A connection to AWS that is kept alive must not keep the container.
process.exit(0)

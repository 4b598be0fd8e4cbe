import { afterAll, afterEach, beforeAll, test, vi } from 'vitest'
import { startGateway } from '../../lib/amqp/gateway.ts'
import { readConnections } from '../../lib/broker/gateway-snapshot.ts'
import { findGateways } from '../../lib/broker/live-gateways.ts'
import { type FaultyBroker, startFaultyBroker } from '../broker/faulty-broker.ts'
import { eventually } from '../integration/story.ts'
import { openClient } from './client.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
afterEach(() => {
  vi.useRealTimers()
})

test('who comes and goes is shown to others, without the gateway having to look', async () => {
  // No interval ever ends: the gateway looks at nothing by itself.
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
  const { broker } = faulty
  const gateway = await startGateway({ broker, port: 0 })
  const shown = async () => (await readConnections(broker, (await findGateways(broker)).live)).map(({ user }) => user)
  const client = await openClient({ port: gateway.port ?? 0 })
  await eventually(shown, (users) => users.includes('guest'))
  client.destroy()
  await eventually(shown, (users) => users.length === 0)
  await gateway.close()
})

import { expect, onTestFinished, test } from 'vitest'
import { startService } from '../../lib/cli/amqp/service.ts'
import { spawnModule } from '../local/spawned.ts'
import { startAsDeployed } from '../support/as-deployed.ts'
import { callApi } from '../support/embedded.ts'
import { crash, expectPromises, type Next, takeAll } from './amqp-crash.ts'
import { QUEUE } from './amqp-load.ts'

test('a gateway that is killed with signal 9 under load: what is acknowledged is gone, and another one delivers the rest', {
  timeout: 180_000,
}, async () => {
  const leveret = await startAsDeployed()
  onTestFinished(() => leveret.close())
  const service = await startService(leveret.config, { hosts: ['127.0.0.1'], port: 0 })
  onTestFinished(() => service.stop())
  const call: Next['call'] = (method, path, body) => callApi(leveret, method, path, body)
  expect((await call('PUT', `/api/queues/%2F/${QUEUE}`, { durable: true })).status).toBe(201)
  const config = JSON.stringify(leveret.config)
  const beside = spawnModule(`
    import { startService } from '${new URL('../../lib/cli/amqp/service.ts', import.meta.url)}'
    const { port } = await startService(${config}, { hosts: ['127.0.0.1'], port: 0 })
    console.log('port', port)
  `)
  const [, port] = await beside.seen(/^port (\d+)$/m)
  const kill = async () => {
    beside.kill('SIGKILL')
    await beside.ended
  }
  const known = await crash({ port: Number(port), kill })
  expectPromises(known, await takeAll({ port: service.port ?? 0, call }))
})

import { expect, onTestFinished, test } from 'vitest'
import { startService } from '../../lib/cli/amqp/service.ts'
import { openClient } from '../amqp/client.ts'
import { startAsDeployed } from '../support/as-deployed.ts'
import { callApi } from '../support/embedded.ts'

test('the deployed gateway serves the broker that functions serve, and writes what it has counted', async () => {
  const leveret = await startAsDeployed()
  onTestFinished(() => leveret.close())
  const lines: string[] = []
  const service = await startService(leveret.config, {
    hosts: ['127.0.0.1'],
    port: 0,
    writeMetrics: (line) => lines.push(line),
  })
  const client = await openClient({ port: service.port ?? 0 })
  const channel = await client.openChannel()
  await channel.call('queue.declare', { queue: 'jobs', durable: true })
  await channel.call('confirm.select')
  channel.publish({ routingKey: 'jobs', payload: 'hello' })
  await channel.event('basic.ack')
  const get = { count: 1, ackmode: 'ack_requeue_false', encoding: 'auto' }
  const { body } = await callApi(leveret, 'POST', '/api/queues/%2F/jobs/get', get)
  expect(body).toMatchObject([{ payload: 'hello' }])
  await service.stop()
  expect(await client.ended).toMatchObject({ replyCode: 320 })
  expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ Broker: 'leveret-local', Published: 1, Copies: 1 }])
})

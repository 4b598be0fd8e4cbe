import { describe, expect, onTestFinished, test } from 'vitest'
import { openClient } from '../../amqp/client.ts'
import { spawnLeveret } from '../../cli/spawn-leveret.ts'
import { Story, unique } from '../../integration/story.ts'
import { useLeveret } from '../../support/embedded.ts'
import { outputsFile } from '../deployment.ts'
import { siteFromEnvironment } from '../site.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const START_MS = 60_000

/** A sidecar of the deployed broker, until the test ends, and a client of it. */
async function connect() {
  const site = siteFromEnvironment()
  const env = {
    AWS_ENDPOINT_URL: site.url,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  }
  const sidecar = spawnLeveret(['amqp', '--outputs', outputsFile(site), '--port', '0'], env)
  const [, port] = await sidecar.seen(/speaks AMQP 0-9-1: amqp:\/\/localhost:(\d+)/, START_MS)
  const { username, password } = leveret.running
  const client = await openClient({ port: Number(port) }, { username, password })
  onTestFinished(() => client.destroy())
  return client
}

describe('leveret amqp', () => {
  test('speaks AMQP for the deployed broker: what it takes the API hands out, and the other way round', async () => {
    const queue = await story.queue(unique('amqp'))
    const client = await connect()
    const channel = await client.openChannel()
    await channel.call('confirm.select')
    channel.publish({ routingKey: queue, payload: 'by AMQP' })
    await channel.event('basic.ack')
    expect(await story.get(queue, { wait: 20 })).toMatchObject([{ payload: 'by AMQP' }])

    await channel.call('basic.consume', { queue, consumerTag: 'c' })
    await story.publish('amq.default', { routing_key: queue, payload: 'by HTTP' })
    const delivery = await channel.event('basic.deliver')
    expect(delivery.payload?.toString()).toBe('by HTTP')
  })

  test('brings replies to an exclusive queue, wherever they are published', async () => {
    const channel = await (await connect()).openChannel()
    const { queue } = await channel.call('queue.declare', { queue: '', exclusive: true })
    await channel.call('basic.consume', { queue, consumerTag: 'replies', noAck: true })
    await story.publish('amq.default', { routing_key: queue, payload: 'reply' })
    expect((await channel.event('basic.deliver')).payload?.toString()).toBe('reply')
  })
})

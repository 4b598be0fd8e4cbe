import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Broker } from '../../lib/broker/broker.ts'
import { declareQueue } from '../../lib/broker/declare-queue.ts'
import { deleteAllQueues } from '../../lib/broker/delete-all-queues.ts'
import { openGateway } from '../../lib/broker/gateways.ts'
import { openSession, type VhostSession } from '../../lib/broker/session.ts'
import { createUnderIntent } from '../../lib/broker/sqs-intents.ts'
import { openMemoryBroker } from '../api/support/memory-broker.ts'

let broker: Broker
beforeEach(async () => {
  broker = await openMemoryBroker()
})
afterEach(() => broker.close())

async function session(): Promise<VhostSession> {
  const arrival = broker.journals.arrival()
  const authenticate: Parameters<typeof openSession>[1]['authenticate'] = (access) => {
    const user = access.users.get('guest')
    if (user === undefined) throw new Error('guest is gone')
    return user
  }
  return (await openSession(broker, { arrival, vhost: '/', confirm: true, authenticate })) as VhostSession
}

async function sqsQueueOf(name: string): Promise<string> {
  const [sqsQueue] = (await session()).vhost.queueByName(name)?.sqsQueues ?? []
  return sqsQueue?.name ?? ''
}

const exists = async (name: string): Promise<boolean> => (await broker.delivery.queues.attributes(name)) !== undefined

test('the SQS queues of all declared queues go, those of unfinished work too, and those of others stay', async () => {
  for (const name of ['first', 'second']) {
    await declareQueue(await session(), { name, durable: true, autoDelete: false, arguments: {} })
  }
  // Its gateway has died, and there will be no clock.
  const gateway = await openGateway(broker)
  const connection = { gateway: gateway.id, id: 'c1' }
  const exclusive = { name: 'third', durable: false, autoDelete: false, arguments: {}, exclusive: true }
  await declareQueue({ ...(await session()), connection }, exclusive)
  const declared = await Promise.all(['first', 'second', 'third'].map(sqsQueueOf))
  const { queues } = broker.delivery
  await queues.create('somebody-elses')
  const intent = await createUnderIntent(broker, [{ name: 'leveret-test-unfinished' }])
  await broker.journals.intents.put({ ...intent, createdMs: intent.createdMs - 1 })

  await deleteAllQueues(broker)
  for (const name of [...declared, 'leveret-test-unfinished']) expect(await exists(name)).toBe(false)
  expect(await exists('somebody-elses')).toBe(true)
  await deleteAllQueues(broker)
})

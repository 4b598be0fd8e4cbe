import { expect, test } from 'vitest'
import { temporaryDirectory } from '../local/temporary-directory.ts'
import { freePort } from '../support/free-port.ts'
import { crash, expectPromises, takeAll } from './amqp-crash.ts'
import { QUEUE } from './amqp-load.ts'
import { start } from './killed-broker.ts'

test('a broker that is killed with signal 9 under load: what is acknowledged over AMQP is gone, and nothing else', {
  timeout: 180_000,
}, async () => {
  const [dataDir, port] = [temporaryDirectory(), await freePort()]
  const broker = await start(dataDir, port)
  expect((await broker.call('PUT', `/api/queues/%2F/${QUEUE}`, { durable: true })).status).toBe(201)
  const known = await crash({ port, kill: broker.kill })
  const { call } = await start(dataDir, port)
  expectPromises(known, await takeAll({ port, call }))
})

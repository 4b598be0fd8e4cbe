import { delimiter, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { describeBrokers } from './brokers.ts'
import { output, spawnClient } from './programs.ts'
import { CLIENTS, GO, isMade, JAVA, PYTHON } from './toolchains.ts'

const PRINTED = [
  'Received Hello World!',
  'Confirmed 50, received 50',
  '2 squared is 4',
  '3 squared is 9',
  '4 squared is 16',
  '',
].join('\n')

const CLIENT_JAVA = join(CLIENTS, 'java/Client.java')

/** Each a program of hello world, confirms and RPC. */
describeBrokers((broker) => {
  describe('hello world, confirms and RPC', () => {
    it.skipIf(!isMade(PYTHON))('with aio-pika', async () => {
      const program = join(CLIENTS, 'python/asynchronous.py')
      expect(await output(spawnClient([PYTHON.product, program], [], await broker.newVhost()))).toBe(PRINTED)
    })

    it.skipIf(!isMade(GO))('with amqp091-go', async () => {
      expect(await output(spawnClient([GO.product], [], await broker.newVhost()))).toBe(PRINTED)
    })

    it.skipIf(!isMade(JAVA))('with the Java client', async () => {
      const classPath = `${join(JAVA.product, '*')}${delimiter}.`
      const program = spawnClient(['java', '-cp', classPath, CLIENT_JAVA], [], await broker.newVhost())
      expect(await output(program)).toBe(PRINTED)
    })
  })
})

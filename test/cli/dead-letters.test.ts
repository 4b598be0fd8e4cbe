import { expect, it } from 'vitest'
import { useLeveret } from '../support/embedded.ts'
import { runLeveret } from './spawn-leveret.ts'

const leveret = useLeveret()

/** A queue that keeps these messages as dead letters. */
async function queueWith(name: string, ...payloads: string[]): Promise<void> {
  await leveret.call('PUT', `/api/queues/%2F/${name}`, { durable: true })
  for (const payload of payloads) {
    const message = { properties: {}, routing_key: name, payload, payload_encoding: 'string' }
    await leveret.call('POST', '/api/exchanges/%2F/amq.default/publish', message)
  }
  const reject = { ackmode: 'reject_requeue_false', count: 10, encoding: 'auto' }
  await leveret.call('POST', `/api/queues/%2F/${name}/get`, reject)
  const count = async () =>
    ((await leveret.call('GET', `/api/queues/%2F/${name}/dead-letters`)).body as { item_count: number }).item_count
  await expect.poll(count, { timeout: 20_000 }).toBe(payloads.length)
}

const deadLetters = (...args: string[]) => runLeveret(['dead-letters', ...args, '--url', leveret.running.url])

it('lists, redrives and discards the dead letters of a queue', { timeout: 60_000 }, async () => {
  await queueWith('work', 'one', 'two\u001b[31m')
  const listed = await deadLetters('list', 'work')
  expect(listed.code).toBe(0)
  expect(listed.printed).toMatch(/^\d{4}-\S+Z {2}rejected {2}amq\.default {2}work {2}3 B {2}one$/m)
  expect(listed.printed).not.toContain('\u001b')
  const json = await deadLetters('list', 'work', '--json', '--count', '1')
  expect(JSON.parse(json.printed)).toMatchObject([{ reason: 'rejected' }])
  expect(await deadLetters('redrive', 'work', '--count', '1')).toMatchObject({ code: 0, printed: '1 redriven\n' })
  const nowhere = await deadLetters('redrive', 'work', '--to-exchange', 'amq.direct', '--to-routing-key', 'none')
  expect(nowhere).toMatchObject({ code: 1, output: expect.stringContaining('1 stay: the exchange has no queue') })
  const unmatched = await deadLetters('discard', 'work', '--reason', 'expired', '--yes')
  expect(unmatched).toMatchObject({ code: 1, output: expect.stringContaining('matches the filter') })
  expect(await deadLetters('discard', 'work', '--yes')).toMatchObject({ code: 0, printed: '1 discarded\n' })
})

it.each([
  [['bury', 'work'], "ACTION is one of list, redrive, discard, not 'bury'"],
  [['discard', 'work'], 'discard deletes messages for good: add --yes'],
  [['list'], 'QUEUE is missing'],
])('refuses %j', { timeout: 60_000 }, async (args, reason) => {
  expect(await deadLetters(...args)).toMatchObject({ code: 2, output: expect.stringContaining(reason) })
})

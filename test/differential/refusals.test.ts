import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { explainDifference } from './differences.ts'
import { type RefusalNames, refusals } from './generators/refusals.ts'
import { type Answer, type Call, sendOrThrow } from './support/broker.ts'
import { onBoth, openPair, type Pair, sendBoth } from './support/pair.ts'
import { discard, freshName, putVhost } from './support/vhost.ts'

describe('mistakes beside RabbitMQ', () => {
  const names: RefusalNames = { vhost: freshName('vhost'), user: freshName('user'), queue: 'q' }
  let pair: Pair

  beforeAll(async () => {
    pair = await openPair()
    const made: Call[] = [
      putVhost(names.vhost),
      { method: 'PUT', path: `/queues/${names.vhost}/${names.queue}`, body: '{"durable":true}' },
      { method: 'PUT', path: `/users/${names.user}`, body: '{"password":"p","tags":"management"}' },
    ]
    for (const call of made) await onBoth(pair, (broker) => sendOrThrow(broker, call))
  })
  afterAll(async () => {
    const paths = [`/vhosts/${names.vhost}`, `/users/${names.user}`]
    await onBoth(pair, (broker) => Promise.all(paths.map((path) => discard(broker, { method: 'DELETE', path }))))
    await pair.close()
  })

  test.each(
    refusals(names).map(
      (call) => [`${call.method} ${call.path} ${call.contentType ?? ''} ${call.body ?? ''}`, call] as const,
    ),
  )('are refused alike: %s', async (_title, call) => {
    const answers = await sendBoth(pair, call)
    const [reference, subject] = [shownOf(answers.reference), shownOf(answers.subject)]
    if (!explainDifference(call, answers)) expect(subject).toEqual(reference)
  })

  /** Of a list its status alone: what is in it is the matter of other suites. */
  const shownOf = ({ status, json }: Answer) => (status === 200 && !Array.isArray(json) ? { status } : { status, json })
})

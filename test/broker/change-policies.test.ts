import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { changePolicies } from '../../lib/broker/change-policies.ts'
import { declareQueue, importQueues } from '../../lib/broker/declare-queue.ts'
import { deleteQueue } from '../../lib/broker/delete-queue.ts'
import { finishIntents } from '../../lib/broker/finish-intents.ts'
import type { Policy } from '../../lib/topology/vhost/events.ts'
import { type FaultyBroker, startFaultyBroker } from './faulty-broker.ts'

let faulty: FaultyBroker
beforeAll(async () => {
  faulty = await startFaultyBroker()
})
afterAll(() => faulty.close())
beforeEach(() => {
  faulty.fault = () => undefined
})

const ELEVEN_MINUTES_MS = 11 * 60_000
const QUEUES = ['a1', 'a2', 'a3', 'b1']

const policyOf = (consumerTimeoutS: number, over: Partial<Policy> = {}): Policy => ({
  name: 'p',
  pattern: '^a',
  applyTo: 'queues',
  definition: { 'consumer-timeout': consumerTimeoutS * 1000 },
  priority: 0,
  ...over,
})

const set = async (policy: Policy) => changePolicies(await faulty.session(), { type: 'set-policy', policy })
const remove = async () => changePolicies(await faulty.session(), { type: 'delete-policy', name: 'p' })

/** The visibility timeouts of the queues' SQS queues. */
async function timeouts(): Promise<Record<string, string | undefined>> {
  const { vhost } = await faulty.session()
  const found = Array.from(vhost.queues(), async ({ queue: { name, sqsQueues } }) => {
    const attributes = await faulty.broker.delivery.queues.attributes(sqsQueues[0]?.name ?? '')
    return [name, attributes?.VisibilityTimeout] as const
  })
  return Object.fromEntries(await Promise.all(found))
}

const all = (value: string) => ({ a1: value, a2: value, a3: value, b1: '30' })
const changing = () => faulty.broker.journals.intents.inState('changing')

let calls = 0
function failAfter(count: number): void {
  calls = 0
  faulty.fault = (method) => {
    if (method !== 'setQueueAttributes') return
    calls += 1
    if (calls > count) throw Object.assign(new Error('throttled'), { name: 'ThrottlingException' })
  }
}

beforeAll(async () => {
  const declarations = QUEUES.map((name) => ({ name, durable: true, autoDelete: false, arguments: {} }))
  await importQueues(await faulty.session(), declarations)
})

describe('a change of policies', () => {
  test('reaches the SQS queues of the queues it concerns, and no others', async () => {
    failAfter(Number.POSITIVE_INFINITY)
    expect(await set(policyOf(60))).toBe('changed')
    expect(await timeouts()).toEqual(all('60'))
    expect(calls).toBe(3)
    expect(await changing()).toEqual([])
    expect(await remove()).toBe('changed')
    expect(await timeouts()).toEqual(all('30'))
  })

  test('reaches the SQS queue of a queue that is declared meanwhile', async () => {
    const { queues } = faulty.broker.delivery
    const create = queues.create.bind(queues)
    const creating = vi.spyOn(queues, 'create').mockImplementationOnce(async (name, options) => {
      await set(policyOf(60))
      await create(name, options)
    })
    const declaration = { name: 'a-new', durable: true, autoDelete: false, arguments: {} }
    await declareQueue(await faulty.session(), declaration)
    creating.mockRestore()
    expect(await timeouts()).toEqual({ ...all('60'), 'a-new': '60' })
    expect(await changing()).toEqual([])
    await deleteQueue(await faulty.session(), { name: 'a-new', ifEmpty: false })
    await remove()
  })

  test('that changes nothing in SQS calls nothing there', async () => {
    failAfter(0)
    expect(await set(policyOf(0, { definition: { 'message-ttl': 1 } }))).toBe('changed')
    expect(await set(policyOf(0, { definition: { 'message-ttl': 1 } }))).toBe('unchanged')
    expect(await remove()).toBe('changed')
    expect(calls).toBe(0)
  })

  test('that SQS interrupts is made, says how far it came, and goes on when it is repeated', async () => {
    failAfter(1)
    await expect(set(policyOf(70))).rejects.toMatchObject({
      kind: 'unavailable',
      retryAfterS: 1,
      reason: 'the change is made, and 0 of 3 SQS queues follow it: repeat the request to go on',
    })
    expect((await faulty.session()).vhost.policies.get('p')).toEqual(policyOf(70))
    expect(await changing()).toHaveLength(1)
    faulty.fault = () => undefined
    expect(await set(policyOf(70))).toBe('unchanged')
    expect(await timeouts()).toEqual(all('70'))
    expect(await changing()).toEqual([])
  })

  test('that takes a request longer than 20 s goes on when it is repeated', async () => {
    const session = await faulty.session()
    const arrival = { ...session.arrival, monotonicMs: session.arrival.monotonicMs - 20_000 }
    const change = { type: 'set-policy', policy: policyOf(75) } as const
    await expect(changePolicies({ ...session, arrival }, change)).rejects.toMatchObject({
      reason: expect.stringContaining('0 of 3 SQS queues'),
    })
    expect(await set(policyOf(75))).toBe('unchanged')
    expect(await timeouts()).toEqual(all('75'))
  })

  test('goes on as well when a deletion is repeated, which finds nothing to delete', async () => {
    await set(policyOf(80))
    failAfter(0)
    await expect(remove()).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.fault = () => undefined
    await expect(remove()).rejects.toMatchObject({ kind: 'not-found' })
    expect(await timeouts()).toEqual(all('30'))
  })

  test('that nobody repeats is finished by the clock, with what is in force by then', async () => {
    failAfter(0)
    await expect(set(policyOf(90))).rejects.toMatchObject({ kind: 'unavailable' })
    await expect(set(policyOf(95))).rejects.toMatchObject({ kind: 'unavailable' })
    faulty.fault = () => undefined
    await deleteQueue(await faulty.session(), { name: 'a3', ifEmpty: false })
    faulty.aheadMs += ELEVEN_MINUTES_MS
    await finishIntents(faulty.broker)
    expect(await timeouts()).toEqual({ a1: '95', a2: '95', b1: '30' })
    expect(await changing()).toEqual([])
  })

  test('leaves the later one of two in force, also where the earlier one ends last', async () => {
    let second: Promise<unknown> | undefined
    faulty.fault = (method) => {
      if (method !== 'setQueueAttributes' || second) return
      second = set(policyOf(120))
    }
    await set(policyOf(110))
    await second
    expect(await timeouts()).toEqual({ a1: '120', a2: '120', b1: '30' })
  })
})

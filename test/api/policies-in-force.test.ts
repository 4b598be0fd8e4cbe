import { beforeEach, describe, expect, test } from 'vitest'
import { useApi } from './support/client.ts'

const { call } = useApi()

const QUEUES = { classic: {}, quorum: { 'x-queue-type': 'quorum' } }

const setPolicy = (name: string, policy: object) => call('PUT', `/policies/pif/${name}`, { pattern: '', ...policy })
const setOperatorPolicy = (name: string, policy: object) =>
  call('PUT', `/operator-policies/pif/${name}`, { pattern: '', ...policy }, { headers: JSON_TYPE })
const JSON_TYPE = { 'content-type': 'application/json' }

const fields = ['policy', 'operator_policy', 'effective_policy_definition']

async function shown(path: string): Promise<object> {
  const { body } = await call('GET', path)
  return Object.fromEntries(Object.entries(body as object).filter(([name]) => fields.includes(name)))
}

const publish = (exchange: string, routingKey: string) =>
  call('POST', `/exchanges/pif/${exchange}/publish`, {
    routing_key: routingKey,
    properties: {},
    payload: 'p',
    payload_encoding: 'string',
  })

const get = async (queue: string, ackmode: string) =>
  (await call('POST', `/queues/pif/${queue}/get`, { count: 5, ackmode, encoding: 'auto' })).body as Message[]

interface Message {
  readonly exchange: string
  readonly routing_key: string
}

beforeEach(async () => {
  await call('DELETE', '/vhosts/pif')
  await call('PUT', '/vhosts/pif', {})
  for (const [name, args] of Object.entries(QUEUES)) {
    await call('PUT', `/queues/pif/${name}`, { durable: true, arguments: args })
  }
})

describe('what the API shows of policies', () => {
  test('is nothing but an empty definition where none matches', async () => {
    expect(await shown('/queues/pif/classic')).toEqual({ effective_policy_definition: {} })
    expect(await shown('/exchanges/pif/amq.topic')).toEqual({})
  })

  test('is both policies of a queue and what they make together', async () => {
    await setPolicy('p', { definition: { 'max-length': 10, 'dead-letter-exchange': 'x' } })
    await setOperatorPolicy('o', { definition: { 'max-length': 5, expires: 1000 }, 'apply-to': 'queues' })
    const definition = { 'dead-letter-exchange': 'x', 'max-length': 5, expires: 1000 }
    for (const queue of Object.keys(QUEUES)) {
      expect(await shown(`/queues/pif/${queue}`)).toEqual({
        policy: 'p',
        operator_policy: 'o',
        effective_policy_definition: definition,
      })
    }
    expect(await shown('/exchanges/pif/amq.topic')).toEqual({ policy: 'p' })
    await call('DELETE', '/policies/pif/p')
    expect(await shown('/queues/pif/classic')).toEqual({
      operator_policy: 'o',
      effective_policy_definition: { 'max-length': 5, expires: 1000 },
    })
  })

  test('includes the default exchange, whose name is empty', async () => {
    await setPolicy('p', { pattern: '^$', definition: { 'alternate-exchange': 'x' } })
    const { body } = await call('GET', '/exchanges/pif?columns=name,policy')
    expect(body).toContainEqual({ name: '', policy: 'p' })
    expect(body).toContainEqual({ name: 'amq.topic' })
  })

  test('can be asked for, sorted by and paged like any field', async () => {
    await setPolicy('p', { pattern: 'quorum', definition: { expires: 1000 } })
    const { body } = await call('GET', '/queues/pif?columns=name,policy&sort=policy&sort_reverse=true')
    expect(body).toEqual([{ name: 'quorum', policy: 'p' }, { name: 'classic' }])
  })
})

describe('a dead-letter exchange by policy', () => {
  beforeEach(async () => {
    await call('PUT', '/exchanges/pif/dlx', { type: 'fanout', durable: true })
    await call('PUT', '/queues/pif/dead', { durable: true })
    await call('POST', '/bindings/pif/e/dlx/q/dead', {})
  })

  test('takes rejected messages, with the routing key of the policy', async () => {
    await setPolicy('p', {
      pattern: '^classic$',
      definition: { 'dead-letter-exchange': 'dlx', 'dead-letter-routing-key': 'k' },
    })
    await publish('amq.default', 'classic')
    await get('classic', 'reject_requeue_false')
    expect(await get('dead', 'ack_requeue_false')).toMatchObject([{ exchange: 'dlx', routing_key: 'k' }])
  })

  test('is taken from the policy of the moment of the death, also by settling', async () => {
    await publish('amq.default', 'classic')
    const answer = await call('POST', '/queues/pif/classic/get', { count: 1, ackmode: 'manual', encoding: 'auto' })
    const [{ delivery_tag: tag } = { delivery_tag: '' }] = answer.body as { delivery_tag: string }[]
    await setPolicy('p', { pattern: '^classic$', definition: { 'dead-letter-exchange': 'dlx' } })
    await call('POST', '/queues/pif/classic/settle', [{ delivery_tag: tag, action: 'reject', requeue: false }])
    expect(await get('dead', 'ack_requeue_false')).toMatchObject([{ exchange: 'dlx', routing_key: 'classic' }])
  })

  test('gives way to the queue’s own argument', async () => {
    await call('PUT', '/queues/pif/own', { durable: true, arguments: { 'x-dead-letter-exchange': 'amq.fanout' } })
    await setPolicy('p', { pattern: '^own$', definition: { 'dead-letter-exchange': 'dlx' } })
    await publish('amq.default', 'own')
    await get('own', 'reject_requeue_false')
    expect(await get('dead', 'ack_requeue_false')).toEqual([])
  })
})

describe('an alternate exchange by policy', () => {
  test('takes what the exchange does not route, until the policy goes', async () => {
    await call('POST', '/bindings/pif/e/amq.fanout/q/classic', {})
    await setPolicy('p', { pattern: '^amq\\.direct$', definition: { 'alternate-exchange': 'amq.fanout' } })
    expect((await publish('amq.direct', 'nobody')).body).toEqual({ routed: true })
    await call('DELETE', '/policies/pif/p')
    expect((await publish('amq.direct', 'nobody')).body).toEqual({ routed: false })
    expect(await get('classic', 'ack_requeue_false')).toMatchObject([{ exchange: 'amq.direct' }])
  })

  test('gives way to the exchange’s own argument', async () => {
    await call('PUT', '/exchanges/pif/x', { type: 'direct', arguments: { 'alternate-exchange': 'amq.topic' } })
    await call('POST', '/bindings/pif/e/amq.fanout/q/classic', {})
    await setPolicy('p', { pattern: '^x$', definition: { 'alternate-exchange': 'amq.fanout' } })
    expect((await publish('x', 'nobody')).body).toEqual({ routed: false })
  })
})

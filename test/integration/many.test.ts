import { expect, test } from 'vitest'
import { IS_DEPLOYED } from '../support/deployed.ts'
import { useLeveret } from '../support/embedded.ts'
import { eventually, Story, unique } from './story.ts'

const leveret = useLeveret()
const story = new Story(leveret)

const QUEUES = 300
const BINDINGS = 2_000

test('queues that are declared all at once are all there, each once', async () => {
  const inVhost = await story.inVhost(unique('parallel'))
  const declare = (name: string) => inVhost.call('PUT', inVhost.path('queues', name), { durable: true })
  const wanted = Array.from({ length: QUEUES }, (_, index) => `queue-${index}`)
  // Every tenth is declared twice at the same time: one of the two made it.
  const declarations = wanted.flatMap((name, index) => (index % 10 === 0 ? [name, name] : [name]))
  const statuses = await Promise.all(declarations.map(async (name) => ({ name, status: (await declare(name)).status })))
  for (const [index, name] of wanted.entries()) {
    const own = statuses.filter((answer) => answer.name === name).map(({ status }) => status)
    expect(own.sort(), name).toEqual(index % 10 === 0 ? [201, 204] : [201])
  }
  const listed = (await inVhost.call('GET', `${inVhost.path('queues')}?disable_stats=true`)).body as { name: string }[]
  expect(listed.map(({ name }) => name).sort()).toEqual(wanted.toSorted())
  await Promise.all(wanted.map((name) => inVhost.publish('', { routing_key: name, payload: name })))
  const got = await Promise.all(wanted.map((name) => inVhost.get(name)))
  expect(got.map((messages) => messages.map(({ payload }) => payload))).toEqual(wanted.map((name) => [name]))
})

test('2,000 bindings of one exchange, imported, route each message to where it belongs', async () => {
  const inVhost = await story.inVhost(unique('wide'))
  const queues = Array.from({ length: 40 }, (_, index) => `queue-${index}`)
  // The nth leads to queue n % 40.
  const bindings = Array.from({ length: BINDINGS }, (_, index) => ({
    source: 'events',
    destination: `queue-${index % 40}`,
    destination_type: 'queue',
    routing_key: index < 40 ? `all.${index}.#` : `key.${index}.*`,
    arguments: {},
  }))
  const file = {
    exchanges: [{ name: 'events', type: 'topic' }],
    queues: queues.map((name) => ({ name })),
    bindings: [...bindings, { ...bindings[0], destination: 'queue-7', routing_key: 'some.#' }],
  }
  expect((await inVhost.call('POST', `/api/definitions/${inVhost.vhost}`, file)).status).toBe(204)
  expect(await inVhost.bindings()).toHaveLength(BINDINGS + 1)

  const expected = new Map(queues.map((name) => [name, [] as string[]]))
  const routingKeys = Array.from({ length: 100 }, (_, index) => `key.${40 + index * 19}.x`)
  await Promise.all(
    routingKeys.map(async (routingKey) => {
      expect(await inVhost.publish('events', { routing_key: routingKey, payload: routingKey })).toBe(true)
      expected.get(`queue-${Number(routingKey.split('.')[1]) % 40}`)?.push(routingKey)
    }),
  )
  expect(await inVhost.publish('events', { routing_key: 'key.40', payload: 'too short' })).toBe(false)
  for (const [name, payloads] of expected) {
    expect((await inVhost.get(name)).map(({ payload }) => payload).sort(), name).toEqual(payloads.sort())
  }
})

test('one publish to an exchange with 300 queues reaches each of them once', async () => {
  const inVhost = await story.inVhost(unique('fanout'))
  const names = Array.from({ length: QUEUES }, (_, index) => `queue-${index}`)
  const file = {
    queues: names.map((name) => ({ name })),
    bindings: names.map((destination) => ({
      source: 'amq.fanout',
      destination,
      destination_type: 'queue',
      routing_key: '',
      arguments: {},
    })),
  }
  expect((await inVhost.call('POST', `/api/definitions/${inVhost.vhost}`, file)).status).toBe(204)
  expect(await inVhost.publish('amq.fanout', { payload: 'to all' })).toBe(true)
  // One after the other: hundreds that look again and again would keep the relay from its work.
  for (const name of names) {
    const got = await eventually(
      () => inVhost.get(name),
      (messages) => messages.length > 0,
    )
    // A send that took too long is made again: on a machine that has too much to do, a copy may come twice.
    const copies = IS_DEPLOYED ? got.slice(0, 1) : got
    expect(copies, name).toMatchObject([{ payload: 'to all' }])
  }
  if (IS_DEPLOYED) return
  const listed = (await inVhost.call('GET', inVhost.path('queues'))).body as { name: string; messages: number }[]
  expect(listed.filter(({ messages }) => messages > 0)).toEqual([])
})

import { setTimeout as delay } from 'node:timers/promises'
import {
  DEAD_LETTER_EXCHANGE,
  type DeathCase,
  type DyingQueue,
  deathCase,
  expiryCases,
  isExpiring,
} from '../generators/death-case.ts'
import { type Broker, type Call, segment, sendOrThrow } from './broker.ts'
import { mapConcurrently } from './concurrency.ts'
import { canonicalJson, isObject, type JsonObject, objectsOf, pickFields } from './json.ts'
import { onBoth, type Pair } from './pair.ts'
import type { Property } from './property.ts'
import { Divergence, printRepro } from './repro.ts'
import { inFreshVhost, putVhost } from './vhost.ts'

/** How a message is looked for. */
interface Patience {
  /** One that cannot be found for so long is gone. */
  readonly goneAfterMs: number
  readonly lookEveryMs: number
  /** Some cycles do not end. */
  readonly maxSightings: number
}

const CONSUMED: Patience = { goneAfterMs: 2_000, lookEveryMs: 20, maxSightings: 12 }
/** Leveret looks for what has expired a second or so later, and a message may expire in two queues one after the other. */
const EXPIRING: Patience = { goneAfterMs: 15_000, lookEveryMs: 200, maxSightings: 5 }
/** Where every message enters: it binds the first queue by a key that no other exchange knows. */
const ENTRANCE = 'entrance'
const ENTRANCE_KEY = 'start'

/**
 * Publishes a message into queues whose consumers reject it or give it back, follows it from death to death on both
 * sides, and compares where it is seen and what its headers say each time, which it answers. Throws a Divergence.
 */
export async function compareDeaths(pair: Pair, deaths: DeathCase): Promise<readonly string[]> {
  let seen: readonly string[] = []
  await inFreshVhost(pair, 'deaths', async (vhost) => {
    const calls = setUpCalls(vhost, deaths)
    for (const call of calls) await onBoth(pair, (broker) => sendOrThrow(broker, call))
    const [reference, subject] = await onBoth(pair, (broker) => follow(broker, vhost, deaths.queues))
    const place = reference.findIndex((sighting, index) => sighting !== subject[index])
    const at = place >= 0 ? place : reference.length
    seen = reference
    if (reference.length === subject.length && place < 0) return
    throw new Divergence(
      `The message is seen ${reference.length} and ${subject.length} times; sighting ${at + 1} differs.`,
      reference[at] ?? 'gone',
      subject[at] ?? 'gone',
      printRepro(pair, [putVhost(vhost), ...calls]),
    )
  })
  return seen
}

/** The message's way: each time that a consumer has it, the queue and the message. */
async function follow(broker: Broker, vhost: string, queues: readonly DyingQueue[]): Promise<string[]> {
  const sightings: string[] = []
  const patience = queues.some(isExpiring) ? EXPIRING : CONSUMED
  const consumed = queues.filter((queue) => !isExpiring(queue))
  while (sightings.length < patience.maxSightings) {
    const sighting = await nextSighting(broker, vhost, consumed, patience)
    if (sighting === undefined) return sightings
    sightings.push(`${sighting.queue} ${describe(sighting.message)}`)
    if (isMixed(queues) && deathsOf(sighting.message).length >= ORDERED_DEATHS) return sightings
  }
  return sightings
}

/** RabbitMQ 3.10.8 turns a history round before it adds to it, and asks it in that order about cycles (differences.ts, `avoided`). */
const ORDERED_DEATHS = 2

/** Whether the order of a history decides on cycles: where all deaths are rejections, or none is, it does not. */
const isMixed = (queues: readonly DyingQueue[]): boolean =>
  new Set(queues.map(({ consumer }) => consumer === 'rejects')).size > 1

interface Sighting {
  readonly queue: string
  readonly message: JsonObject
}

async function nextSighting(
  broker: Broker,
  vhost: string,
  queues: readonly DyingQueue[],
  { goneAfterMs, lookEveryMs }: Patience,
): Promise<Sighting | undefined> {
  const deadline = performance.now() + goneAfterMs
  do {
    for (const queue of queues) {
      const [message] = objectsOf((await sendOrThrow(broker, consume(vhost, queue))).json)
      if (message) return { queue: queue.name, message }
    }
    await delay(lookEveryMs)
  } while (performance.now() < deadline)
  return undefined
}

function consume(vhost: string, { name, consumer }: DyingQueue): Call {
  const ackmode = consumer === 'rejects' ? 'reject_requeue_false' : 'reject_requeue_true'
  return {
    method: 'POST',
    path: `/queues/${segment(vhost)}/${name}/get`,
    body: JSON.stringify({ count: 1, ackmode, encoding: 'auto' }),
  }
}

/**
 * What must be the same: not the time of a death, nor what RabbitMQ says since 3.13 only, nor what its quorum queues
 * count in a header; of a history the newest death first, the others in any order.
 */
function describe(message: JsonObject): string {
  const headers = headersOf(message)
  const compared = Object.entries(headers).filter(
    ([name]) => !name.startsWith('x-last-death-') && name !== 'x-delivery-count' && name !== 'x-death',
  )
  const [newest, ...others] = deathsOf(message).map(({ time: _time, ...death }) => canonicalJson(death))
  const fields = canonicalJson({
    ...pickFields(message, ['payload', 'exchange', 'routing_key']),
    headers: Object.fromEntries(compared),
  })
  return [fields, newest, ...others.sort()].join('\n    ')
}

function headersOf({ properties }: JsonObject): JsonObject {
  const headers = isObject(properties) ? properties.headers : undefined
  return isObject(headers) ? headers : {}
}

const deathsOf = (message: JsonObject): JsonObject[] => objectsOf(headersOf(message)['x-death'])

function setUpCalls(vhost: string, { queues, start, copyTo, expirationMs }: DeathCase): Call[] {
  const at = (...path: string[]): string => `/${[path[0], segment(vhost), ...path.slice(1)].join('/')}`
  const call = (method: Call['method'], path: string, body: object): Call => ({
    method,
    path,
    body: JSON.stringify(body),
  })
  const exchange = (name: string) => call('PUT', at('exchanges', name), { type: 'direct', durable: true })
  const binding = (source: string, queue: string, routing_key: string) =>
    call('POST', at('bindings', 'e', source, 'q', queue), { routing_key })
  return [
    exchange(ENTRANCE),
    exchange(DEAD_LETTER_EXCHANGE),
    ...queues.map((queue) => call('PUT', at('queues', queue.name), { durable: true, arguments: argumentsOf(queue) })),
    ...queues.map(({ name }) => binding(DEAD_LETTER_EXCHANGE, name, name)),
    binding(ENTRANCE, start, ENTRANCE_KEY),
    call('POST', `${at('exchanges', ENTRANCE)}/publish`, {
      routing_key: ENTRANCE_KEY,
      payload: 'mortal',
      payload_encoding: 'string',
      properties: {
        ...(copyTo && { headers: { [copyTo.header]: [copyTo.queue], kept: 1 } }),
        ...(expirationMs !== undefined && { expiration: String(expirationMs) }),
      },
    }),
  ]
}

function argumentsOf({ consumer, deadLetterExchange, deadLetterRoutingKey }: DyingQueue): object {
  return {
    ...(typeof consumer === 'object' &&
      'returnsUpTo' in consumer && { 'x-queue-type': 'quorum', 'x-delivery-limit': consumer.returnsUpTo }),
    ...(typeof consumer === 'object' &&
      'expiresAfterMs' in consumer &&
      consumer.expiresAfterMs !== undefined && { 'x-message-ttl': consumer.expiresAfterMs }),
    ...(deadLetterExchange !== undefined && { 'x-dead-letter-exchange': deadLetterExchange }),
    ...(deadLetterRoutingKey !== undefined && { 'x-dead-letter-routing-key': deadLetterRoutingKey }),
  }
}

/** Dead-lettering as a property of a pair. */
export const deathProperty = (pair: Pair): Property<DeathCase> => ({
  arbitrary: deathCase,
  check: async (value) => void (await compareDeaths(pair, value)),
  droppable: [],
})

const SIDE_BY_SIDE = 24

/** Dead-lettering on expiry as a property of a pair, many cases at a time: most of their time is waiting. */
export const expiryProperty = (pair: Pair): Property<readonly DeathCase[]> => ({
  arbitrary: expiryCases(SIDE_BY_SIDE),
  check: async (values) => {
    const seen = (await mapConcurrently(values, SIDE_BY_SIDE, (value) => compareDeaths(pair, value))).flat()
    const isAboutIt = (text: string) => seen.some((sighting) => sighting.includes(text))
    if (values.length < SIDE_BY_SIDE || (isAboutIt('"expired"') && isAboutIt('"original-expiration"'))) return
    throw new Error('no message was seen that had expired by its own time: the cases say nothing')
  },
  droppable: [
    {
      count: (values) => values.length,
      keep: (values, isKept) => values.filter((_, index) => isKept(index)),
    },
  ],
})

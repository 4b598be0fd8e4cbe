import {
  type PlacementCase,
  placementCase,
  placementDefinitions,
  placementPublish,
  queueName,
} from '../generators/placement.ts'
import { type Broker, type Call, segment, sendOrThrow } from './broker.ts'
import { mapConcurrently } from './concurrency.ts'
import { isObject, objectsOf, stringifyJson } from './json.ts'
import { getAll } from './messages.ts'
import { onBoth, type Pair } from './pair.ts'
import type { Property } from './property.ts'
import { Divergence, printRepro } from './repro.ts'
import { inFreshVhost, putVhost } from './vhost.ts'

/**
 * Exchanges that choose one destination: which one is each broker's own affair, so each side is held to the
 * properties of contract §3.5 and §3.6, the reference too, and only `routed` is compared. Throws a Divergence.
 */
export async function comparePlacement(pair: Pair, value: PlacementCase): Promise<void> {
  await inFreshVhost(pair, 'placement', async (vhost) => {
    const calls = callsOf(vhost, value)
    const [reference, subject] = await onBoth(pair, (broker) => place(broker, vhost, value, calls))
    const faults = [faultOf(value, reference), faultOf(value, subject)] as const
    if (faults[0] === undefined && faults[1] === undefined) return
    const gets = value.weights.map((_weight, index) => getAll(vhost, queueName(index)))
    throw new Divergence(
      `An exchange of type ${value.type} places messages wrongly.`,
      faults[0] ?? 'as it should be',
      faults[1] ?? 'as it should be',
      printRepro(pair, [putVhost(vhost), calls.setUp, ...calls.publishes, ...gets]),
    )
  })
}

interface PlacementCalls {
  readonly setUp: Call
  readonly publishes: readonly Call[]
}

/** Per publish: what the broker answered, and every queue that holds a copy. */
interface Placed {
  readonly routed: boolean
  readonly queues: string[]
}

function callsOf(vhost: string, value: PlacementCase): PlacementCalls {
  const exchange = value.throughFanout ? 'front' : 'placing'
  return {
    setUp: {
      method: 'POST',
      path: `/definitions/${segment(vhost)}`,
      body: stringifyJson(placementDefinitions(value)),
    },
    publishes: value.keys.map((key, index) => ({
      method: 'POST',
      path: `/exchanges/${segment(vhost)}/${exchange}/publish`,
      body: stringifyJson(placementPublish(value, index, key)),
    })),
  }
}

async function place(broker: Broker, vhost: string, value: PlacementCase, calls: PlacementCalls): Promise<Placed[]> {
  await sendOrThrow(broker, calls.setUp)
  const placed = await mapConcurrently(calls.publishes, 8, async (call): Promise<Placed> => {
    const { json } = await sendOrThrow(broker, call)
    return { routed: isObject(json) && json.routed === true, queues: [] }
  })
  for (const index of value.weights.keys()) {
    const { json } = await sendOrThrow(broker, getAll(vhost, queueName(index)))
    for (const message of objectsOf(json)) placed[Number(message.payload)]?.queues.push(queueName(index))
  }
  return placed
}

function faultOf({ type, weights, keys }: PlacementCase, placed: readonly Placed[]): string | undefined {
  const expected = weights.length === 0 ? 0 : 1
  const queueOfKey = new Map<string, string>()
  for (const [index, { routed, queues }] of placed.entries()) {
    if (queues.length !== expected) return `publish ${index} is in ${queues.length} queues, not ${expected}`
    if (routed !== (expected === 1)) return `publish ${index} was answered routed: ${routed}`
    const [queue = ''] = queues
    const key = keys[index] ?? ''
    const former = queueOfKey.get(key) ?? queue
    if (type !== 'x-random' && former !== queue) return `key ${key} is in ${former} and in ${queue}`
    queueOfKey.set(key, queue)
  }
  return undefined
}

/** Placement as a property of a pair. */
export function placementProperty(pair: Pair): Property<PlacementCase> {
  return {
    arbitrary: placementCase,
    check: (value) => comparePlacement(pair, value),
    droppable: [
      {
        count: (value) => value.keys.length,
        keep: (value, isKept) => ({ ...value, keys: value.keys.filter((_item, index) => isKept(index)) }),
      },
    ],
  }
}

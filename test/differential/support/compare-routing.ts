import { explainDifference } from '../differences.ts'
import { type Publish, publishBodyOf } from '../generators/message.ts'
import { type RoutingCase, routingCase } from '../generators/routing-case.ts'
import { definitionsOf, type Topology } from '../generators/topology.ts'
import { type Answer, type Call, segment, sendOrThrow } from './broker.ts'
import { mapConcurrently } from './concurrency.ts'
import { canonicalJson, stringifyJson } from './json.ts'
import { drainBoth, getAll, subtract } from './messages.ts'
import { type AnswerPair, onBoth, type Pair, sendBoth } from './pair.ts'
import type { Property } from './property.ts'
import { Divergence, printRepro } from './repro.ts'
import { inFreshVhost, putVhost } from './vhost.ts'

const concurrentPublishes = 8

/**
 * Imports the topology into a new vhost of both sides, publishes every message, and compares each answer and then
 * every queue's messages as multisets. Throws a Divergence.
 */
export async function compareRouting(pair: Pair, { topology, publishes }: RoutingCase): Promise<void> {
  await inFreshVhost(pair, 'routing', async (vhost) => {
    const setUp = importDefinitions(vhost, topology)
    await onBoth(pair, (broker) => sendOrThrow(broker, setUp))
    const calls = publishes.map((publish) => publishCall(vhost, publish))
    const answers = await mapConcurrently(calls, concurrentPublishes, (call) => sendBoth(pair, call))
    const before = [putVhost(vhost), setUp]
    for (const [index, call] of calls.entries()) assertSameAnswer(pair, before, call, answers[index])
    for (const queue of topology.queues) {
      const [reference, subject] = await drainBoth(pair, vhost, queue)
      assertSameMessages({ pair, before: [...before, ...calls], vhost, queue, reference, subject })
    }
  })
}

export function importDefinitions(vhost: string, topology: Topology): Call {
  return { method: 'POST', path: `/definitions/${segment(vhost)}`, body: stringifyJson(definitionsOf(topology)) }
}

export function publishCall(vhost: string, publish: Publish): Call {
  const exchange = publish.exchange === '' ? 'amq.default' : publish.exchange
  return {
    method: 'POST',
    path: `/exchanges/${segment(vhost)}/${segment(exchange)}/publish`,
    body: stringifyJson(publishBodyOf(publish)),
  }
}

function assertSameAnswer(pair: Pair, before: readonly Call[], call: Call, answers: AnswerPair | undefined): void {
  if (answers === undefined) throw new Error('A publish was not sent.')
  const [reference, subject] = [describeAnswer(answers.reference), describeAnswer(answers.subject)]
  if (reference === subject || explainDifference(call, answers) !== undefined) return
  throw new Divergence('A publish is answered differently.', reference, subject, printRepro(pair, [...before, call]))
}

function describeAnswer({ status, json, text }: Answer): string {
  return `${status} ${json === undefined ? text : canonicalJson(json)}`
}

interface QueueContents {
  readonly pair: Pair
  readonly before: readonly Call[]
  readonly vhost: string
  readonly queue: string
  readonly reference: string[]
  readonly subject: string[]
}

function assertSameMessages({ pair, before, vhost, queue, reference, subject }: QueueContents): void {
  const missing = subtract(reference, subject)
  const extra = subtract(subject, reference)
  if (missing.length === 0 && extra.length === 0) return
  throw new Divergence(
    `Queue ${JSON.stringify(queue)} holds other messages.`,
    `${reference.length} messages, only here: ${missing.slice(0, 5).join('\n            ')}`,
    `${subject.length} messages, only here: ${extra.slice(0, 5).join('\n            ')}`,
    printRepro(pair, [...before, getAll(vhost, queue)]),
  )
}

/** Routing as a property of a pair. */
export function routingProperty(pair: Pair): Property<RoutingCase> {
  return {
    arbitrary: routingCase,
    check: (value) => compareRouting(pair, value),
    droppable: [
      {
        count: (value) => value.publishes.length,
        keep: (value, isKept) => ({ ...value, publishes: value.publishes.filter((_item, index) => isKept(index)) }),
      },
      {
        count: ({ topology }) => topology.bindings.length,
        keep: ({ topology, publishes }, isKept) => ({
          topology: { ...topology, bindings: topology.bindings.filter((_item, index) => isKept(index)) },
          publishes,
        }),
      },
    ],
  }
}

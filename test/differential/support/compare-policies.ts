import { setTimeout as delay } from 'node:timers/promises'
import { governedDefinitions, type PolicyCase, policyCase } from '../generators/policies.ts'
import { type Call, segment, sendOrThrow } from './broker.ts'
import { canonicalJson, type JsonObject, objectsOf, pickFields, stringifyJson } from './json.ts'
import { onBoth, type Pair, sendBoth } from './pair.ts'
import type { Property } from './property.ts'
import { Divergence, printRepro } from './repro.ts'
import { inFreshVhost, putVhost } from './vhost.ts'

/** RabbitMQ's queues tell their policies with their statistics, quorum queues every five seconds. */
const statisticsLimitMs = 30_000
const pollMs = 250

const shownFields = ['name', 'policy', 'operator_policy', 'effective_policy_definition']

/**
 * Sets policies in a vhost of both sides and compares what every queue and
 * exchange says of them. Throws a Divergence.
 */
export async function comparePolicies(pair: Pair, policies: readonly PolicyCase[]): Promise<void> {
  await inFreshVhost(pair, 'policies', async (vhost) => {
    const v = segment(vhost)
    const calls: Call[] = [
      { method: 'POST', path: `/definitions/${v}`, body: stringifyJson(governedDefinitions) },
      ...policies.map(
        ({ kind, name, body }): Call => ({ method: 'PUT', path: `/${kind}/${v}/${name}`, body: stringifyJson(body) }),
      ),
    ]
    for (const call of calls) await onBoth(pair, (broker) => sendOrThrow(broker, call))
    for (const list of ['exchanges', 'queues']) await compareShown(pair, `/${list}/${v}`, [putVhost(vhost), ...calls])
  })
}

async function compareShown(pair: Pair, path: string, sent: readonly Call[]): Promise<void> {
  const call: Call = { method: 'GET', path }
  const deadline = performance.now() + statisticsLimitMs
  for (;;) {
    const answers = await sendBoth(pair, call)
    const [reference, subject] = [describe(answers.reference.json), describe(answers.subject.json)]
    if (reference === subject) return
    if (performance.now() > deadline) {
      throw new Divergence(`GET ${path} shows other policies.`, reference, subject, printRepro(pair, [...sent, call]))
    }
    await delay(pollMs)
  }
}

/** A queue without a policy says null in RabbitMQ, or nothing at all as long as it has no statistics. */
const describe = (json: Parameters<typeof objectsOf>[0]): string =>
  objectsOf(json)
    .map((item) => canonicalJson(withoutNulls(pickFields(item, shownFields))))
    .sort()
    .join('\n')

const withoutNulls = (item: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(item).filter(([, value]) => value !== null)) as JsonObject

/** Policies as a property of a pair. */
export function policiesProperty(pair: Pair): Property<PolicyCase[]> {
  return {
    arbitrary: policyCase,
    check: (value) => comparePolicies(pair, value),
    droppable: [
      {
        count: (value) => value.length,
        keep: (value, isKept) => value.filter((_item, index) => isKept(index)),
      },
    ],
  }
}

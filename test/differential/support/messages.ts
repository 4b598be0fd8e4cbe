import { setTimeout as delay } from 'node:timers/promises'
import { emptyListAsObject } from '../differences.ts'
import { type Broker, type Call, segment, sendOrThrow } from './broker.ts'
import { canonicalJson, type JsonObject, objectsOf, pickFields } from './json.ts'
import type { Pair } from './pair.ts'

const settleLimitMs = 5_000
const comparedFields = [
  'payload',
  'payload_encoding',
  'payload_bytes',
  'exchange',
  'routing_key',
  'properties',
] as const

export function getAll(vhost: string, queue: string): Call {
  return {
    method: 'POST',
    path: `/queues/${segment(vhost)}/${segment(queue)}/get`,
    body: '{"count":1000,"ackmode":"ack_requeue_false","encoding":"auto"}',
  }
}

/**
 * Takes every message out of one queue on both sides, in bulk, each as its canonical text, sorted. A side that has
 * fewer is asked again until it has caught up or a deadline passes: SQS may not show everything at once.
 */
export async function drainBoth(pair: Pair, vhost: string, queue: string): Promise<[string[], string[]]> {
  const call = getAll(vhost, queue)
  const [reference, subject] = await Promise.all([drain(pair.reference, call), drain(pair.subject, call)])
  const deadline = performance.now() + settleLimitMs
  while (reference.length !== subject.length && performance.now() < deadline) {
    await delay(200)
    const [behind, broker] = reference.length < subject.length ? [reference, pair.reference] : [subject, pair.subject]
    behind.push(...(await drain(broker, call)))
  }
  return [reference.sort(), subject.sort()]
}

async function drain(broker: Broker, call: Call): Promise<string[]> {
  const messages: string[] = []
  for (;;) {
    const answer = await sendOrThrow(broker, call)
    const batch = objectsOf(answer.json)
    if (batch.length === 0) return messages
    messages.push(...batch.map(describeMessage))
  }
}

/** What must be the same in both brokers' copies of a message: neither position, count nor `redelivered`. */
export function describeMessage(message: JsonObject): string {
  const fields = pickFields(message, comparedFields)
  return canonicalJson({ ...fields, properties: emptyListAsObject(fields.properties) ?? null })
}

/** The items of `left` that `right` lacks, both counted as multisets. */
export function subtract(left: readonly string[], right: readonly string[]): string[] {
  const counts = new Map<string, number>()
  for (const item of right) counts.set(item, (counts.get(item) ?? 0) + 1)
  return left.filter((item) => {
    const count = counts.get(item) ?? 0
    counts.set(item, count - 1)
    return count <= 0
  })
}

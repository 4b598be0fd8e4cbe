import { setTimeout as delay } from 'node:timers/promises'
import { explainDifference, withoutArgumentsHash, withoutDetour } from '../differences.ts'
import { managementSequence } from '../generators/management.ts'
import { isUnbind, type Request, type Step, type Unbind } from '../generators/step.ts'
import { type Answer, type Broker, type Call, segment, sendOrThrow } from './broker.ts'
import { canonicalJson, isObject, type JsonObject, objectsOf, pickFields } from './json.ts'
import { describeBody, describeDefinitions } from './listings.ts'
import { type AnswerPair, onBoth, type Pair, sendBoth } from './pair.ts'
import type { Property } from './property.ts'
import { Divergence, printRepro } from './repro.ts'
import { discard, freshName, putVhost } from './vhost.ts'

const listingLimitMs = 10_000
const password = 'PASSWORD'

/** The vhosts and users that one sequence owns, by the placeholder that stands for each. */
interface Names {
  readonly v0: string
  readonly v1: string
  readonly u0: string
  readonly u1: string
}

/**
 * Sends a sequence of management calls to both sides, one by one, and compares every answer and in the end what both
 * list. Throws a Divergence whose repro is the sequence up to the call that differs.
 */
export async function compareManagement(pair: Pair, steps: readonly Step[]): Promise<void> {
  const names = { v0: freshName('v0'), v1: freshName('v1'), u0: freshName('u0'), u1: freshName('u1') }
  const setUp = setUpCalls(names)
  try {
    for (const call of setUp) await onBoth(pair, (broker) => sendOrThrow(broker, call))
    const sent = [...setUp]
    for (const step of steps) await compareStep(pair, names, step, sent)
    await compareListings(pair, names, sent)
  } finally {
    await onBoth(pair, async (broker) => {
      for (const call of tearDownCalls(names)) await discard(broker, call)
    })
  }
}

function setUpCalls({ v0, v1, u0, u1 }: Names): Call[] {
  const put = (path: string, body: string): Call => ({ method: 'PUT', path, body })
  return [
    putVhost(v0),
    putVhost(v1),
    put(`/users/${u0}`, `{"password":"${password}","tags":"management"}`),
    put(`/users/${u1}`, `{"password":"${password}","tags":"policymaker"}`),
    put(`/permissions/${v0}/${u0}`, '{"configure":"^(q|x|ok)","write":"^(q|x)","read":"^(q|x|t)"}'),
    put(`/permissions/${v0}/${u1}`, '{"configure":"","write":".*","read":".*"}'),
    put(`/queues/${v0}/q`, '{"durable":true}'),
    put(`/queues/${v0}/r`, '{"durable":true,"arguments":{"x-max-length":100000}}'),
    put(`/exchanges/${v0}/x`, '{"type":"direct","durable":true}'),
    put(`/exchanges/${v0}/t`, '{"type":"topic","durable":true,"auto_delete":true}'),
    put(`/exchanges/${v0}/h`, '{"type":"headers","durable":true}'),
  ]
}

function tearDownCalls({ v0, v1, u0, u1 }: Names): Call[] {
  const paths = [`/vhosts/${v0}`, `/vhosts/${v1}`, `/users/${u0}`, `/users/${u1}`]
  return paths.map((path) => ({ method: 'DELETE', path }))
}

async function compareStep(pair: Pair, names: Names, step: Step, sent: Call[]): Promise<void> {
  if (isUnbind(step)) return compareUnbind(pair, names, step, sent)
  const call = callOf(names, step)
  sent.push(call)
  assertSameAnswer(pair, call, await sendBoth(pair, call), sent)
}

function callOf(names: Names, { method, path, body, as }: Request): Call {
  return {
    method,
    path: fillIn(names, path),
    ...(body === undefined ? {} : { body: fillIn(names, body) }),
    ...(as === undefined ? {} : { user: { name: names[as], password } }),
  }
}

function fillIn(names: Names, text: string): string {
  return text.replace(/\{([uv][01])\}/g, (_match, name: keyof Names) => names[name])
}

/**
 * Each side is asked for the binding's key first, because the hash of its arguments is its own affair. Where there are
 * no bindings, one that does not exist is deleted.
 */
async function compareUnbind(pair: Pair, names: Names, { between, pick }: Unbind, sent: Call[]): Promise<void> {
  const path = fillIn(names, between)
  const [reference, subject] = await onBoth(pair, async (broker) => {
    const call: Call = { method: 'DELETE', path: `${path}/${segment(await propertiesKey(broker, path, pick))}` }
    return { call, answer: await broker.send(call) }
  })
  sent.push(reference.call)
  assertSameAnswer(pair, reference.call, { reference: reference.answer, subject: subject.answer }, sent)
}

async function propertiesKey(broker: Broker, between: string, pick: number): Promise<string> {
  const { json } = await broker.send({ method: 'GET', path: between })
  const identityOf = (item: JsonObject) => canonicalJson(pickFields(item, ['routing_key', 'arguments']))
  const listed = objectsOf(json).sort((a, b) => (identityOf(a) < identityOf(b) ? -1 : 1))
  const key = listed[pick % listed.length]?.properties_key
  return typeof key === 'string' ? key : 'unknown'
}

function assertSameAnswer(pair: Pair, call: Call, answers: AnswerPair, sent: readonly Call[]): void {
  const reference = describeAnswer(call, answers.reference)
  const subject = describeAnswer(call, answers.subject)
  if (reference === subject || explainDifference(call, answers) !== undefined) return
  throw new Divergence(
    `${call.method} ${call.path} is answered differently.`,
    reference,
    subject,
    printRepro(pair, sent),
  )
}

/** Status, the binding's location, and either the error or what must agree of the body. */
function describeAnswer(call: Call, answer: Answer): string {
  const { status, location, json } = answer
  if (status >= 400) return `${status} ${isObject(json) ? canonicalJson(pickError(json)) : answer.text}`
  return `${status} ${location === undefined ? '' : withoutArgumentsHash(withoutDetour(location))} ${describeBody(call.path, answer)}`
}

function pickError(body: JsonObject): JsonObject {
  return pickFields(body, ['error', 'reason'])
}

/** RabbitMQ's lists may lag behind its answers, so a difference counts only when it stays until a deadline. */
async function compareListings(pair: Pair, { v0, v1, u0, u1 }: Names, sent: readonly Call[]): Promise<void> {
  const perVhost = [v0, v1].flatMap((vhost) => [
    ...[
      'exchanges',
      'queues',
      'bindings',
      'policies',
      'operator-policies',
      'parameters/operator_policy',
      'vhost-limits',
    ].map((list) => `/${list}/${vhost}`),
    ...['', '/permissions', '/topic-permissions'].map((list) => `/vhosts/${vhost}${list}`),
    `/definitions/${vhost}`,
  ])
  const perUser = [u0, u1].flatMap((user) => [`/users/${user}`, `/users/${user}/permissions`, `/user-limits/${user}`])
  for (const path of [...perVhost, ...perUser]) await compareListing(pair, path, sent)
}

async function compareListing(pair: Pair, path: string, sent: readonly Call[]): Promise<void> {
  const call: Call = { method: 'GET', path }
  const deadline = performance.now() + listingLimitMs
  for (;;) {
    const answers = await sendBoth(pair, call)
    const reference = describeListing(call, answers.reference)
    const subject = describeListing(call, answers.subject)
    if (reference === subject || explainDifference(call, answers) !== undefined) return
    if (performance.now() > deadline) {
      throw new Divergence(`GET ${path} lists differently.`, reference, subject, printRepro(pair, [...sent, call]))
    }
    await delay(250)
  }
}

function describeListing(call: Call, answer: Answer): string {
  if (answer.status === 200 && call.path.startsWith('/definitions/')) return describeDefinitions(answer)
  return describeAnswer(call, answer)
}

/** Management calls as a property of a pair. */
export function managementProperty(pair: Pair): Property<Step[]> {
  return {
    arbitrary: managementSequence,
    check: (value) => compareManagement(pair, value),
    droppable: [
      {
        count: (value) => value.length,
        keep: (value, isKept) => value.filter((_item, index) => isKept(index)),
      },
    ],
  }
}

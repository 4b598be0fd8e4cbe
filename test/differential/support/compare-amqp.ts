import { setTimeout as delay } from 'node:timers/promises'
import { inspect } from 'node:util'
import fc from 'fast-check'
import { explainAmqpDifference } from '../amqp-differences.ts'
import { type AmqpCase, type AmqpStep, amqpCase, type Say, type Seat } from '../generators/amqp-sequence.ts'
import { AmqpSide } from './amqp-side.ts'
import { type Call, segment, sendOrThrow } from './broker.ts'
import { onBoth, type Pair } from './pair.ts'
import type { Property } from './property.ts'
import { discard, freshName, inFreshVhost } from './vhost.ts'

const password = 'PASSWORD'
/** For the two sides to have received the same, however busy the machine is. */
const AGREEMENT_LIMIT_MS = 10_000
/** For RabbitMQ to deliver what it has just been given. */
const DELIVERED_MS = 10
const POLL_MS = 5

/** Two brokers that were told the same have said different things. The message holds what they were told. */
class AmqpDivergence extends Error {
  override readonly name = 'AmqpDivergence'

  constructor(done: readonly AmqpStep[], reference: string, subject: string) {
    const steps = done.map((step) => `  ${describeStep(step)}`).join('\n')
    super(`After the last of these:\n${steps}\n\n${differingLines(reference, subject)}`)
  }
}

const describeStep = ({ at, kind, ...step }: AmqpStep): string =>
  `${at.connection}/${at.channel} ${kind} ${inspect(step, { depth: null, breakLength: Number.POSITIVE_INFINITY })}`

/** Lines of one side that the other has not, marked with whose they are. */
function differingLines(reference: string, subject: string): string {
  const [ours, theirs] = [reference.split('\n'), subject.split('\n')]
  const mark = (name: string, lines: string[], others: string[]) =>
    lines.map((line, index) => (line === others[index] ? `            ${line}` : `${name}: ${line}`))
  return [
    ...mark('RabbitMQ', ours, theirs),
    ...mark('Leveret ', theirs, ours).filter((line) => !line.startsWith(' ')),
  ].join('\n')
}

/** Who consumes from a queue, so that a second one, whose share is a matter of chance, is not let in. */
interface Consuming {
  readonly at: Seat
  readonly consumerTag: string
  readonly isExclusive: boolean
}

/** Tells both sides the same, step by step, and compares what they have said after each. */
export async function compareAmqp(
  pair: Pair,
  { steps, isExact, isTrusted }: AmqpCase,
  limitMs = AGREEMENT_LIMIT_MS,
): Promise<void> {
  const { amqp } = pair
  if (amqp === undefined)
    throw new Error('set RABBITMQ_AMQP and LEVERET_AMQP where RABBITMQ_HTTP and LEVERET_HTTP are set')
  const username = freshName('amqp')
  await inFreshVhost(pair, 'amqp', async (vhost) => {
    for (const call of setUpCalls(vhost, username)) await onBoth(pair, (broker) => sendOrThrow(broker, call))
    const logins = [{ vhost }, isTrusted ? { vhost } : { vhost, username, password }]
    const reference = new AmqpSide('RabbitMQ', amqp.reference, logins)
    const subject = new AmqpSide('Leveret', amqp.subject, logins)
    try {
      await compareSteps({ reference, subject, isExact, limitMs }, steps)
    } finally {
      reference.close()
      subject.close()
    }
  }).finally(() => onBoth(pair, (broker) => discard(broker, { method: 'DELETE', path: `/users/${username}` })))
}

function setUpCalls(vhost: string, username: string): Call[] {
  const put = (path: string, body: object): Call => ({ method: 'PUT', path, body: JSON.stringify(body) })
  const queue = (name: string) => ({ name, durable: true, auto_delete: false, arguments: {} })
  const exchange = (name: string, type: string) => ({ ...queue(name), type, internal: name === 'internal' })
  const bound = (source: string, destination: string, routing_key: string, destination_type = 'queue') => ({
    source,
    destination,
    destination_type,
    routing_key,
    arguments: {},
  })
  return [
    put(`/users/${username}`, { password, tags: '' }),
    put(`/permissions/${segment(vhost)}/${username}`, {
      configure: '^[qx]',
      write: '^([qx]|e|amq)',
      read: '^([qx]|e[01])',
    }),
    {
      method: 'POST',
      path: `/definitions/${segment(vhost)}`,
      body: JSON.stringify({
        queues: [queue('q0'), queue('q1')],
        exchanges: [
          exchange('e0', 'direct'),
          exchange('e1', 'fanout'),
          exchange('e2', 'topic'),
          exchange('internal', 'direct'),
        ],
        bindings: [bound('e0', 'q0', 'k'), bound('e1', 'q1', ''), bound('e2', 'e1', 'a.*', 'exchange')],
      }),
    },
  ]
}

interface Sides {
  readonly reference: AmqpSide
  readonly subject: AmqpSide
  readonly isExact: boolean
  readonly limitMs: number
}

async function compareSteps(sides: Sides, steps: readonly AmqpStep[]): Promise<void> {
  const done: AmqpStep[] = []
  const consuming = new Map<string, Consuming>()
  for (const step of steps) {
    await Promise.all([sides.reference.seatAt(step.at), sides.subject.seatAt(step.at)])
    if (await isLeftToChance(step, sides, consuming)) continue
    done.push(step)
    await Promise.all([sides.reference.take(step), sides.subject.take(step)])
    if (!(await agree(sides, step, done))) return
  }
}

/** Whether what the step leads to would depend on an order that SQS does not have. Notes who consumes. */
async function isLeftToChance(
  step: AmqpStep,
  { reference }: Sides,
  consuming: Map<string, Consuming>,
): Promise<boolean> {
  const seat = await reference.seatAt(step.at)
  if (step.kind === 'settle') return seat.outstanding().length === 0 && step.pick < 5
  if (step.kind !== 'say' || step.name !== 'basic.consume') return false
  const { queue, consumerTag, exclusive } = step.fields
  const queueName = String(queue) === '' ? seat.lastDeclared : String(queue).replace(/[\r\n]/g, '')
  const other = consuming.get(queueName)
  if (other !== undefined && reference.isConsuming(other.at, other.consumerTag)) {
    return !(other.isExclusive || exclusive === true)
  }
  consuming.set(queueName, { at: step.at, consumerTag: String(consumerTag), isExclusive: exclusive === true })
  return false
}

/**
 * Waits until both sides have received the same, and throws an AmqpDivergence where they do not. False where they differ as
 * is known: what comes after is not comparable.
 */
async function agree(
  { reference, subject, isExact, limitMs }: Sides,
  step: AmqpStep,
  done: readonly AmqpStep[],
): Promise<boolean> {
  if (mayDeliver(step)) await delay(DELIVERED_MS)
  const deadline = performance.now() + limitMs
  for (;;) {
    const [expected, actual] = [reference.describe(isExact), subject.describe(isExact)]
    if (expected === actual) return true
    if (explainAmqpDifference(step, expected, actual) !== undefined) return false
    if (performance.now() > deadline) throw new AmqpDivergence(done, expected, actual)
    await delay(POLL_MS)
  }
}

const QUIET: ReadonlySet<string> = new Set<Say['name']>([
  'queue.declare',
  'exchange.declare',
  'queue.bind',
  'exchange.bind',
  'confirm.select',
  'tx.select',
  'access.request',
])

const mayDeliver = (step: AmqpStep): boolean => step.kind !== 'say' || !QUIET.has(step.name)

/** Cases at a time: most of what a case takes is waiting. */
const CONCURRENT = 4

/** Methods on several channels as a property of a pair. */
export function amqpProperty(pair: Pair, limitMs?: number): Property<AmqpCase[]> {
  return {
    arbitrary: fc.array(amqpCase, { minLength: CONCURRENT, maxLength: CONCURRENT }),
    check: (cases) => checkAll(pair, cases, limitMs),
    droppable: [
      { count: ({ length }) => length, keep: (cases, isKept) => cases.filter((_case, index) => isKept(index)) },
      {
        count: ([first]) => first?.steps.length ?? 0,
        keep: ([first, ...others], isKept) =>
          first === undefined
            ? others
            : [{ ...first, steps: first.steps.filter((_step, index) => isKept(index)) }, ...others],
      },
    ],
  }
}

/** Throws the first failure, once all have come to their end. */
async function checkAll(pair: Pair, cases: readonly AmqpCase[], limitMs: number | undefined): Promise<void> {
  const outcomes = await Promise.allSettled(cases.map((value) => compareAmqp(pair, value, limitMs)))
  const failure = outcomes.find(({ status }) => status === 'rejected')
  if (failure?.status === 'rejected') throw failure.reason
}

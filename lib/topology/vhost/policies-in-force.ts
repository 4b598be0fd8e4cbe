import { type AmqpTable, type AmqpValue, fieldOf, integerOf } from '../../model/amqp-value.ts'
import type { Exchange } from '../../model/exchange.ts'
import { compilePattern, type Pattern } from '../../model/pattern.ts'
import type { Queue, QueueType } from '../../model/queue.ts'
import type { Policy } from './events.ts'

/** What policies make of one queue or exchange (contract §1.5). */
export interface PoliciesInForce {
  readonly policy?: Policy | undefined
  readonly operatorPolicy?: Policy | undefined
  /** Both of them merged; what the API shows as `effective_policy_definition`. */
  readonly definition: AmqpTable
}

interface Matcher {
  readonly policy: Policy
  readonly pattern: Pattern
}

/** Tells which policies are in force. Compiles every pattern once, so it is made anew when a policy changes, and kept. */
export class PolicyMatchers {
  readonly #policies: readonly Matcher[]
  readonly #operatorPolicies: readonly Matcher[]

  constructor(policies: Iterable<Policy>, operatorPolicies: Iterable<Policy>) {
    this.#policies = byPrecedence(policies)
    this.#operatorPolicies = byPrecedence(operatorPolicies)
  }

  ofQueue({ name, type }: Pick<Queue, 'name' | 'type'>): PoliciesInForce {
    const fits = ({ policy }: Matcher) => QUEUE_TARGETS[type].includes(policy.applyTo) && isApplicable(policy, type)
    const policy = firstMatch(this.#policies, name, fits)
    const operatorPolicy = firstMatch(this.#operatorPolicies, name, fits)
    return { policy, operatorPolicy, definition: merged(policy, operatorPolicy) }
  }

  ofExchange({ name }: Pick<Exchange, 'name'>): PoliciesInForce {
    const policy = firstMatch(this.#policies, name, ({ policy: { applyTo } }) => EXCHANGE_TARGETS.includes(applyTo))
    return { policy, definition: merged(policy, undefined) }
  }
}

const EXCHANGE_TARGETS: readonly string[] = ['exchanges', 'all']

const QUEUE_TARGETS: Readonly<Record<QueueType, readonly string[]>> = {
  classic: ['classic_queues', 'queues', 'all'],
  quorum: ['quorum_queues', 'queues', 'all'],
}

const STREAM_SETTINGS = ['max-age', 'stream-max-segment-size-bytes', 'initial-cluster-size']

/**
 * A policy that holds one of these does not apply to a queue of the type at all, as in RabbitMQ 4. (3.10 counts
 * `queue-leader-locator` among the classic queues' and not the `max-in-memory-*`.)
 */
const UNSUPPORTED: Readonly<Record<QueueType, readonly string[]>> = {
  classic: [
    ...STREAM_SETTINGS,
    'delivery-limit',
    'dead-letter-strategy',
    'max-in-memory-length',
    'max-in-memory-bytes',
    'target-group-size',
  ],
  quorum: [
    ...STREAM_SETTINGS,
    'queue-mode',
    'queue-master-locator',
    'ha-mode',
    'ha-params',
    'ha-sync-mode',
    'ha-promote-on-shutdown',
    'ha-promote-on-failure',
  ],
}

const isApplicable = ({ definition }: Policy, type: QueueType): boolean =>
  !UNSUPPORTED[type].some((setting) => Object.hasOwn(definition, setting))

/** The highest priority alone wins; among equals the name decides, so that every environment decides alike. */
function byPrecedence(policies: Iterable<Policy>): readonly Matcher[] {
  return [...policies]
    .sort((left, right) => right.priority - left.priority || (left.name < right.name ? -1 : 1))
    .map((policy) => ({ policy, pattern: compilePattern(policy.pattern) }))
}

const firstMatch = (matchers: readonly Matcher[], name: string, fits: (matcher: Matcher) => boolean) =>
  matchers.find((matcher) => fits(matcher) && matcher.pattern.test(name))?.policy

/** Settings of which the smaller value holds where both an operator and a user set one; of all others the operator's. */
const SMALLER_WINS: ReadonlySet<string> = new Set([
  'expires',
  'message-ttl',
  'max-length',
  'max-length-bytes',
  'max-in-memory-length',
  'max-in-memory-bytes',
  'delivery-limit',
])

function merged(policy: Policy | undefined, operatorPolicy: Policy | undefined): AmqpTable {
  const definition: AmqpTable = { ...policy?.definition }
  for (const [setting, value] of Object.entries(operatorPolicy?.definition ?? {})) {
    const own = fieldOf(definition, setting)
    definition[setting] = own !== undefined && SMALLER_WINS.has(setting) ? smaller(own, value) : value
  }
  return definition
}

const smaller = (left: AmqpValue, right: AmqpValue): AmqpValue =>
  Number(integerOf(left) ?? 0) <= Number(integerOf(right) ?? 0) ? left : right

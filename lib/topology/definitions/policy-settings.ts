import { type AmqpValue, integerOf } from '../../model/amqp-value.ts'
import { retryBackoffComplaint } from '../vhost/retry-backoff.ts'

export type PolicyKind = 'policy' | 'operator-policy'

export interface PolicySetting {
  /** What it is called where a value is refused: "-1 is not a valid maximum length". */
  readonly noun: string
  readonly kinds: readonly PolicyKind[]
  readonly accepts: (value: AmqpValue) => boolean
  /** The complaint of a refused value, where it is not worded as all others are. */
  readonly refusal?: (printedValue: string) => string
}

const between =
  (least: number, most: number): PolicySetting['accepts'] =>
  (value) => {
    const integer = integerOf(value)
    return integer !== undefined && integer >= least && integer <= most
  }

const atLeast = (least: number): PolicySetting['accepts'] => between(least, Number.POSITIVE_INFINITY)

const isText = (value: AmqpValue): boolean => typeof value === 'string'
const isAge = (value: AmqpValue): boolean => typeof value === 'string' && /^0*[1-9]\d*[YMDhms]$/.test(value)
const oneOf =
  (...allowed: readonly AmqpValue[]): PolicySetting['accepts'] =>
  (value) =>
    allowed.includes(value)
const anything = (): boolean => true

const setting = (noun: string, accepts: PolicySetting['accepts']): PolicySetting => ({
  noun,
  kinds: ['policy'],
  accepts,
})

/** For what operators may set as well (contract §1.5). */
const shared = (noun: string, accepts: PolicySetting['accepts']): PolicySetting => ({
  noun,
  kinds: ['policy', 'operator-policy'],
  accepts,
})

/** Judged together (policy-mirroring.ts). */
const HA_SETTINGS = [
  'ha-mode',
  'ha-params',
  'ha-promote-on-failure',
  'ha-promote-on-shutdown',
  'ha-sync-batch-size',
  'ha-sync-mode',
]

const LEADER_LOCATORS = ['client-local', 'balanced', 'random', 'least-leaders']
const MASTER_LOCATORS = ['min-masters', 'client-local', 'random']

/** The keys of policy definitions with what they accept (contract §1.5). What each does is the matter of its readers. */
export const POLICY_SETTINGS: ReadonlyMap<string, PolicySetting> = new Map([
  ['alternate-exchange', setting('alternate exchange name', isText)],
  ['consumer-timeout', setting('consumer timeout', atLeast(0))],
  ['dead-letter-exchange', setting('dead letter exchange name', isText)],
  ['dead-letter-routing-key', setting('dead letter routing key', isText)],
  ['dead-letter-strategy', setting('dead letter strategy', oneOf('at-most-once', 'at-least-once'))],
  ['delayed-retry-max', setting('delayed retry maximum', anything)],
  ['delayed-retry-min', setting('delayed retry minimum', anything)],
  ['delayed-retry-type', setting('delayed retry type', anything)],
  ['delivery-limit', shared('delivery limit', atLeast(-1))],
  ['expires', shared('queue expiry', atLeast(1))],
  ['federation-upstream', setting('federation upstream name', isText)],
  ['federation-upstream-pattern', setting('federation upstream pattern', isText)],
  ['federation-upstream-set', setting('federation upstream set name', isText)],
  ...HA_SETTINGS.map((name) => [name, setting(name, anything)] as const),
  ['initial-cluster-size', setting('cluster size', atLeast(0))],
  ['max-age', setting('max age', isAge)],
  ['max-in-memory-bytes', shared('maximum memory in bytes', atLeast(0))],
  ['max-in-memory-length', shared('maximum memory in bytes', atLeast(0))],
  ['max-length', shared('maximum length', atLeast(0))],
  ['max-length-bytes', shared('maximum length in bytes', atLeast(0))],
  ['message-ttl', shared('message TTL', atLeast(0))],
  ['overflow', shared('overflow value', oneOf('drop-head', 'reject-publish', 'reject-publish-dlx'))],
  ['queue-leader-locator', setting('queue leader locator value', oneOf(...LEADER_LOCATORS))],
  [
    'queue-master-locator',
    { ...setting('', oneOf(...MASTER_LOCATORS)), refusal: (value) => `${value} invalid queue-master-locator value` },
  ],
  ['queue-mode', setting('queue-mode value', oneOf('default', 'lazy'))],
  ['queue-version', shared('queue-version value', oneOf(1, 2))],
  ['retry-backoff', setting('retry back-off', (value) => retryBackoffComplaint(value) === undefined)],
  ['stream-filter-size-bytes', setting('filter size', atLeast(0))],
  ['stream-max-segment-size-bytes', setting('segment size', between(0, 3_000_000_000))],
  ['target-group-size', setting('target group size', atLeast(1))],
])

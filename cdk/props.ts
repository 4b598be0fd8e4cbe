import { RemovalPolicy, Token } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import { MAX_LEASE_MS } from '../lib/config.ts'

export interface LeveretProps {
  /**
   * What the names of SQS queues begin with, before 8 characters of the stack's id. Brokers in one stack need different ones.
   *
   * @default 'leveret'
   */
  readonly name?: string
  /**
   * What becomes of topology, messages and the administrator's password when the stack is deleted. RETAIN also protects the
   * table from deletion; DESTROY deletes everything, declared queues and what is in them included.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy
  /**
   * For how long a function may serve from what it knows of the topology, ms; a change waits this long before it is
   * answered. 0 to 10000.
   *
   * @default 1000
   */
  readonly leaseMs?: number
  /** @default RetentionDays.ONE_MONTH */
  readonly logRetention?: RetentionDays
  /**
   * Bounds of the API as a whole; what goes beyond is answered with 429.
   *
   * @default - the account's
   */
  readonly throttle?: Throttle
  /**
   * Whether API Gateway logs a line per request. The first such API of an account sets the account's role for it.
   *
   * @default false
   */
  readonly accessLogs?: boolean
  /**
   * Where alarms go.
   *
   * @default - they only change their state
   */
  readonly alarmTopic?: ITopic
}

export interface Throttle {
  /** Requests a second, in the long run. */
  readonly rateLimit: number
  /** Requests at once. */
  readonly burstLimit: number
}

/** Props with their defaults. */
export type Settings = Required<Omit<LeveretProps, 'throttle' | 'alarmTopic'>> &
  Pick<LeveretProps, 'throttle' | 'alarmTopic'>

const DEFAULT_LEASE_MS = 1000

/** Throws an Error that names the prop and what to change. Values that are known only at deployment are left alone. */
export function toSettings(props: LeveretProps): Settings {
  assertProps(props)
  return {
    ...props,
    name: props.name ?? 'leveret',
    removalPolicy: props.removalPolicy ?? RemovalPolicy.RETAIN,
    leaseMs: props.leaseMs ?? DEFAULT_LEASE_MS,
    logRetention: props.logRetention ?? RetentionDays.ONE_MONTH,
    accessLogs: props.accessLogs ?? false,
  }
}

/** An SQS queue's name has 80 characters; this leaves half of them to the declared name. */
const NAME = /^[A-Za-z][A-Za-z0-9-]{0,22}[A-Za-z0-9]$/

function assertProps(props: LeveretProps): void {
  const { name, removalPolicy, leaseMs, throttle } = props
  if (isKnown(name) && !NAME.test(name)) {
    throw refusal(
      'name',
      name,
      'use 2 to 24 letters, digits and dashes that begin with a letter and end without a dash',
    )
  }
  if (isKnown(leaseMs) && !isWhole(leaseMs, 0, MAX_LEASE_MS)) {
    throw refusal('leaseMs', leaseMs, `use whole milliseconds from 0 to ${MAX_LEASE_MS}`)
  }
  if (
    removalPolicy !== undefined &&
    removalPolicy !== RemovalPolicy.RETAIN &&
    removalPolicy !== RemovalPolicy.DESTROY
  ) {
    throw refusal('removalPolicy', removalPolicy, 'use RemovalPolicy.RETAIN or RemovalPolicy.DESTROY')
  }
  if (throttle !== undefined) assertThrottle(throttle)
}

function assertThrottle({ rateLimit, burstLimit }: Throttle): void {
  if (isKnown(rateLimit) && !(rateLimit > 0 && Number.isFinite(rateLimit))) {
    throw refusal('throttle.rateLimit', rateLimit, 'use the number of requests a second, above 0')
  }
  if (isKnown(burstLimit) && !isWhole(burstLimit, 1, Number.MAX_SAFE_INTEGER)) {
    throw refusal('throttle.burstLimit', burstLimit, 'use a whole number of requests, 1 or more')
  }
}

const isKnown = <T>(value: T | undefined): value is T => value !== undefined && !Token.isUnresolved(value)

const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isInteger(value) && value >= min && value <= max

export const refusal = (prop: string, value: unknown, fix: string): Error =>
  new Error(`Leveret cannot be made: ${prop} is ${JSON.stringify(value)}; ${fix}`)

import { RemovalPolicy } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Topic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import type { LeveretProps, Throttle } from './props.ts'

/** What `cdk deploy -c NAME=VALUE` can say; the values of the command line are all text, those of cdk.json may be JSON. */
const KEYS = [
  'name',
  'removalPolicy',
  'leaseMs',
  'logRetentionDays',
  'throttle',
  'accessLogs',
  'alarmTopicArn',
] as const
type Key = (typeof KEYS)[number]

const PREFIX = 'leveret:'

/**
 * The props of the app's broker, from the context `leveret:name`, `leveret:leaseMs` and so on. Throws an Error that names
 * the context and what to write.
 */
export function propsFromContext(scope: Construct): LeveretProps {
  assertKnown(scope)
  const read = <T>(key: Key, parse: (value: unknown) => T | undefined, fix: string): T | undefined => {
    const value: unknown = scope.node.tryGetContext(PREFIX + key)
    if (value === undefined || value === '') return undefined
    const parsed = parse(value)
    if (parsed !== undefined) return parsed
    throw new Error(`Leveret cannot be made: ${PREFIX}${key} is ${JSON.stringify(value)}; ${fix}`)
  }
  const alarmTopicArn = read('alarmTopicArn', toText, 'write the ARN of an SNS topic')
  return withoutAbsent({
    name: read('name', toText, 'write a name'),
    removalPolicy: read('removalPolicy', toRemovalPolicy, 'write retain or destroy'),
    leaseMs: read('leaseMs', toNumber, 'write a number of milliseconds'),
    logRetention: read('logRetentionDays', toRetention, `write one of ${RETENTIONS.join(', ')}`),
    throttle: read(
      'throttle',
      toThrottle,
      'write RATE/BURST, requests a second and requests at once, such as 500/1000',
    ),
    accessLogs: read('accessLogs', toBoolean, 'write true or false'),
    alarmTopic: alarmTopicArn === undefined ? undefined : Topic.fromTopicArn(scope, 'AlarmTopic', alarmTopicArn),
  })
}

function assertKnown(scope: Construct): void {
  const names = Object.keys(scope.node.getAllContext()).filter((name) => name.startsWith(PREFIX))
  const unknown = names.find((name) => !KEYS.some((key) => name === PREFIX + key))
  if (unknown === undefined) return
  throw new Error(`Leveret cannot be made: there is no ${unknown}; use ${KEYS.map((key) => PREFIX + key).join(', ')}`)
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

const withoutAbsent = <T extends object>(values: T): Present<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>

const toText = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)

function toNumber(value: unknown): number | undefined {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
}

const toBoolean = (value: unknown): boolean | undefined => {
  const text = String(value)
  return text === 'true' || text === 'false' ? text === 'true' : undefined
}

const POLICIES: Readonly<Record<string, RemovalPolicy>> = {
  retain: RemovalPolicy.RETAIN,
  destroy: RemovalPolicy.DESTROY,
}

const toRemovalPolicy = (value: unknown): RemovalPolicy | undefined => POLICIES[String(value)]

/** As CloudWatch Logs allows them. */
const RETENTIONS = Object.values(RetentionDays).filter(
  (days) => typeof days === 'number' && days !== RetentionDays.INFINITE,
)

const toRetention = (value: unknown): RetentionDays | undefined =>
  RETENTIONS.find((days) => days === toNumber(value)) as RetentionDays | undefined

function toThrottle(value: unknown): Throttle | undefined {
  const [, rate, burst] = /^(\d+)\/(\d+)$/.exec(String(value)) ?? []
  return rate !== undefined && burst !== undefined ? { rateLimit: Number(rate), burstLimit: Number(burst) } : undefined
}

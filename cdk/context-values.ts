import { RemovalPolicy } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Throttle } from './props.ts'

/** Reads a value of the context, which is text on the command line and may be JSON in cdk.json; undefined for what it is not. */
export type ParseValue<T> = (value: unknown) => T | undefined

/** Reads one setting of the app; undefined where it is left out. Throws an Error that names it, with what to write. */
export type ReadSetting<Key extends string> = <T>(key: Key, parse: ParseValue<T>, fix: string) => T | undefined

/** What the names of all settings begin with. */
export const PREFIX = 'leveret:'

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

export const withoutAbsent = <T extends object>(values: T): Present<T> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>

export const toText: ParseValue<string> = (value) => (typeof value === 'string' ? value : undefined)

/** JSON, as text or as cdk.json holds it. */
export const toJsonText: ParseValue<string> = (value) =>
  typeof value === 'object' && value !== null ? JSON.stringify(value) : toText(value)

export const toNumber: ParseValue<number> = (value) => {
  if (typeof value === 'number') return value
  return typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : undefined
}

export const toBoolean: ParseValue<boolean> = (value) => {
  const text = String(value)
  return text === 'true' || text === 'false' ? text === 'true' : undefined
}

const POLICIES: Readonly<Record<string, RemovalPolicy>> = {
  retain: RemovalPolicy.RETAIN,
  destroy: RemovalPolicy.DESTROY,
}

export const toRemovalPolicy: ParseValue<RemovalPolicy> = (value) => POLICIES[String(value)]

/** As CloudWatch Logs allows them. */
export const RETENTIONS = Object.values(RetentionDays).filter(
  (days) => typeof days === 'number' && days !== RetentionDays.INFINITE,
)

export const toRetention: ParseValue<RetentionDays> = (value) =>
  RETENTIONS.find((days) => days === toNumber(value)) as RetentionDays | undefined

export const toThrottle: ParseValue<Throttle> = (value) => {
  const [, rate, burst] = /^(\d+)\/(\d+)$/.exec(String(value)) ?? []
  return rate !== undefined && burst !== undefined ? { rateLimit: Number(rate), burstLimit: Number(burst) } : undefined
}

export const toAuthType: ParseValue<'basic' | 'iam'> = (value) =>
  value === 'basic' || value === 'iam' ? value : undefined

/** Words with spaces between them: names of roles may hold commas. */
export const toWords: ParseValue<readonly string[]> = (value) =>
  typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : undefined

/** An ARN of that service. */
export const toArnOf =
  (service: string): ParseValue<string> =>
  (value) =>
    typeof value === 'string' && new RegExp(`^arn:[\\w-]+:${service}:`).test(value) ? value : undefined

export interface ZoneAttributes {
  readonly hostedZoneId: string
  readonly zoneName: string
}

/** `Z0123456789/example.org` */
export const toZone: ParseValue<ZoneAttributes> = (value) => {
  const [, hostedZoneId, zoneName] = /^(Z[A-Z0-9]+)\/([^/\s]+)$/.exec(String(value)) ?? []
  return hostedZoneId !== undefined && zoneName !== undefined ? { hostedZoneId, zoneName } : undefined
}

export const toVpcEndpointId: ParseValue<string> = (value) =>
  /^vpce-[0-9a-f]+$/.test(String(value)) ? String(value) : undefined

/** `team=orders,stage=prod` */
export const toTags: ParseValue<Readonly<Record<string, string>>> = (value) => {
  if (typeof value !== 'string') return undefined
  const pairs = value.split(',').map((pair) => /^([^=]+)=(.*)$/.exec(pair)?.slice(1))
  if (pairs.some((pair) => pair === undefined)) return undefined
  return Object.fromEntries(pairs as [string, string][])
}

export const toVpcId: ParseValue<string> = (value) =>
  String(value) === NEW_VPC || /^vpc-[0-9a-f]+$/.test(String(value)) ? String(value) : undefined

/** In place of the id of a VPC. */
export const NEW_VPC = 'new'

export const toSubnetIds: ParseValue<readonly string[]> = (value) => {
  const ids = toWords(value)
  return ids?.length && ids.every((id) => /^subnet-[0-9a-f]+$/.test(id)) ? ids : undefined
}

/** CIDR blocks with spaces between them. */
export const toCidrs: ParseValue<readonly string[]> = (value) => {
  const blocks = toWords(value)
  return blocks?.length && blocks.every((block) => /^\d{1,3}(?:\.\d{1,3}){3}\/\d{1,2}$/.test(block))
    ? blocks
    : undefined
}

import { RemovalPolicy } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { type AmqpSettings, toAmqpSettings } from './amqp-props.ts'
import { assertProps } from './assert-props.ts'
import type { LeveretProps } from './props.ts'

/** Props that are left as they are where they are absent. */
type Optional =
  | 'throttle'
  | 'alarmTopic'
  | 'existing'
  | 'encryptionKey'
  | 'domain'
  | 'privateEndpoint'
  | 'provisionedConcurrency'

/** Props with their defaults. */
export type Settings = Required<Omit<LeveretProps, Optional | 'amqp'>> &
  Pick<LeveretProps, Optional> & { readonly amqp: AmqpSettings | undefined }

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
    auth: props.auth ?? { type: 'basic' },
    publishUrl: props.publishUrl ?? false,
    tags: props.tags ?? {},
    amqp: props.amqp && toAmqpSettings(props.amqp),
  }
}

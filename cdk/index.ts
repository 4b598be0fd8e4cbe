/** `leveret`: the construct for somebody else's CDK app. */
export type { MetricName } from '../lib/metrics.ts'
export type { ExistingData } from './existing.ts'
export { Leveret } from './leveret.ts'
export { LeveretStack, type LeveretStackProps } from './leveret-stack.ts'
export type { Auth, BasicAuth, Domain, IamAuth, LeveretProps, PrivateEndpoint, Throttle } from './props.ts'

/** `leveret`: the construct for somebody else's CDK app. */
export type { MetricName } from '../lib/metrics.ts'
export { AmqpGateway } from './amqp-gateway.ts'
export type { AmqpProps } from './amqp-props.ts'
export {
  type BindingOptions,
  BrokerExchange,
  type BrokerExchangeProps,
  type BrokerExchangeType,
  type IBrokerExchange,
} from './broker-exchange.ts'
export { BrokerQueue, type BrokerQueueProps } from './broker-queue.ts'
export { type BrokerPermissions, BrokerUser, type BrokerUserProps } from './broker-user.ts'
export { Definitions, type DefinitionsOptions } from './definitions.ts'
export type { ExistingData } from './existing.ts'
export { Leveret } from './leveret.ts'
export type { BlobsBucket, ILeveret, LeveretAttributes } from './leveret-base.ts'
export { LeveretStack, type LeveretStackProps } from './leveret-stack.ts'
export type { Auth, BasicAuth, Domain, IamAuth, LeveretProps, PrivateEndpoint, Throttle, TokenIssuer } from './props.ts'

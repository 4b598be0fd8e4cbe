import type { AmqpTable, AmqpValue } from '../../model/amqp-value.ts'
import type { Destination } from '../../model/binding.ts'
import type { HashingAlgorithm, Permission, TopicPermission, User } from '../../model/user.ts'
import type { Parameter, Policy } from '../vhost/events.ts'

/** A definitions file (contract §4) as it is understood, whatever version wrote it. */
export interface Definitions {
  readonly users: readonly UserDefinition[]
  readonly vhosts: readonly VhostDefinition[]
  readonly permissions: readonly Permission[]
  readonly topicPermissions: readonly TopicPermission[]
  readonly globalParameters: readonly GlobalParameter[]
  readonly vhostLimits: readonly VhostLimit[]
  /** By vhost; what there is nothing to say of is left out. */
  readonly contents: ReadonlyMap<string, VhostContents>
  /** What of the file has no place here and was passed over, a sentence for each. */
  readonly warnings: readonly string[]
}

/** A user of a file, or of a request to make one: the hash of the password, or the password itself. */
export interface UserDefinition extends Pick<User, 'name' | 'tags' | 'limits'> {
  readonly hashingAlgorithm: HashingAlgorithm
  readonly credentials: { readonly passwordHash: string } | { readonly password: string }
}

/** What is left out stays as it is. */
export interface VhostDefinition {
  readonly name: string
  readonly description?: string | undefined
  readonly tags?: readonly string[] | undefined
  readonly defaultQueueType?: string | undefined
  readonly tracing?: boolean | undefined
  readonly protectedFromDeletion?: boolean | undefined
}

export interface GlobalParameter {
  readonly name: string
  readonly value: AmqpValue
}

export interface VhostLimit {
  readonly vhost: string
  readonly limit: string
  readonly value: number
}

/** What the file says of one vhost. */
export interface VhostContents {
  readonly exchanges: readonly ExchangeDefinition[]
  readonly policies: readonly Policy[]
  readonly parameters: readonly Parameter[]
  readonly queues: readonly QueueDefinition[]
  readonly bindings: readonly BindingDefinition[]
}

export interface ExchangeDefinition {
  readonly name: string
  readonly exchangeType: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly internal: boolean
  readonly arguments: AmqpTable
}

export interface QueueDefinition {
  readonly name: string
  readonly durable: boolean
  readonly autoDelete: boolean
  readonly arguments: AmqpTable
  /** The type that the file names beside the arguments, if it does. */
  readonly queueType?: string | undefined
}

export interface BindingDefinition {
  readonly source: string
  readonly destinationType: Destination['type']
  readonly destination: string
  readonly routingKey: string
  readonly arguments: AmqpTable
}

/** Nothing, to be filled in part. */
export const NO_DEFINITIONS: Definitions = {
  users: [],
  vhosts: [],
  permissions: [],
  topicPermissions: [],
  globalParameters: [],
  vhostLimits: [],
  contents: new Map(),
  warnings: [],
}

/** The parameter components that have resources of their own (contract §4.1); policies are no parameters in exports. */
export const VHOST_LIMITS_COMPONENT = 'vhost-limits'
export const VHOST_LIMITS_NAME = 'limits'
export const OPERATOR_POLICY_COMPONENT = 'operator_policy'

/** Global parameters whose names begin so are RabbitMQ's own and in no file (contract §4.1). */
export const isInternalName = (name: string): boolean => name.startsWith('internal')

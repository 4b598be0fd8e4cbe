import type { AmqpTable } from '../../model/amqp-value.ts'
import type { Binding } from '../../model/binding.ts'
import type { Exchange } from '../../model/exchange.ts'
import { isReservedName } from '../../model/names.ts'
import type { Queue } from '../../model/queue.ts'
import type { User } from '../../model/user.ts'
import { NO_DEFAULT_QUEUE_TYPE, type Vhost } from '../../model/vhost.ts'
import type { AccessState } from '../access/state.ts'
import type { Parameter } from '../vhost/events.ts'
import type { VhostState } from '../vhost/state.ts'
import { isInternalName, VHOST_LIMITS_COMPONENT, VHOST_LIMITS_NAME } from './definitions.ts'
import { policyBody } from './policy.ts'

/** Who writes the file; clients decide by the version how to read it. */
export interface ExporterIdentity {
  readonly rabbitmqVersion: string
  readonly productName: string
  readonly productVersion: string
}

/**
 * A definitions file of all vhosts (contract §4.1), with RabbitMQ's keys in RabbitMQ's order. Left out are the default
 * exchange, what is named `amq.*`, queues that go with their connections, and what only this broker knows. Internal exchanges are in it, as in all of RabbitMQ
 * 3's: their bindings would be in vain without them.
 */
export function exportDefinitions(access: AccessState, vhosts: readonly VhostState[], identity: ExporterIdentity) {
  const contents = vhosts.map((state) => contentsOf(state, access.vhosts.get(state.vhost)))
  const withVhost = <K extends keyof Contents>(section: K) =>
    vhosts.flatMap(({ vhost }, index) => (contents[index]?.[section] ?? []).map((item) => ({ vhost, ...item })))
  return {
    rabbit_version: identity.rabbitmqVersion,
    rabbitmq_version: identity.rabbitmqVersion,
    product_name: identity.productName,
    product_version: identity.productVersion,
    users: Array.from(access.users.values(), exportUser),
    vhosts: Array.from(access.vhosts.values(), exportVhostItem),
    permissions: [...access.permissions()],
    topic_permissions: [...access.topicPermissions()],
    parameters: withVhost('parameters'),
    global_parameters: Array.from(access.globalParameters, ([name, value]) => ({ name, value })).filter(
      ({ name }) => !isInternalName(name),
    ),
    policies: withVhost('policies'),
    queues: withVhost('queues'),
    exchanges: withVhost('exchanges'),
    bindings: withVhost('bindings'),
  }
}

/** A definitions file of one vhost: its contents, in items that do not name it (contract §4.1). */
export function exportVhost(state: VhostState, vhost: Vhost | undefined, identity: ExporterIdentity) {
  const { parameters, policies, queues, exchanges, bindings } = contentsOf(state, vhost)
  return { rabbit_version: identity.rabbitmqVersion, parameters, policies, queues, exchanges, bindings }
}

/** The parameters of a vhost as clients see them: RabbitMQ keeps the limits of a vhost as one of them. */
export function parametersOf(state: VhostState, vhost: Vhost | undefined): Parameter[] {
  const limits: AmqpTable = { ...vhost?.limits }
  const stored = [...state.parameters.values()]
  if (Object.keys(limits).length === 0) return stored
  return [...stored, { component: VHOST_LIMITS_COMPONENT, name: VHOST_LIMITS_NAME, value: limits }]
}

type Contents = ReturnType<typeof contentsOf>

const contentsOf = (state: VhostState, vhost: Vhost | undefined) => ({
  parameters: parametersOf(state, vhost).map(({ component, name, value }) => ({ component, name, value })),
  policies: Array.from(state.policies.values(), (policy) => ({ name: policy.name, ...policyBody(policy) })),
  queues: Array.from(state.queues(), ({ queue }) => queue)
    .filter(({ exclusive }) => !exclusive)
    .map(exportQueue),
  exchanges: Array.from(state.exchanges(), ({ exchange }) => exchange)
    .filter(({ name }) => !isReservedName(name))
    .map(exportExchange),
  bindings: Array.from(state.bindings())
    .filter(({ destination }) => !isExclusive(state, destination))
    .map((binding) => exportBinding(state, binding)),
})

const isExclusive = (state: VhostState, { type, id }: Binding['destination']): boolean =>
  type === 'queue' && state.queueById(id)?.exclusive !== undefined

const exportUser = ({ name, passwordHash, hashingAlgorithm, tags, limits }: User) => ({
  name,
  password_hash: passwordHash,
  hashing_algorithm: hashingAlgorithm,
  tags,
  limits,
})

function exportVhostItem({ name, description, tags, defaultQueueType, tracing, protectedFromDeletion }: Vhost) {
  const queueType = defaultQueueType === NO_DEFAULT_QUEUE_TYPE ? {} : { default_queue_type: defaultQueueType }
  const isProtected = protectedFromDeletion ? { protected_from_deletion: true } : {}
  return {
    name,
    description,
    tags,
    ...queueType,
    metadata: { description, tags, ...queueType, ...isProtected },
    ...(tracing ? { tracing } : {}),
  }
}

export const exportQueue = (queue: Queue) => ({
  name: queue.name,
  durable: queue.durable,
  auto_delete: queue.autoDelete,
  arguments: queue.arguments,
  type: queue.type,
})

export const exportExchange = (exchange: Exchange) => ({
  name: exchange.name,
  type: exchange.type,
  durable: exchange.durable,
  auto_delete: exchange.autoDelete,
  internal: exchange.internal,
  arguments: exchange.arguments,
})

export function exportBinding(state: VhostState, { sourceId, destination, routingKey, arguments: args }: Binding) {
  const { type, id } = destination
  const queue = type === 'queue' ? state.queueById(id) : undefined
  return {
    source: state.exchangeById(sourceId)?.exchange.name ?? '',
    destination: queue?.name ?? state.exchangeById(id)?.exchange.name ?? '',
    destination_type: type,
    routing_key: routingKey,
    arguments: args,
  }
}

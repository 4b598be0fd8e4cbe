import { type AmqpTable, type AmqpValue, isTable } from '../../model/amqp-value.ts'
import { invalid } from '../../model/errors.ts'
import { DEFAULT_EXCHANGE } from '../../model/exchange.ts'
import { isReservedName } from '../../model/names.ts'
import type { Parameter, Policy } from '../vhost/events.ts'
import {
  type BindingDefinition,
  type Definitions,
  type ExchangeDefinition,
  OPERATOR_POLICY_COMPONENT,
  type QueueDefinition,
  VHOST_LIMITS_COMPONENT,
  type VhostContents,
  type VhostLimit,
} from './definitions.ts'
import { type Item, itemsOf } from './item.ts'
import { isKnownComponent, operatorPolicyParameter, parseParameter } from './parameter.ts'
import { parsePolicy } from './policy.ts'
import { isMirroringSetting } from './policy-mirroring.ts'
import { parseVhostLimit } from './user.ts'

/** What is kept per vhost: the contents themselves, and the limits, which are written as parameters. */
type Contents = Pick<Definitions, 'contents' | 'vhostLimits' | 'warnings'>

/** Reads the sections that both kinds of file have (contract §4.2); `vhost` for the kind whose items name none. */
export function parseContents(file: AmqpTable, vhost: string | undefined): Contents {
  const reader = new ContentsReader(vhost)
  for (const item of itemsOf(file, 'exchanges')) reader.exchange(item)
  for (const item of itemsOf(file, 'policies')) reader.policy(item)
  for (const item of itemsOf(file, 'parameters')) reader.parameter(item)
  for (const item of itemsOf(file, 'queues')) reader.queue(item)
  for (const item of itemsOf(file, 'bindings')) reader.binding(item)
  return reader
}

/** What a vhost's contents are while they are being read. */
interface Draft extends VhostContents {
  readonly exchanges: ExchangeDefinition[]
  readonly policies: Policy[]
  readonly parameters: Parameter[]
  readonly queues: QueueDefinition[]
  readonly bindings: BindingDefinition[]
  /** The names of the queues that were passed over, with which their bindings go. */
  readonly skippedQueues: Set<string>
}

class ContentsReader implements Contents {
  readonly contents = new Map<string, Draft>()
  readonly vhostLimits: VhostLimit[] = []
  readonly warnings: string[] = []
  readonly #vhost: string | undefined

  constructor(vhost: string | undefined) {
    this.#vhost = vhost
  }

  exchange(item: Item): void {
    const name = item.text('name')
    const draft = this.#draft(item)
    if (isOurs(name)) return
    draft.exchanges.push({
      name,
      exchangeType: item.text('type'),
      durable: item.flag('durable', true),
      autoDelete: item.flag('auto_delete', false),
      internal: item.flag('internal', false),
      arguments: item.arguments('arguments'),
    })
  }

  policy(item: Item): void {
    const name = item.text('name')
    const draft = this.#draft(item)
    const definition = item.item('definition').table
    const settings = Object.entries(definition).filter(([setting]) => !isMirroringSetting(setting))
    const dropped = Object.keys(definition).length - settings.length
    if (dropped > 0) this.warnings.push(`${item.place}: the ha-* settings of policy '${name}' were left out`)
    if (dropped > 0 && settings.length === 0) return
    const body = { ...item.table, definition: Object.fromEntries(settings) }
    draft.policies.push(item.within(() => parsePolicy('policy', name, body)))
  }

  parameter(item: Item): void {
    const [component, name] = [item.text('component'), item.text('name')]
    const draft = this.#draft(item)
    const value = item.value('value')
    if (component === VHOST_LIMITS_COMPONENT) {
      this.vhostLimits.push(...item.within(() => limitsIn(this.#vhostOf(item), value)))
    } else if (component === OPERATOR_POLICY_COMPONENT) {
      draft.parameters.push(item.within(() => operatorPolicyParameter(name, item.item('value').table)))
    } else if (isKnownComponent(component)) {
      draft.parameters.push(item.within(() => parseParameter(component, name, value)))
    } else {
      this.warnings.push(`${item.place}: parameters of component '${component}' are not known and were left out`)
    }
  }

  queue(item: Item): void {
    const name = item.text('name')
    const draft = this.#draft(item)
    const args = item.arguments('arguments')
    const queueType = item.optionalText('type')
    if (isOurs(name)) {
      draft.skippedQueues.add(name)
    } else if ((args['x-queue-type'] ?? queueType) === 'stream') {
      draft.skippedQueues.add(name)
      this.warnings.push(`${item.place}: the stream '${name}' was left out, SQS has none: make it a queue`)
    } else {
      const [durable, autoDelete] = [item.flag('durable', true), item.flag('auto_delete', false)]
      draft.queues.push({ name, durable, autoDelete, arguments: args, queueType })
    }
  }

  /** Read after the queues: a binding goes with a queue that was passed over. */
  binding(item: Item): void {
    const [source, destination] = [item.text('source'), item.text('destination')]
    const destinationType = parseDestinationType(item)
    const draft = this.#draft(item)
    const isSkipped =
      destinationType === 'queue' && (draft.skippedQueues.has(destination) || isReservedName(destination))
    if (source === DEFAULT_EXCHANGE || isSkipped) return
    draft.bindings.push({
      source,
      destinationType,
      destination,
      routingKey: item.optionalText('routing_key') ?? '',
      arguments: item.arguments('arguments'),
    })
  }

  #draft(item: Item): Draft {
    const vhost = this.#vhostOf(item)
    const known = this.contents.get(vhost)
    if (known) return known
    const draft = {
      exchanges: [],
      policies: [],
      parameters: [],
      queues: [],
      bindings: [],
      skippedQueues: new Set<string>(),
    }
    this.contents.set(vhost, draft)
    return draft
  }

  #vhostOf(item: Item): string {
    const vhost = this.#vhost ?? item.optionalText('vhost')
    if (vhost !== undefined) return vhost
    throw invalid(
      `invalid_definitions_file: ${item.place}.vhost is missing. Is this the file of one vhost? Post it to /api/definitions/{vhost}`,
    )
  }
}

const isOurs = (name: string): boolean => name === DEFAULT_EXCHANGE || isReservedName(name)

function parseDestinationType(item: Item): 'queue' | 'exchange' {
  const type = item.text('destination_type')
  if (type === 'queue' || type === 'exchange') return type
  throw invalid(`${item.place}.destination_type must be queue or exchange`)
}

/** A vhost's limits in the form in which RabbitMQ exports them (contract §4.1). */
function limitsIn(vhost: string, value: AmqpValue): VhostLimit[] {
  if (Array.isArray(value) && value.length === 0) return []
  if (!isTable(value)) throw invalid('the limits must be a JSON object')
  return Object.entries(value).map(([limit, number]) => ({ vhost, limit, value: parseVhostLimit(limit, number) }))
}

import { type Binding, bindingKey } from '../../model/binding.ts'
import { alternateExchangeOf, type Exchange } from '../../model/exchange.ts'
import type { Queue, SqsQueue } from '../../model/queue.ts'
import type { BindingIndex } from '../../routing/exchange-type.ts'
import { exchangeType } from '../../routing/exchange-types.ts'
import type { RoutedExchange, RoutingView } from '../../routing/view.ts'
import { operatorPolicyOf } from '../definitions/parameter.ts'
import { type DeletedQueue, DeletedQueues, lastSettings } from './deleted-queues.ts'
import type { Parameter, Policy } from './events.ts'
import { type PoliciesInForce, PolicyMatchers } from './policies-in-force.ts'
import { type QueueSettings, queueSettings } from './queue-settings.ts'

/** Bindings by their {@link bindingKey}. */
type Bindings = Map<string, Binding>

export interface ExchangeNode extends RoutedExchange {
  readonly outgoing: Bindings
  readonly incoming: Bindings
}

export interface QueueNode {
  readonly queue: Queue
  readonly incoming: Bindings
}

/**
 * The topology of one vhost: what is declared, with the indexes that deciding and routing need. One change costs what it
 * touches, never the size of the whole. Changed only by events (vhost-machine.ts); everybody else reads.
 */
export class VhostState implements RoutingView {
  id = ''
  vhost = ''

  readonly #policies = new Map<string, Policy>()
  readonly #parameters = new Map<string, Parameter>()
  readonly #exchanges = new Map<string, ExchangeNode>()
  readonly #exchangeIds = new Map<string, string>()
  readonly #queues = new Map<string, QueueNode>()
  readonly #queueIds = new Map<string, string>()
  readonly #queueIdsBySqsName = new Map<string, string>()
  /** Ids of the queues that connections have for themselves. */
  readonly #exclusive = new Set<string>()
  readonly #deletedQueues = new DeletedQueues()
  #bindingCount = 0
  /** What policies make of the queues; made when it is first asked for, and again after a policy has changed. */
  #matchers: PolicyMatchers | undefined
  readonly #settings = new Map<string, QueueSettings>()

  get policies(): ReadonlyMap<string, Policy> {
    return this.#policies
  }

  /** By component and name, see {@link parameterKey}. */
  get parameters(): ReadonlyMap<string, Parameter> {
    return this.#parameters
  }

  get queueCount(): number {
    return this.#queues.size
  }

  get exchangeCount(): number {
    return this.#exchanges.size
  }

  get bindingCount(): number {
    return this.#bindingCount
  }

  exchangeById(id: string): ExchangeNode | undefined {
    return this.#exchanges.get(id)
  }

  exchangeByName(name: string): ExchangeNode | undefined {
    const id = this.#exchangeIds.get(name)
    return id === undefined ? undefined : this.#exchanges.get(id)
  }

  queueById(id: string): Queue | undefined {
    return this.#queues.get(id)?.queue
  }

  queueByName(name: string): Queue | undefined {
    return this.queueNodeByName(name)?.queue
  }

  /** The queue that an SQS queue stands behind. */
  queueBySqsName(sqsQueueName: string): Queue | undefined {
    const id = this.#queueIdsBySqsName.get(sqsQueueName)
    return id === undefined ? undefined : this.queueById(id)
  }

  queueNodeByName(name: string): QueueNode | undefined {
    const id = this.#queueIds.get(name)
    return id === undefined ? undefined : this.#queues.get(id)
  }

  exchanges(): Iterable<ExchangeNode> {
    return this.#exchanges.values()
  }

  queues(): Iterable<QueueNode> {
    return this.#queues.values()
  }

  *exclusiveQueues(): Iterable<QueueNode> {
    for (const id of this.#exclusive) {
      const node = this.#queues.get(id)
      if (node) yield node
    }
  }

  /** Those that were deleted lately, the first one first; names that are used again are other queues. */
  deletedQueues(): readonly DeletedQueue[] {
    return this.#deletedQueues.all()
  }

  deletedQueueById(id: string): Queue | undefined {
    return this.#deletedQueues.byId(id)?.queue
  }

  deletedQueueBySqsName(sqsQueueName: string): Queue | undefined {
    return this.#deletedQueues.bySqsName(sqsQueueName)?.queue
  }

  /** What is in force for a queue of this vhost, by its arguments and by policies; of a deleted one, what dead-lettering needs. */
  settingsOf(queue: Queue): QueueSettings {
    const known = this.#settings.get(queue.id)
    if (known) return known
    const deleted = this.#deletedQueues.byId(queue.id)
    if (deleted) return { deduplicates: false, ...deleted.settings }
    const settings = queueSettings(queue, this.policiesOf(queue))
    if (this.#queues.has(queue.id)) this.#settings.set(queue.id, settings)
    return settings
  }

  policiesOf(queue: Pick<Queue, 'name' | 'type'>): PoliciesInForce {
    return this.#policyMatchers().ofQueue(queue)
  }

  policiesOfExchange(exchange: Pick<Exchange, 'name'>): PoliciesInForce {
    return this.#policyMatchers().ofExchange(exchange)
  }

  /** Every binding that somebody made; the default exchange's are implied by the queues. */
  *bindings(): Iterable<Binding> {
    for (const { outgoing } of this.#exchanges.values()) yield* outgoing.values()
  }

  hasBinding(binding: Binding): boolean {
    return this.#exchanges.get(binding.sourceId)?.outgoing.has(bindingKey(binding)) ?? false
  }

  /** The node that a destination names, which has incoming bindings whichever its type. */
  destinationNode({ type, id }: Binding['destination']): { readonly incoming: Bindings } | undefined {
    return type === 'queue' ? this.#queues.get(id) : this.#exchanges.get(id)
  }

  addExchange(exchange: Exchange): void {
    this.#exchanges.set(exchange.id, {
      exchange,
      bindings: indexFor(exchange),
      alternate: () => this.#alternateOf(exchange),
      outgoing: new Map(),
      incoming: new Map(),
    })
    this.#exchangeIds.set(exchange.name, exchange.id)
  }

  removeExchange(id: string): void {
    const node = this.#exchanges.get(id)
    if (!node) return
    for (const binding of [...node.outgoing.values(), ...node.incoming.values()]) this.removeBinding(binding)
    this.#exchanges.delete(id)
    this.#exchangeIds.delete(node.exchange.name)
  }

  setPolicy(policy: Policy): void {
    this.#policies.set(policy.name, policy)
    this.#forgetSettings()
  }

  removePolicy(name: string): void {
    this.#policies.delete(name)
    this.#forgetSettings()
  }

  setParameter(parameter: Parameter): void {
    this.#parameters.set(parameterKey(parameter.component, parameter.name), parameter)
    this.#forgetSettings()
  }

  removeParameter(component: string, name: string): void {
    this.#parameters.delete(parameterKey(component, name))
    this.#forgetSettings()
  }

  addQueue(queue: Queue): void {
    this.#queues.set(queue.id, { queue, incoming: new Map() })
    this.#queueIds.set(queue.name, queue.id)
    if (queue.exclusive) this.#exclusive.add(queue.id)
    else for (const { name } of queue.sqsQueues) this.#queueIdsBySqsName.set(name, queue.id)
  }

  openDeadLetters(id: string, deadLetters: SqsQueue): void {
    const node = this.#queues.get(id)
    if (node) this.#queues.set(id, { ...node, queue: { ...node.queue, deadLetters } })
  }

  /** `deletedMs`: milliseconds since 1970; without it nothing is kept of the queue. */
  removeQueue(id: string, deletedMs?: number): void {
    const node = this.#queues.get(id)
    if (!node) return
    // What connections have for themselves comes and goes by thousands, and its messages with it.
    if (deletedMs !== undefined && node.queue.exclusive === undefined) {
      this.keepDeleted({ queue: node.queue, settings: lastSettings(this.settingsOf(node.queue)), deletedMs })
    }
    for (const binding of [...node.incoming.values()]) this.removeBinding(binding)
    this.#queues.delete(id)
    this.#exclusive.delete(id)
    this.#settings.delete(id)
    this.#queueIds.delete(node.queue.name)
    for (const { name } of node.queue.sqsQueues) this.#queueIdsBySqsName.delete(name)
  }

  keepDeleted(deleted: DeletedQueue): void {
    this.#deletedQueues.add(deleted)
  }

  addBinding(binding: Binding): void {
    const source = this.#exchanges.get(binding.sourceId)
    const destination = this.destinationNode(binding.destination)
    const key = bindingKey(binding)
    if (!source || !destination || source.outgoing.has(key)) return
    source.outgoing.set(key, binding)
    destination.incoming.set(key, binding)
    source.bindings.add(binding)
    this.#bindingCount += 1
  }

  removeBinding(binding: Binding): void {
    const key = bindingKey(binding)
    const source = this.#exchanges.get(binding.sourceId)
    const stored = source?.outgoing.get(key)
    if (!source || !stored) return
    source.outgoing.delete(key)
    this.destinationNode(binding.destination)?.incoming.delete(key)
    source.bindings.remove(stored)
    this.#bindingCount -= 1
  }

  #policyMatchers(): PolicyMatchers {
    this.#matchers ??= new PolicyMatchers(
      this.#policies.values(),
      Array.from(this.#parameters.values(), operatorPolicyOf).filter((policy) => policy !== undefined),
    )
    return this.#matchers
  }

  #forgetSettings(): void {
    this.#matchers = undefined
    this.#settings.clear()
  }

  /** The argument wins over a policy (contract §3.1). */
  #alternateOf(exchange: Exchange): string | undefined {
    const own = alternateExchangeOf(exchange)
    if (own !== undefined || this.#policies.size === 0) return own
    const fromPolicy = this.policiesOfExchange(exchange).definition['alternate-exchange']
    return typeof fromPolicy === 'string' ? fromPolicy : undefined
  }
}

export const parameterKey = (component: string, name: string): string => JSON.stringify([component, name])

/** A type is checked when an exchange is declared, and a format that knows more types is refused before it gets here. */
function indexFor(exchange: Exchange): BindingIndex {
  const type = exchangeType(exchange.type)
  if (!type) throw new Error(`exchange '${exchange.name}' has the unknown type '${exchange.type}'`)
  return type.createIndex(exchange.arguments)
}
